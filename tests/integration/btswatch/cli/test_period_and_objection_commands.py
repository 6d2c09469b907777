import json
from contextlib import closing
from datetime import date, timedelta
from functools import partial

import pytest
import sqlalchemy as sa
import yaml

from btswatch.cli.app import run
from btswatch.parts.part import system_now_ms
from processors.closing import Closer
from processors.core.conventions import Conventions
from processors.core.periods import CalendarPeriod
from processors.restating import Restating
from processors.rules import load_rules
from schemas.figures import Figure
from schemas.settings.engine import ClosingSettings
from schemas.status import Track
from schemas.time import LocalCalendar, format_ms
from stores.archive import ArchiveReader
from stores.data_directory import DataDirectory, Mode
from stores.entries import entry_of
from stores.ledger import Ledger
from stores.ledger.feeds import LateEvidence, save_late
from stores.ledger.figures import PROVISIONAL, DayFigure, save_provisional
from stores.ledger.tables import snapshots
from stores.registry.load import load
from tests.one_rule import RULE

CALENDAR = LocalCalendar()
MINUTE, DAY = 60_000, 86_400_000


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return installation(tmp_path_factory.mktemp("installation"))


@pytest.fixture(scope="module")
def signed(tmp_path_factory):
    """Another such installation, whose day An signed; and how to ask it."""
    path, day, _ = installation(tmp_path_factory.mktemp("signed"))
    assert run(["period", "close", day, "--by", "An", "--settings", str(path / "btswatch.toml")]) == 0
    return path, day


def status(number, at, said):
    return {
        "specversion": "1.0",
        "id": str(number),
        "source": "poller/a",
        "type": "btswatch.status.v1",
        "subject": "A-1",
        "time": format_ms(at),
        "data": {"status": said},
    }


def installation(path, down_until=60):
    """A closed day, ten days ago, of one station that was down for its first hour; half of what it said came too late."""
    day = CALENDAR.day_of(system_now_ms()) - timedelta(days=10)
    start = CALENDAR.start_of(day)
    assert run(["registry", "template", str(path / "registry")]) == 0
    (path / "registry" / "enterprises.csv").write_text("id,name\nalpha,Alpha\n")
    (path / "registry" / "stations.csv").write_text(
        "id,enterprise,name,measured_valid_for_s\nA-1,alpha,A-1,900\n"
    )
    (path / "rules").mkdir()
    (path / "rules" / "a.yaml").write_text(yaml.safe_dump({"about": "a test", "rules": [RULE]}))
    (path / "btswatch.toml").write_text('rules = "rules"\n')
    directory = DataDirectory(path / "data")
    directory.create(Mode.PRODUCTION)
    lines, late = [], []
    for number, minute in enumerate(range(0, 1440, 10), 1):
        at = start + minute * MINUTE
        too_late = 600 <= minute < 660
        event = status(number, at, "down" if minute < down_until or too_late else "up")
        received = at + (5 * DAY if too_late else 500)
        body = entry_of(event, received_ms=received, track=Track.MEASURED, reporter="poller").body
        lines.append((number, at, event["type"], body))
        if too_late:
            late.append(LateEvidence(number, day, "A-1", "poller", at, received, "down"))
    with directory.archive(CALENDAR) as archive:
        archive.append(lines)
        archive.flush()
    ledger = Ledger(directory.ledger_path)
    ledger.open()
    assert close(path, ledger, start + 4 * DAY) == [day]
    with ledger.writing() as connection:
        save_late(connection, late)
    ledger.close()
    return path, day.isoformat(), start


def close(path, ledger, noon_of_ms):
    """Close what is due at noon of that day."""
    return Closer(
        ledger,
        ArchiveReader(path / "data" / "archive"),
        load(path / "registry"),
        Conventions(),
        ClosingSettings(),
        complete=lambda _: True,
        now_ms=lambda: noon_of_ms + DAY // 2,
    ).close_due()


@pytest.fixture
def call(made, capsys):
    return partial(called, capsys, made[0])


@pytest.fixture
def ask(signed, capsys):
    return partial(called, capsys, signed[0])


def called(capsys, path, *arguments):
    capsys.readouterr()
    code = run([*arguments, "--settings", str(path / "btswatch.toml")])
    streams = capsys.readouterr()
    return code, streams.out, streams.err


def test_a_quarters_way_from_provisional_to_restated_and_back(made, call):
    """In the order in which people do it, on one installation."""
    _, day, start = made
    assert json.loads(call("period", "show", day, "--json")[1])["state"] == "provisional"
    code, out, _ = call("period", "close", day, "--by", "Nguyễn Văn A")
    assert (code, f"{day} signed by Nguyễn Văn A: 1 verdicts, revision 1" in out) == (0, True)
    code, _, err = call("period", "close", day, "--by", "B")
    assert (code, "nothing was restated or adjusted since" in err) == (1, True)

    code, out, _ = call("period", "late", day, "--json")
    (late,) = map(json.loads, out.splitlines())
    assert (code, late["events"], late["differs"]) == (0, 6, True)
    assert late["proposed"]["down"] > late["official"]["down"]

    restate = ("period", "restate", "A-1", day, "--by", "B", "--reason", "log handed in late")
    assert "dry run" in call(*restate, "--dry-run")[1]
    assert call("period", "show", day)[1].count("restated since") == 0
    code, out, _ = call("period", "show", day)
    assert (
        f"6 events came after their day's close, 6 of them are in no restatement: btswatch period late {day}"
        in out
    )
    code, out, _ = call(*restate)
    assert (code, f"A-1 {day}: up" in out) == (0, True)
    assert "measured down and declared unknown 3600 -> 7200 s" in out
    assert call(*restate)[0] == 1, "nothing would change"
    code, out, err = call("period", "late", day, "--json")
    assert (code, out) == (0, ""), "what a restatement counted waits no more"
    said = "0 element-days with late evidence that waits; 1 restated with all that came"
    assert said in err
    assert call("period", "late", day)[1].splitlines()[0] == said
    told = json.loads(call("period", "show", day, "--json")[1])
    assert (told["late_events"], told["late_waiting"]) == (6, 0)
    assert (
        "6 events came after their day's close, 0 of them are in no restatement:"
        in call("period", "show", day)[1]
    )
    code, out, err = call("explain", f"A-1@{day}")
    assert (code, err, "(reproduced from the archive)" in out) == (0, "", True)
    assert "restated by B on " in out
    assert ": log handed in late" in out
    assert "CAME AFTER THE CLOSE" not in out, "it counts since the restatement"
    assert json.loads(call("period", "show", day, "--json")[1])["state"] == "restated"
    assert "revision 2" in call("period", "close", day, "--by", "B")[1]

    at = [format_ms(start), format_ms(start + 60 * MINUTE)]
    raised = (
        "objection",
        "raise",
        "A-1",
        "--from",
        at[0],
        "--to",
        at[1],
        "--evidence",
        "letter",
        "--by",
        "C",
    )
    assert call(*raised, "--enterprise", "beta", "--claim", "up")[0] == 1
    assert call(*raised, "--enterprise", "alpha", "--claim", "better")[0] == 2
    assert call(*raised, "--enterprise", "alpha", "--claim", "planned")[1].startswith(
        "objection 1 taken in\n"
    )
    ruling = ("objection", "rule", "1", "--by", "D", "--ruling", "announced by letter")
    code, out, _ = call(*ruling, "--uphold")
    assert (code, f"A-1 {day}: down -3600 s, planned +3600 s" in out) == (0, True)
    assert call(*ruling, "--reject")[0] == 1
    assert "upheld by D: announced by letter" in call("objection", "list", "--state", "upheld")[1]
    (verdict,) = map(json.loads, call("verdicts", "--period", day, "--json")[1].splitlines())
    assert (verdict["adjusted_days"], verdict["result"]) == (1, "fail")
    told = json.loads(call("explain", f"A-1@{day}", "--json")[1])["adjustments"]
    assert [(one["objection"], one["ruled_by"], one["planned_s"] > 0) for one in told] == [(1, "D", True)]
    assert "adjusted by objection 1: down -3600 s, planned +3600 s, as D" in call("explain", f"A-1@{day}")[1]
    assert json.loads(call("explain", f"alpha@{day[:7]}", "--json")[1].splitlines()[0])["objections"] == [1]
    assert "(before an objection's adjustment)" in call("explain", f"alpha@{day[:7]}")[1]
    total = json.loads(call("explain", f"alpha@{day[:7]}", "--json")[1].splitlines()[-1])
    assert (total["adjusted_days"], total["sum"]["seconds"]["planned"]) == (1, 3600)
    assert "1 element-days were adjusted" in call("reconcile", day)[1]
    assert json.loads(call("reconcile", day, "--json")[1])["adjusted_days"] == 1
    for line in call("reconcile", day, "--findings", "--json")[1].splitlines():
        assert json.loads(line)["objections"] == [1]
    assert "(down time after objections, 1 days)" in call("worst", day)[1]
    assert "NOT as (restated, adjusted" in call("verdicts", "--period", day)[1]
    assert json.loads(call("period", "show", day, "--json")[1])["adjusted_since"] == [1]
    assert "revision 3" in call("period", "close", day, "--by", "B")[1]
    assert "\nas signed by B in entry" in call("verdicts", "--period", day)[1]

    again = (*raised, "--enterprise", "alpha", "--claim", "unknown")
    assert call(*again)[1].startswith("objection 2 taken in\n")
    out = call("objection", "rule", "2", "--by", "D", "--ruling", "so", "--uphold")[1]
    assert "objection 2 upheld\nnothing of the interval moves" in out

    code, out, _ = call("ledger", "verify")
    assert (code, "as they were written" in out) == (0, True)
    kinds = [json.loads(line)["kind"] for line in call("ledger", "show", "--json")[1].splitlines()]
    assert kinds == [
        "day_closed",
        "registry_changed",
        "rules_changed",
        "signed_off",
        "restated",
        "signed_off",
        "objection",
        "ruling",
        "signed_off",
        "objection",
        "ruling",
    ]


def come_late(path, day, number, at, received):
    """A station's word that reached the archive only now, and the list of what came late."""
    event = status(number, at, "down")
    body = entry_of(event, received_ms=received, track=Track.MEASURED, reporter="poller").body
    directory = DataDirectory(path / "data")
    with directory.archive(CALENDAR) as archive:
        archive.append([(number, at, event["type"], body)])
        archive.flush()
    with closing(Ledger(directory.ledger_path)) as ledger:
        ledger.open()
        with ledger.writing() as connection:
            one = LateEvidence(number, date.fromisoformat(day), "A-1", "poller", at, received, "down")
            save_late(connection, [one])


def test_what_comes_after_a_restatement_waits_again(tmp_path, capsys):
    path, day, start = installation(tmp_path)
    ask = partial(called, capsys, path)
    restate = ("period", "restate", "A-1", day, "--by", "B", "--reason", "log")
    assert ask(*restate)[0] == 0
    assert ask("period", "late", day, "--json")[1] == ""
    at = start + 705 * MINUTE
    come_late(path, day, 500, at, system_now_ms())
    (late,) = map(json.loads, ask("period", "late", day, "--json")[1].splitlines())
    assert (late["differs"], late["events"]) == (True, 1)
    assert ask(*restate)[0] == 0
    assert ask("period", "late", day, "--json")[1] == ""


def test_what_would_change_nothing_does_not_wait(tmp_path, capsys):
    """It was down for its first hour: so says the late word too. Nobody can restate the day with it."""
    path, day, start = installation(tmp_path)
    ask = partial(called, capsys, path)
    restate = ("period", "restate", "A-1", day, "--by", "B", "--reason", "log")
    assert ask(*restate)[0] == 0
    at = start + 5 * MINUTE
    come_late(path, day, 500, at, system_now_ms())
    said = "0 element-days with late evidence that waits; 1 that it would not change"
    assert ask("period", "late", day)[1].splitlines()[0] == said
    assert ask("period", "late", day, "--json")[1] == ""
    assert ask(*restate)[0] == 1
    assert (
        "7 events came after their day's close, 1 of them are in no restatement"
        in ask("period", "show", day)[1]
    )


def test_what_was_on_its_way_while_a_restatement_read_the_archive_waits(tmp_path, capsys):
    path, day, start = installation(tmp_path)
    with closing(Ledger(DataDirectory(path / "data").ledger_path)) as ledger:
        ledger.open()
        assert close(path, ledger, start + 5 * DAY) == [date.fromisoformat(day) + timedelta(days=1)]
    ask = partial(called, capsys, path)
    restate = ("period", "restate", "A-1", day, "--by", "B", "--reason", "log")
    # It runs on into the next day; the later word changes the next day alone.
    for number, minute, later_days in ((500, 1437, [False, True]), (501, 1439, [True])):
        at = start + minute * MINUTE
        come_late(path, day, number, at, at + 5 * DAY)
        late = [json.loads(line) for line in ask("period", "late", day, "--json")[1].splitlines()]
        assert [one["day"] > day for one in late if one["differs"]] == later_days
        assert ask(*restate)[0] == 0
        assert ask("period", "late", day, "--json")[1] == ""


def test_a_changed_rule_file_changes_no_closed_period(signed, ask):
    path, day = signed
    rules = path / "rules" / "a.yaml"
    as_it_was = rules.read_text()
    before = ask("verdicts", "--period", day, "--json")[1]
    try:
        rules.write_text(yaml.safe_dump({"about": "a test", "rules": [RULE | {"threshold": "10"}]}))
        assert ask("verdicts", "--period", day, "--json")[1] == before
        told = ask("verdicts", "--period", day)[1]
        assert "\nas signed by" in told
        assert "the rule files are others by now" in told
        (now,) = map(
            json.loads, ask("verdicts", "--period", day, "--json", "--current-rules")[1].splitlines()
        )
        assert (json.loads(before)["result"], now["result"]) == ("fail", "pass")
        assert now["rules"] != json.loads(before)["rules"]
    finally:
        rules.write_text(as_it_was)


@pytest.fixture
def forgetful(tmp_path, capsys):
    """A signed day whose rules the ledger keeps no more, with other rule files; how to ask it, and the lost digest."""
    path, day, _ = installation(tmp_path)
    assert run(["period", "close", day, "--by", "An", "--settings", str(path / "btswatch.toml")]) == 0
    lost = load_rules(path / "rules").digest
    ledger = Ledger(DataDirectory(path / "data").ledger_path)
    ledger.open()
    with ledger.writing() as connection:
        connection.execute(sa.delete(snapshots).where(snapshots.c.digest == lost))
    ledger.close()
    (path / "rules" / "a.yaml").write_text(
        yaml.safe_dump({"about": "a test", "rules": [RULE | {"threshold": "10"}]})
    )
    return partial(called, capsys, path), day, lost


def test_verdicts_by_other_rules_than_the_sealed_ones_say_so_and_end_with_1(forgetful):
    ask, day, lost = forgetful
    code, out, err = ask("verdicts", "--period", day)
    assert (code, "pass" in out.splitlines()[0]) == (1, True)
    assert "\nas signed by" not in out
    (line,) = [one for one in out.splitlines() if lost in one]
    assert line.startswith("NOT by the rules that entry ")
    assert err.splitlines() == [
        f"btswatch: {day}: not judged by the rules that were signed ({lost}): the ledger keeps them no more"
    ]
    code, out, err = ask("verdicts", "--period", day, "--json")
    (told,) = map(json.loads, out.splitlines())
    assert (code, told["sealed_rules"], told["rules"] != lost, lost in err) == (1, lost, True, True)
    # Who asks for the present rules gets what was asked for.
    code, out, err = ask("verdicts", "--period", day, "--current-rules", "--json")
    assert (code, "sealed_rules" in json.loads(out), err) == (0, False, "")


def test_a_period_whose_rules_are_lost_is_not_signed_by_others_unless_that_is_asked_for(forgetful):
    ask, day, lost = forgetful
    restate = ("period", "restate", "A-1", day, "--by", "B", "--reason", "log handed in late")
    assert ask(*restate)[0] == 0
    code, out, err = ask("period", "close", day, "--by", "B")
    assert (code, out) == (1, "")
    assert f"({lost})" in err
    assert "--current-rules signs by the present ones" in err
    assert "revision 2" in ask("period", "close", day, "--by", "B", "--current-rules")[1]
    assert ask("verdicts", "--period", day)[0] == 0


def test_show_and_explain_say_that_a_periods_rules_are_lost(forgetful):
    ask, day, lost = forgetful
    said = f"the rules that {day} was signed under ({lost}, entry "
    for words in (("period", "show", day), ("explain", f"A-1@{day}"), ("explain", f"alpha@{day}")):
        code, out, _ = ask(*words)
        assert (code, sum(said in line for line in out.splitlines())) == (0, 1), words
        for line in ask(*words, "--json")[1].splitlines():
            (one,) = json.loads(line)["lost_rules"]
            assert (one["period"], one["rules"], one["sealed"]) == (day, lost, "signed"), words


def test_where_the_rules_are_kept_nothing_is_said_of_it(signed, ask):
    _, day = signed
    for words in (("period", "show", day), ("explain", f"A-1@{day}"), ("explain", f"alpha@{day}")):
        assert "keeps them no more" not in ask(*words)[1]
        for line in ask(*words, "--json")[1].splitlines():
            assert json.loads(line)["lost_rules"] == []


def test_every_answer_names_the_head_it_was_made_under(signed, ask):
    _, day = signed
    head = ask("ledger", "head")[1].strip()
    answers = [
        ("verdicts", "--period", day),
        ("reconcile", day),
        ("reconcile", day, "--findings"),
        ("worst", day),
        ("period", "show", day),
        ("period", "late", day),
        ("explain", f"A-1@{day}"),
        ("explain", f"A-1@{day[:7]}"),
        ("duties", "reports", "--since", "2026-01-01"),
        ("duties", "certificates"),
    ]
    for answer in answers:
        assert ask(*answer)[1].splitlines()[-1] == f"audit chain head {head}", answer
        for line in ask(*answer, "--json")[1].splitlines():
            assert json.loads(line)["head"] == head, answer
    assert ask("ledger", "verify", "--anchor", head)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("period", "show", "2026-Q9"), 2, "write 2026, 2026-Q3"),
        (("period", "close", "2026-11", "--by", " "), 2, "give the person's name"),
        (
            ("period", "restate", "X-1", "2026-01-01", "--by", "a", "--reason", "b"),
            2,
            "X-1: not in the registry",
        ),
        (("period", "restate", "A-1", "2999-01-01", "--by", "a", "--reason", "b"), 1, "is not closed"),
        (("period", "restate", "A-1", "soon", "--by", "a", "--reason", "b"), 2, "a day is written as"),
        (("objection", "list", "--state", "open"), 2, "choose raised, upheld or rejected"),
        (
            ("objection", "rule", "77", "--reject", "--by", "a", "--ruling", "b"),
            1,
            "there is no objection 77",
        ),
    ],
)
def test_what_can_not_be_done_is_told_in_a_line(call, arguments, code, said):
    got, _, err = call(*arguments)
    assert got == code
    (line,) = err.splitlines()
    assert said in line


def test_a_figure_is_explained_from_its_period_down_to_its_bytes(made, call):
    _, day, _ = made
    code, out, _ = call("explain", f"alpha@{day[:7]}", "--json")
    assert (code, json.loads(out.splitlines()[0])["figure"]) == (0, f"A-1@{day}")
    out = call("explain", f"A-1@{day}")[1]
    assert f"A-1 on {day}: official" in out
    assert "sealed in entry" in out
    assert "measured down" in out
    told = json.loads(call("explain", f"A-1@{day}", "--json", "--bytes")[1])
    line = next(event for part in told["stretches"] for event in part["events"])["line"]
    assert json.loads(line)["subject"] == "A-1"
    assert "not closed" in call("explain", "A-1@2001-01-01")[1]


def test_a_period_without_down_time_is_explained_by_its_figure_and_head(tmp_path, capsys):
    path, day, _ = installation(tmp_path, down_until=0)
    code, out, err = called(capsys, path, "explain", f"A-1@{day[:7]}")
    assert (code, err, "no day of it has down time" in out) == (0, "", True)
    assert out.startswith(f"A-1 in {day[:7]}: A 1.0, ")
    assert out.splitlines()[-1].startswith("audit chain head sha256:")
    (told,) = map(json.loads, called(capsys, path, "explain", f"A-1@{day[:7]}", "--json")[1].splitlines())
    assert (told["sum"]["ratios"]["A"], told["sum"]["outages"]["count"]) == (1.0, 0)
    assert told["head"] == out.split()[-1]


@pytest.mark.parametrize(
    ("figure", "code", "said"),
    [
        ("A-1", 2, "write ELEMENT@DAY"),
        ("nobody@2026-11", 2, "no element, enterprise or unit of the registry"),
        ("alpha@2001-01", 1, "no figures of 2001-01"),
        ("A-1@yesterday", 2, "is no period"),
    ],
)
def test_what_can_not_be_explained_is_told_in_a_line(call, figure, code, said):
    got, _, err = call("explain", figure)
    assert got == code
    (line,) = err.splitlines()
    assert said in line


def test_declared_against_measured_is_told_with_its_formula(made, call):
    _, day, _ = made
    code, out, _ = call("reconcile", day)
    assert code == 0
    assert "alpha: score -; score = (1 - (undeclared + over-declared) / known to both) x (1 - late /" in out
    assert "= (1 - (0 + 0) / 0 s) x (1 - 0 / 0 s) (no day is closed: the second factor is 1)" in out
    (told,) = map(json.loads, call("reconcile", day, "--scope", "element", "--json")[1].splitlines())
    assert (told["id"], told["silent_s"] > 0, told["final"]) == ("A-1", True, True)
    code, out, _ = call("reconcile", day, "--findings", "--json")
    assert json.loads(out)["figure"] == f"A-1@{day}"
    assert call("reconcile", day, "--scope", "village")[0] == 2
    assert call("reconcile", "2001-01")[0] == 1


def test_the_worst_stations_are_told(made, call):
    _, day, _ = made
    out = call("worst", day)[1]
    assert out.startswith("A-1 ")
    assert (
        "1 stations: 1 over 1 h, 0 over 4 h, 0 over 24 h; the worst tenth has 100.0% of all down time" in out
    )
    assert json.loads(call("worst", day, "--json")[1])["spread"]["elements"] == 1


def test_a_period_before_the_first_official_day_has_no_figures_and_is_not_called_provisional(signed, ask):
    _, day = signed
    for name in ("2001-Q1", "2001-01-31", str(date.fromisoformat(day) - timedelta(days=1))):
        code, out, err = ask("period", "show", name)
        assert (code, "provisional" in out + err) == (1, False)
        (line,) = err.splitlines()
        assert line == f"btswatch: {name}: no figures of it: the first official day here is {day}"
        assert out.splitlines() == [f"audit chain head {ask('ledger', 'head')[1].strip()}"]
        code, out, _ = ask("period", "show", name, "--json")
        told = json.loads(out)
        assert (code, told["state"], told["days"], told["not_closed"]) == (1, "absent", 0, [])
        assert (told["first_official"], told["begun"]) == (day, True)
        code, _, err = ask("period", "close", name, "--by", "An")
        assert (code, "no figures of it" in err) == (1, True)


def test_a_period_that_is_to_come_is_open_and_says_when_it_begins(ask):
    code, out, err = ask("period", "show", "2999-Q2")
    assert (code, out.splitlines()[0], err) == (0, "2999-Q2: open; it begins on 2999-04-01", "")
    told = json.loads(ask("period", "show", "2999-Q2", "--json")[1])
    assert (told["state"], told["begun"], told["days"], len(told["not_closed"])) == ("open", False, 91, 91)


def test_days_before_the_first_official_one_are_not_asked_for(signed, ask):
    _, day = signed
    month = CalendarPeriod.named(day[:7])
    left = (month.end - date.fromisoformat(day)).days
    out = ask("period", "show", day[:7])[1]
    cut = "" if day.endswith("-01") else f", official from {day} on"
    assert out.splitlines()[0].endswith(f"; 1 of {left} days closed{cut}")
    told = json.loads(ask("period", "show", day[:7], "--json")[1])
    assert (told["days"], len(told["not_closed"]), told["first_official"]) == (left, left - 1, day)


def test_where_nothing_was_ever_closed_no_period_is_provisional(tmp_path, capsys):
    DataDirectory(tmp_path / "data").create(Mode.PRODUCTION)
    ledger = Ledger(DataDirectory(tmp_path / "data").ledger_path)
    ledger.open()
    (tmp_path / "btswatch.toml").write_text("")
    code, out, err = called(capsys, tmp_path, "period", "show", "2001-Q1", "--json")
    told = json.loads(out)
    assert (code, told["state"], told["first_official"]) == (1, "absent", None)
    assert err == "btswatch: 2001-Q1: no figures of it: no day was closed here yet\n"
    # What the engine has told of it will be closed: then it is one that waits for that.
    figure = Figure(86_400, 0, 0, 0, 0, 0, None, (0,) * 5 + (86_400,) + (0,) * 10)
    row = DayFigure(
        "A-1", date(2001, 2, 3), "alpha", "station", None, (), figure, 0, 0, 0, 0, [], PROVISIONAL, 0, ""
    )
    with ledger.writing() as connection:
        save_provisional(connection, [row])
    code, out, _ = called(capsys, tmp_path, "period", "show", "2001-Q1")
    assert (code, out.splitlines()[0]) == (0, "2001-Q1: provisional; 0 of 90 days closed")
    ledger.close()


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_while_a_restatement_reads_the_archive_others_may_write(tmp_path, capsys, monkeypatch, more):
    path, day, _ = installation(tmp_path)
    propose, wrote = Restating.propose, []

    def proposing(self, connection, element, chosen):
        with closing(Ledger(DataDirectory(path / "data").ledger_path)) as other:
            other.open()
            with other.writing():
                wrote.append(element)
        return propose(self, connection, element, chosen)

    monkeypatch.setattr(Restating, "propose", proposing)
    code, _, err = called(
        capsys, path, "period", "restate", "A-1", day, "--by", "B", "--reason", "log", *more
    )
    assert (code, err, wrote) == (0, "", ["A-1"])


def test_late_evidence_that_can_not_be_proposed_hides_no_other(tmp_path, capsys):
    """Of a station that the registry lost since."""
    path, day, _ = installation(tmp_path)
    start = CALENDAR.start_of(date.fromisoformat(day))
    come_late(path, day, 9_001, start + 10 * MINUTE, start + 5 * DAY)
    ledger = Ledger(DataDirectory(path / "data").ledger_path)
    with closing(ledger):
        ledger.open()
        with ledger.writing() as connection:
            gone = LateEvidence(77, date.fromisoformat(day), "A-0", "poller", start, start + 5 * DAY, "down")
            save_late(connection, [gone])
    code, out, err = called(capsys, path, "period", "late", day)
    assert code == 0, err
    assert f"A-0 {day}: A-0: not in the registry" in out
    assert any(one.startswith(f"A-1 {day}: ") for one in out.splitlines())


def test_late_evidence_of_before_the_first_official_day_waits_for_nobody(tmp_path, capsys):
    path, day, start = installation(tmp_path)
    ask = partial(called, capsys, path)
    earlier = str(date.fromisoformat(day) - timedelta(days=1))
    quarter = f"{day[:4]}"
    known = json.loads(ask("period", "show", quarter, "--json")[1])
    come_late(path, earlier, 9_002, start - 10 * MINUTE, start + 5 * DAY)
    told = json.loads(ask("period", "show", quarter, "--json")[1])
    assert (told["late_events"], told["late_waiting"]) == (known["late_events"] + 1, known["late_waiting"])
