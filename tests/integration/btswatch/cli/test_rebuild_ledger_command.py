import json
from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from btswatch.cli.app import run
from btswatch.ledger import ledger_of
from btswatch.parts.part import system_now_ms
from btswatch.settings import Settings
from schemas.time import LocalCalendar, format_ms
from stores.archive import Archive
from stores.data_directory import DataDirectory, Mode
from stores.ledger.tables import closed_days, day_figures, transitions

DAY = date(2026, 10, 5)
CALENDAR = LocalCalendar()
START = CALENDAR.start_of(DAY)
HOUR = 3_600_000


def line(at_ms, status, **data):
    event = {
        "specversion": "1.0",
        "id": f"p{at_ms}",
        "source": "poller-1/a",
        "type": "btswatch.status.v1",
        "subject": "S1",
        "time": format_ms(at_ms),
        "data": {"status": status, **data},
        "receivedtime": format_ms(at_ms + 500),
        "track": "measured",
        "reporter": "poller-1",
    }
    return json.dumps(event, separators=(",", ":")).encode()


@pytest.fixture
def installation(tmp_path, capsys):
    registry = tmp_path / "registry"
    registry.mkdir()
    (registry / "enterprises.csv").write_text("id,name\nvnx,VNX\n")
    (registry / "units.csv").write_text("code,name,kind\n20,Lạng Sơn,province\n")
    (registry / "stations.csv").write_text("id,enterprise,measured_valid_for_s\nS1,vnx,600\n")
    (tmp_path / "btswatch.toml").write_text('data = "data"\nregistry = "registry"\n')
    settings = Settings.load(tmp_path / "btswatch.toml", {})
    directory = DataDirectory(settings.data)
    directory.create(Mode.PRODUCTION)
    moments = range(START, START + 48 * HOUR, 300_000)
    down = range(START + 10 * HOUR, START + 11 * HOUR)
    with Archive(settings.data / "archive") as archive:
        for offset, at in enumerate(moments, 1):
            said = line(at, "down", cause="power") if at in down else line(at, "up")
            archive.append([(offset, at, "btswatch.status.v1", said)])
        archive.flush()
    with directory.journal() as journal:
        assert journal.last_offset() == 0
    return tmp_path / "btswatch.toml", ledger_of(settings, directory)


def rebuild(path, first="2026-10-05", until="2026-10-07", target="ledger"):
    return run(["rebuild", target, "--from", first, "--to", until, "--settings", str(path)])


def rows(ledger, *columns):
    ledger.open()
    with ledger.reading() as connection:
        found = [tuple(row) for row in connection.execute(select(*columns).order_by(*columns))]
    ledger.close()
    return found


def test_days_come_from_the_archive_with_a_line_for_each(installation, capsys):
    path, ledger = installation
    assert rebuild(path) == 0
    said = capsys.readouterr().err.splitlines()
    assert [one.split()[:3] for one in said] == [
        ["2026-10-05", "1/2", "official:"],
        ["2026-10-06", "2/2", "official:"],
    ]
    assert rows(ledger, day_figures.c.day, day_figures.c.down_s, day_figures.c.state)[0] == (
        DAY,
        3600,
        "final",
    )
    assert (START + 10 * HOUR, "power") in rows(ledger, transitions.c.at_ms, transitions.c.cause)
    assert len(rows(ledger, closed_days.c.day)) == 2
    assert rebuild(path, "2026-10-05T00:00:00+07:00", "2026-10-07T00:00:00+07:00") == 0
    assert "0 rows written, 1 kept" in capsys.readouterr().err


def test_a_quarter_that_is_made_again_in_part_is_no_quarter_that_began_later(installation, capsys):
    path, _ = installation
    assert rebuild(path, "2026-10-06") == 0
    capsys.readouterr()
    assert run(["period", "show", "2026-Q4", "--json", "--settings", str(path)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["first_official"], told["not_closed"][0], told["days"]) == (str(DAY), str(DAY), 88)
    assert "2026-10-06" not in told["not_closed"]


@pytest.mark.parametrize("again", [False, True], ids=["ledger lost", "days closed"])
def test_days_before_the_archive_begins_do_not_become_official(installation, capsys, again):
    path, ledger = installation
    if again:
        assert rebuild(path) == 0
    known = rows(ledger, closed_days.c.day)
    capsys.readouterr()
    for first, until in (("2020-01-01", "2020-01-02"), ("2026-10-04", "2026-10-07")):
        assert rebuild(path, first, until) == 1
        (said,) = capsys.readouterr().err.splitlines()
        assert said.startswith(f"btswatch: {first}: the archive and what is official begin with 2026-10-05")
    assert rows(ledger, closed_days.c.day) == known


def test_an_archive_without_anything_makes_nothing_official(installation, capsys):
    path, ledger = installation
    (path.parent / "data" / "archive").rename(path.parent / "elsewhere")
    assert rebuild(path) == 1
    (said,) = capsys.readouterr().err.splitlines()
    assert "is `data` the right directory?" in said
    assert rows(ledger, closed_days.c.day) == []


def test_the_chain_begins_anew_where_it_was_lost_and_says_so(installation, capsys):
    path, _ = installation
    assert rebuild(path) == 0
    assert run(["ledger", "verify", "--settings", str(path)]) == 0
    capsys.readouterr()
    assert run(["ledger", "show", "--json", "--settings", str(path)]) == 0
    entries = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["kind"] for one in entries] == [
        "registry_changed",
        "rules_changed",
        "day_closed",
        "day_closed",
    ]
    assert {(one["actor"], one["content"]["rebuilt"]) for one in entries[2:]} == {("rebuild", True)}
    assert rebuild(path) == 0
    assert run(["ledger", "verify", "--anchor", entries[-1]["digest"], "--settings", str(path)]) == 0


def test_an_official_row_that_would_be_another_ends_it_with_1(installation, capsys):
    path, ledger = installation
    assert rebuild(path) == 0
    ledger.open()
    with ledger.writing() as connection:
        connection.execute(update(day_figures).where(day_figures.c.day == DAY).values(down_s=0))
    ledger.close()
    capsys.readouterr()
    assert rebuild(path) == 1
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("btswatch: 2026-10-05: the archive gives other official figures")
    assert "S1" in said
    assert rows(ledger, day_figures.c.day, day_figures.c.down_s)[0] == (DAY, 0)


def test_the_day_that_runs_is_made_again_as_it_stands_and_no_day_after_it(installation, capsys):
    path, ledger = installation
    today = CALENDAR.day_of(system_now_ms())
    after = today + timedelta(days=1)
    assert rebuild(path, str(today), str(after)) == 0
    assert capsys.readouterr().err.startswith(f"{today}  1/1  open: 1 rows written")
    known = rows(ledger, day_figures.c.day, day_figures.c.state)
    assert known == [(today, "provisional")]
    assert rebuild(path, str(today), str(after + timedelta(days=1))) == 2
    assert capsys.readouterr().err == (
        f"btswatch: --to {after + timedelta(days=1)}: days from {after} on have not begun: --to is at most {after}\n"
    )
    assert rows(ledger, day_figures.c.day, day_figures.c.state) == known


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"target": "journal"}, "there are influx, ledger"),
        ({"first": "2026-10-09"}, "is not before"),
        ({"first": "yesterday"}, "--from yesterday"),
        ({"until": "2026-10-06T12:00:00+07:00"}, "no local day starts there"),
        ({"first": "2999-01-01", "until": "2999-01-05"}, "have not begun: --to is at most "),
        ({"until": "2999-01-05"}, "have not begun: --to is at most "),
        ({"until": "2999-01-05", "target": "influx"}, "have not begun: --to is at most "),
    ],
)
def test_what_is_asked_wrongly_is_told_in_a_line(installation, capsys, arguments, named):
    path, _ = installation
    assert rebuild(path, **arguments) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert named in said


def test_what_came_late_of_before_the_first_official_day_is_no_other_basis(installation, capsys):
    """A device with a reset clock: its word of 2026-09-01 came a month later."""
    path, ledger = installation
    assert rebuild(path) == 0
    with Archive(path.parent / "data" / "archive") as archive:
        at = START - 34 * 24 * HOUR
        said = line(at, "down").replace(format_ms(at + 500).encode(), format_ms(START + 200 * HOUR).encode())
        archive.append([(10_000, at, "btswatch.status.v1", said)])
        archive.flush()
    before = rows(ledger, transitions.c.at_ms, transitions.c.before, transitions.c.after)
    capsys.readouterr()
    assert rebuild(path) == 0
    assert "0 rows written, 1 kept" in capsys.readouterr().err
    assert rows(ledger, transitions.c.at_ms, transitions.c.before, transitions.c.after) == before
