"""Heartbeats, notices and reports on request on the command line, from what an enterprise sent to one installation."""

import json
from datetime import timedelta

import pytest

from btswatch.cli.app import run
from processors.closing import Closer
from processors.core.conventions import Conventions
from schemas.settings.engine import ClosingSettings
from schemas.status import Track
from schemas.time import LocalCalendar, format_ms, parse_rfc3339, to_ms
from stores.archive import ArchiveReader
from stores.data_directory import DataDirectory, Mode
from stores.entries import entry_of
from stores.ledger import Ledger
from stores.registry.load import load

CALENDAR = LocalCalendar()
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def event(number, at, kind="heartbeat", subject="alpha", **data):
    source = "poller" if kind == "status" else "alpha"
    return {
        "specversion": "1.0",
        "id": str(number),
        "source": f"{source}/x",
        "type": f"btswatch.{kind}.v1",
        "subject": subject,
        "time": format_ms(at),
        "data": data,
    }


def plan(number, start, name, element, begins, hours=2, action="announce"):
    window = {"from": format_ms(begins), "to": format_ms(begins + hours * HOUR)}
    return event(number, start, "maintenance", action=action, notice=name, elements=[element], **window)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Two closed days, the first one ten days ago: a feed that was silent for an hour, works with and without notices."""
    from btswatch.parts.part import system_now_ms

    path = tmp_path_factory.mktemp("installation")
    day = CALENDAR.day_of(system_now_ms()) - timedelta(days=10)
    start = CALENDAR.start_of(day)
    assert run(["registry", "template", str(path / "registry")]) == 0
    (path / "registry" / "enterprises.csv").write_text(
        "id,name,feed,heartbeat_s\nalpha,Alpha,transition,600\nbeta,Beta,periodic,600\n"
    )
    (path / "registry" / "stations.csv").write_text(
        "id,enterprise,name,measured_valid_for_s,declared_valid_for_s\nA-1,alpha,A-1,90000,3600\nA-2,alpha,A-2,90000,3600\n"
    )
    (path / "btswatch.toml").write_text("")
    directory = DataDirectory(path / "data")
    directory.create(Mode.PRODUCTION)
    said = [event(f"b{m}", start + m * MINUTE) for m in range(0, 1440, 10) if not 600 <= m < 690]
    said += [event(f"c{m}", start + DAY + m * MINUTE) for m in range(0, 720, 10)]
    said += [
        plan("n1", start - 25 * HOUR, "in-time", "A-1", start + 2 * HOUR),
        plan("n2", start - HOUR, "late", "A-1", start + 5 * HOUR),
        plan("n3", start - 30 * HOUR, "taken-back", "A-1", start + 8 * HOUR),
        plan("n4", start - 2 * HOUR, "taken-back", "A-1", start + 8 * HOUR, action="withdraw"),
        event("s0", start, "status", "A-1", status="up"),
        event("s1", start + 3 * HOUR, "status", "A-1", status="down", cause="manual"),
        event("s2", start + 4 * HOUR, "status", "A-1", status="up"),
        event("s3", start + 6 * HOUR, "status", "A-1", status="down", cause="manual"),
        event("s4", start + 7 * HOUR, "status", "A-1", status="up"),
        event("s5", start, "status", "A-2", status="up"),
        event("s6", start + 9 * HOUR, "status", "A-2", status="down", cause="manual"),
        event("s7", start + 10 * HOUR, "status", "A-2", status="up"),
    ]
    with directory.archive(CALENDAR) as archive:
        for offset, one in enumerate(said, 1):
            at = _ms(one["time"])
            track = Track.MEASURED if one["type"] == "btswatch.status.v1" else Track.DECLARED
            reporter = one["source"].partition("/")[0]
            body = entry_of(one, received_ms=at, track=track, reporter=reporter).body
            archive.append([(offset, at, one["type"], body)])
        archive.flush()
    ledger = Ledger(directory.ledger_path)
    ledger.open()
    closer = Closer(
        ledger,
        ArchiveReader(directory.path / "archive"),
        load(path / "registry"),
        Conventions(),
        ClosingSettings(),
        complete=lambda _: True,
        now_ms=lambda: start + 5 * DAY + DAY // 2,
    )
    assert closer.close_due()[-2:] == [day, day + timedelta(days=1)]
    ledger.close()
    return path, day


def _ms(text):
    return to_ms(parse_rfc3339(text))


@pytest.fixture
def call(made, capsys):
    def command(*arguments):
        capsys.readouterr()
        code = run(["duties", *arguments, "--settings", str(made[0] / "btswatch.toml")])
        streams = capsys.readouterr()
        return code, streams.out, streams.err

    return command


def rows(out):
    return [json.loads(line) for line in out.splitlines()]


def test_heartbeats_are_received_late_or_overdue_by_day(made, call):
    _, day = made
    code, out, _ = call("heartbeats", str(day), "--json")
    (late,) = rows(out)
    assert (code, late["state"], late["gaps"]) == (1, "late", 1)
    # From half an hour after 09:50 until 11:30.
    assert late["silent_s"] == late["longest_s"] == 70 * 60
    code, out, _ = call("heartbeats", str(day + timedelta(days=1)))
    assert code == 1
    assert "overdue   1 gaps, 42000 s without a sign of life" in out
    assert "1 overdue; silent 42000 s of 86400 s (48.6111%)" in out
    today = str(day + timedelta(days=10))
    code, out, _ = call("heartbeats", today, "--all")
    assert (code, f"alpha          {today}  pending" in out) == (0, True)
    assert call("heartbeats", str(day), "--enterprise", "beta")[0] == 0


def test_notices_are_in_time_late_taken_back_or_missing(made, call):
    _, day = made
    code, out, _ = call("notices", str(day), "--json")
    found = {one["notice"]: one for one in rows(out)}
    assert code == 1
    assert {name: one["state"] for name, one in found.items()} == {
        "in-time": "received",
        "late": "late",
        "taken-back": "corrected",
        None: "overdue",
    }
    assert (found["in-time"]["lead_s"], found["in-time"]["excuses"]) == (27 * 3600, True)
    assert (found["late"]["lead_s"], found["late"]["late_s"], found["late"]["excuses"]) == (
        6 * 3600,
        18 * 3600 - 1,
        False,
    )
    assert found[None]["elements"] == ["A-2"]
    assert found[None]["from"].endswith("T09:00:00+07:00")
    code, out, _ = call("notices", str(day))
    assert "work on A-2 that nobody announced (O-NOTICE)" in out
    assert "late for A-1 to" in out
    assert call("notices", str(day + timedelta(days=1)))[0] == 0


def test_a_request_is_made_by_a_person_and_stands_until_it_is_answered_or_withdrawn(made, call, capsys):
    path, _ = made
    code, _, err = call("request", "alpha", "--about", "an outage", "--by", "An")
    assert (code, "--working-days: say how many; the rule in force (R-ADHOC) gives no figure" in err) == (
        2,
        True,
    )
    code, _, err = call("request", "gamma", "--about", "x", "--by", "An", "--working-days", "2")
    assert (code, err) == (
        2,
        f"btswatch: gamma: not in the registry {path / 'registry'}; known: alpha, beta\n",
    )
    assert call("request", "alpha", "--about", " ", "--by", "An", "--working-days", "2")[0] == 2
    code, out, _ = call("request", "alpha", "--about", "sự cố", "--by", "Nguyễn Văn A", "--working-days", "2")
    assert (code, "request 1 to alpha, by" in out, "duty request-1" in out) == (0, True, True)
    call("request", "alpha", "--about", "another", "--by", "An", "--working-days", "1")
    code, out, _ = call("requests", "--json")
    assert (code, [(one["number"], one["state"]) for one in rows(out)]) == (
        0,
        [(1, "pending"), (2, "pending")],
    )
    later = str(CALENDAR.day_of(int(_now())) + timedelta(days=30))
    code, out, _ = call("requests", "--on", later)
    assert (code, out.count("overdue")) == (1, 2)
    answer(path, "request-1")
    code, out, _ = call("requests", "--json")
    assert [one["state"] for one in rows(out)] == ["received", "pending"]
    assert rows(out)[0]["values"][0]["against"] == "nothing_here"
    assert call("withdraw", "2", "--why", "by letter", "--by", "An")[0] == 0
    code, _, err = call("withdraw", "2", "--why", "again", "--by", "An")
    assert (code, "withdrawn by An" in err) == (1, True)
    assert call("withdraw", "9", "--why", "x", "--by", "An")[0] == 1
    code, out, _ = call("requests", "--on", later)
    assert (code, "withdrawn by An: by letter" in out) == (0, True)
    capsys.readouterr()
    assert run(["ledger", "verify", "--settings", str(path / "btswatch.toml")]) == 0


def _now():
    from btswatch.parts.part import system_now_ms

    return system_now_ms()


def answer(path, duty):
    """The enterprise's report."""
    now = _now()
    one = event("r1", now, "report", duty=duty, period="incident-7", values={"stations": 3.0})
    body = entry_of(one, received_ms=now, track=Track.DECLARED, reporter="alpha").body
    with DataDirectory(path / "data").archive(CALENDAR) as archive:
        archive.append([(1_000_000, now, one["type"], body)])
        archive.flush()
