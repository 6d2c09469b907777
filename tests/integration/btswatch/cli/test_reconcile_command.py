"""Declared against measured on the command line: each grouping, each kind of finding, down to the evidence, and offline."""

import json
from datetime import timedelta

import pytest

from btswatch.cli.app import run
from processors.closing import Closer
from processors.core.conventions import Conventions
from processors.core.periods import CalendarPeriod
from schemas.figure_record import Figure
from schemas.settings.engine import ClosingSettings
from schemas.status import Track
from schemas.time import LocalCalendar, format_ms
from stores.archive import ArchiveReader
from stores.data_directory import DataDirectory, Mode
from stores.entries import entry_of
from stores.ledger import Ledger
from stores.registry.load import load

CALENDAR = LocalCalendar()
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
DAYS = 2


def said(number, track, element, at, received, word, cause=None):
    reporter = "poller" if track is Track.MEASURED else {"A": "alpha", "B": "beta"}[element[0]]
    event = {
        "specversion": "1.0",
        "id": str(number),
        "source": f"{reporter}/x",
        "type": "btswatch.status.v1",
        "subject": element,
        "time": format_ms(at),
        "data": {"status": word} | ({"cause": cause} if cause else {}),
    }
    return at, event["type"], entry_of(event, received_ms=received, track=track, reporter=reporter).body


STATIONS = (("A-1", "alpha", "U1"), ("A-2", "alpha", "U2"), ("B-1", "beta", "U1"))


def story(start):
    """A-1: an outage declared three hours late, with another cause; A-2 down and declared up; B-1 says nothing by day."""
    m, d = Track.MEASURED, Track.DECLARED
    for number in range(DAYS * 144):
        at = start + number * 10 * MINUTE
        hour = number % 144 / 6
        a1 = "down" if 10 <= hour < 14 else "up"
        a2 = "down" if 20 <= hour < 21 else "up"
        yield m, "A-1", at, at, a1, "power" if a1 == "down" else None
        yield m, "A-2", at, at, a2, None
        yield m, "B-1", at, at, "up", None
        yield d, "A-2", at, at, "up", None
        if not 10 <= hour < 14:
            yield d, "A-1", at, at, "up", None
        if hour < 8 or hour >= 18:
            yield d, "B-1", at, at, "up", None
    for day in range(DAYS):
        at = start + day * DAY + 10 * HOUR
        yield d, "A-1", at, at + 3 * HOUR, "down", "transport"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    from btswatch.parts.part import system_now_ms

    path = tmp_path_factory.mktemp("installation")
    # Two days of one month, long enough ago to be closed.
    month = CALENDAR.day_of(system_now_ms() - 12 * DAY).replace(day=1) - timedelta(days=10)
    start = CALENDAR.start_of(month)
    assert run(["registry", "template", str(path / "registry")]) == 0
    (path / "registry" / "units.csv").write_text(
        "code,name,ascii,kind\nU1,Một,Mot,commune\nU2,Hai,Hai,commune\n"
    )
    (path / "registry" / "enterprises.csv").write_text("id,name\nalpha,Alpha\nbeta,Beta\n")
    (path / "registry" / "stations.csv").write_text(
        "id,enterprise,name,unit,measured_valid_for_s,valid_from\n"
        + "".join(f"{id_},{owner},{id_},{unit},900,{month}\n" for id_, owner, unit in STATIONS)
    )
    (path / "btswatch.toml").write_text("")
    directory = DataDirectory(path / "data")
    directory.create(Mode.PRODUCTION)
    with directory.archive(CALENDAR) as archive:
        archive.append(
            [(n, *said(n, *one)) for n, one in enumerate(sorted(story(start), key=lambda one: one[3]), 1)]
        )
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
        now_ms=lambda: start + (DAYS + 3) * DAY + HOUR,
    )
    assert len(closer.close_due()) == DAYS
    ledger.close()
    return path, month, start


@pytest.fixture
def call(made, capsys):
    def command(*arguments):
        capsys.readouterr()
        code = run([*arguments, "--settings", str(made[0] / "btswatch.toml")])
        streams = capsys.readouterr()
        assert code == 0, streams.err
        return streams.out

    return command


def rows(out):
    return [json.loads(line) for line in out.splitlines()]


def periods(day):
    return (day.isoformat(), f"{day:%Y-%m}", f"{day:%Y}-Q{(day.month + 2) // 3}", f"{day:%Y}")


PARTS = ("both_s", "undeclared_s", "over_declared_s", "silent_s", "on_word_s", "declared_s", "late_s")


@pytest.mark.parametrize("which", range(4))
def test_every_grouping_of_every_period_is_the_sum_of_its_elements(made, call, which):
    period = periods(made[1])[which]
    elements = rows(call("reconcile", period, "--scope", "element", "--json"))
    assert [one["id"] for one in elements] == ["A-1", "A-2", "B-1"]
    members = {
        "enterprise": {"alpha": ["A-1", "A-2"], "beta": ["B-1"]},
        "unit": {"U1": ["A-1", "B-1"], "U2": ["A-2"]},
        "province": {"province": ["A-1", "A-2", "B-1"]},
    }
    for scope, groups in members.items():
        found = {one["id"]: one for one in rows(call("reconcile", period, "--scope", scope, "--json"))}
        assert found.keys() == groups.keys()
        for name, ids in groups.items():
            own = [one for one in elements if one["id"] in ids]
            for part in PARTS:
                assert found[name][part] == sum(one[part] for one in own)
            for measured, row in found[name]["table"].items():
                for declared, seconds in row.items():
                    assert seconds == sum(one["table"][measured][declared] for one in own)
    days = 1 if which == 0 else DAYS
    assert sum(sum(row.values()) for one in elements for row in one["table"].values()) == 3 * 86_400 * days


def test_the_score_is_told_with_its_formula_and_is_what_that_gives(made, call):
    day = made[1].isoformat()
    (alpha,) = rows(call("reconcile", day, "--enterprise", "alpha", "--json"))
    assert alpha["late_s"] == 3 * 3600 - 900 - 10
    agreement = 1 - (alpha["undeclared_s"] + alpha["over_declared_s"]) / alpha["both_s"]
    assert alpha["score"] == round(agreement * (1 - alpha["late_s"] / alpha["declared_s"]), 9)
    out = call("reconcile", day, "--enterprise", "alpha")
    assert "x (1 - late / declared)" in out
    assert f"x (1 - {alpha['late_s']} / {alpha['declared_s']} s)" in out


def test_each_kind_of_finding_is_listed_alone_and_leads_to_its_evidence(made, call):
    day = made[1].isoformat()
    found = rows(call("reconcile", day, "--findings", "--json"))
    assert [(one["finding"], one["figure"]) for one in found] == [
        ("differing_cause", f"A-1@{day}"),
        ("late_declaration", f"A-1@{day}"),
        ("undeclared_outage", f"A-2@{day}"),
        ("feed_silence", f"B-1@{day}"),
    ]
    cause, late, outage, silence = found
    assert (cause["measured"], cause["declared"]) == ("power", "transport")
    assert cause["from"].endswith("T10:00:00+07:00")
    assert late["longest_s"] + 20 > 3 * 3600
    assert outage["seconds"] == 3600
    assert silence["seconds"] > 8 * 3600
    for one in found:
        assert rows(call("reconcile", day, "--finding", one["finding"], "--json")) == [one]
        over = call(
            "reconcile", day, "--finding", one["finding"], "--tolerance", str(one["seconds"]), "--json"
        )
        assert over == ""
    out = call("explain", late["figure"])
    assert "declared down transport by alpha id" in out
    assert "received 3 h 0 min later" in out
    text = call("reconcile", day, "--findings")
    assert "measured power, declared transport" in text
    assert "s after the fact" in text


@pytest.mark.parametrize(
    ("name", "scope", "days"),
    [
        ("alpha", "enterprise", {"A-1", "A-2"}),
        ("U2", "unit", {"A-2"}),
        ("province", "province", {"A-1", "A-2"}),
        ("A-1", "element", {"A-1"}),
    ],
)
def test_a_periods_figure_of_any_scope_leads_to_the_days_that_it_is_made_of(made, call, name, scope, days):
    month = f"{made[1]:%Y-%m}"
    out = call("explain", f"{name}@{month}").splitlines()
    (one,) = [one for one in rows(call("reconcile", month, "--scope", scope, "--json")) if one["id"] == name]
    down = sum(one["table"]["down"].values())
    assert out[0].startswith(f"{name} in {month}")
    assert f"down {down} s in " in out[0]
    assert out[1] == "days with the most down time:"
    assert {line.partition("@")[0] for line in out[2:-1]} == days
    assert sum(int(line.split()[2]) for line in out[2:-1]) == down


@pytest.mark.parametrize(
    ("name", "scope", "elements"),
    [("alpha", "enterprise", 2), ("U2", "unit", 1), ("province", "province", 3), ("A-1", "element", 1)],
)
def test_in_json_a_periods_days_are_followed_by_the_published_figure_of_their_sum(
    made, call, name, scope, elements
):
    month = f"{made[1]:%Y-%m}"
    *days, told = rows(call("explain", f"{name}@{month}", "--json"))
    (one,) = [one for one in rows(call("reconcile", month, "--scope", scope, "--json")) if one["id"] == name]
    found = told["sum"]
    Figure.model_validate(found)
    assert (found["scope"], found["id"], found["period"]) == (scope, name, "month")
    assert (found["from"], found["to"]) == tuple(
        CALENDAR.format(CALENDAR.start_of(at))
        for at in (CalendarPeriod.named(month).first, CalendarPeriod.named(month).end)
    )
    assert found["reconciliation"] == one["table"]
    assert found["seconds"]["down"] == sum(day["down_s"] for day in days) > 0
    assert (told["figure"], told["kind"], told["elements"]) == (f"{name}@{month}", "station", elements)
    assert (told["adjusted_days"], told["lost_rules"], told["head"]) == (0, [], one["head"])
    # The same numbers as for people.
    said = call("explain", f"{name}@{month}").splitlines()[0]
    ratios, outages = found["ratios"], found["outages"]
    assert f"A {ratios['A']}, coverage {ratios['coverage']}, down {found['seconds']['down']} s in" in said
    assert f" s in {outages['count']} outages" in said
    assert said.endswith(", provisional") == (found["state"] == "provisional")


def test_a_replay_of_the_archive_finds_the_same(made, call, capsys):
    path, day, start = made
    capsys.readouterr()
    arguments = ["--registry", str(path / "registry"), "--events", str(path / "data" / "archive")]
    arguments += ["--from", format_ms(start), "--to", format_ms(start + DAYS * DAY), "--period", "day"]
    arguments += ["--now", format_ms(start + 30 * DAY), "--declared"]
    assert run(["replay", *arguments]) == 0
    offline = json.loads(capsys.readouterr().out)
    found = rows(call("reconcile", f"{day:%Y-%m}", "--findings", "--tolerance", "0", "--json"))
    late = [[one["figure"], one["seconds"], one["longest_s"]] for one in found if "longest_s" in one]
    assert late == [[f"{one['element']}@{one['day']}", one["late_s"], one["longest_s"]] for one in offline]
    causes = [[one["from"], one["to"], one["seconds"]] for one in found if "measured" in one]
    told = [part for one in offline for part in one["differing_causes"]]
    assert causes == [[one["from"], one["to"], one["seconds"]] for one in told]
    assert {tuple(one["measured"] + one["declared"]) for one in told} == {("power", "transport")}
