import json
from datetime import timedelta

import pytest

from btswatch.cli.app import run
from btswatch.parts.part import system_now_ms
from schemas.audit import AuditKind, NewAuditEntry
from schemas.time import LocalCalendar
from stores.data_directory import DataDirectory, Mode
from stores.ledger import Ledger, audit, official_day
from stores.ledger.closings import ClosedDay, save_closed

CALENDAR = LocalCalendar()


@pytest.fixture
def days():
    """Two days beyond two years, and one within."""
    today = CALENDAR.day_of(system_now_ms())
    return [today - timedelta(days=n) for n in (740, 739, 5)]


@pytest.fixture
def call(tmp_path, capsys, days):
    assert run(["registry", "template", str(tmp_path / "registry")]) == 0
    (tmp_path / "registry" / "enterprises.csv").write_text("id,name\nalpha,Alpha\n")
    (tmp_path / "registry" / "stations.csv").write_text("id,enterprise,name\nA-1,alpha,A-1\nA-2,alpha,A-2\n")
    (tmp_path / "btswatch.toml").write_text("[archive]\nkeep_days = 731\n")
    directory = DataDirectory(tmp_path / "data")
    directory.create(Mode.PRODUCTION)
    with directory.archive(CALENDAR) as archive:
        for offset, day in enumerate(days, 1):
            archive.append([(offset, CALENDAR.start_of(day), "btswatch.status.v1", b"{}" * 500)])
        archive.flush()
    ledger = Ledger(directory.ledger_path)
    ledger.open()
    with ledger.writing() as connection:
        for day in days:
            save_closed(connection, ClosedDay(day, 1, True, 1, 0, 0, "r", "i", {}))
            seal = official_day.seal(connection, day)
            audit.append(
                connection, [NewAuditEntry(1, AuditKind.DAY_CLOSED, day.isoformat(), "closing", seal)]
            )
    ledger.close()

    def command(*arguments, group="archive"):
        capsys.readouterr()
        code = run([group, *arguments, "--settings", str(tmp_path / "btswatch.toml")])
        streams = capsys.readouterr()
        return code, streams.out, streams.err

    return command


def test_sizes_are_told_by_day_and_by_an_elements_year(call):
    code, out, _ = call("size", "--json")
    told = json.loads(out)
    assert (code, told["days"], told["elements"]) == (0, 2, 2)
    assert told["bytes"] == told["families"]["evidence"] > 0
    assert told["bytes_per_element_year"] == round(told["bytes"] / 4 * 365)
    assert "an element's year" in call("size")[1]


def test_pruning_is_tried_held_up_released_and_done(call, days):
    code, out, _ = call("prune", "--json")
    told = json.loads(out)
    assert (code, told["days"], told["pruned"]) == (0, [str(day) for day in days[:2]], False)
    assert told["kept_by"] == f"{days[2]}: kept for 731 days"
    assert call("hold", "--by", "An", "--reason", "case 12")[1].startswith("hold 4: ")
    assert call("holds")[1].splitlines()[0].endswith("An: case 12")
    prune = ("prune", "--by", "Binh", "--reason", "time is over")
    code, out, _ = call(*prune)
    assert (code, "hold 4 by An: case 12" in out) == (1, True)
    assert call("release", "3", "--by", "An", "--reason", "decided")[0] == 1
    assert call("release", "4", "--by", "An", "--reason", "decided")[0] == 0
    assert call("holds", "--json")[1] == ""
    assert call("prune", "--by", "Binh")[0] == 2, "no reason"
    code, out, _ = call(*prune)
    assert (code, "2 days" in out, "gone" in out) == (0, True, True)
    assert call(*prune)[0] == 1
    code, _, err = call(f"A-1@{days[0]}", group="explain")
    assert (code, "was pruned by Binh" in err) == (1, True)
    code, _, err = call("restate", "A-1", str(days[1]), "--by", "a", "--reason", "b", group="period")
    assert (code, "was pruned by Binh" in err) == (1, True)
    code, _, err = call("ledger", "--from", str(days[0]), "--to", str(days[2]), group="rebuild")
    assert (code, "was pruned by Binh" in err) == (1, True)
    kinds = [
        json.loads(line)["kind"]
        for line in call("show", "--json", "--after", "3", group="ledger")[1].splitlines()
    ]
    assert [one for one in kinds if one.startswith("archive")] == [
        "archive_held",
        "archive_released",
        "archive_pruned",
    ]
    assert call("verify", group="ledger")[0] == 0


def test_evidence_is_never_kept_below_two_years(call, tmp_path):
    (tmp_path / "btswatch.toml").write_text("[archive]\nkeep_days = 730\n")
    code, _, err = call("prune")
    assert (code, "keep_days" in err) == (2, True)
