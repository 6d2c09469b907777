"""What workers tell of a running month or quarter is what the ledger's days of it say: one code, other days."""

import importlib.util
from dataclasses import replace
from pathlib import Path
from random import Random

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from processors.core.conventions import Conventions
from processors.core.enterprises import Enterprises
from processors.core.periods import CalendarPeriod, PeriodKind
from processors.core.running import Part
from processors.findings import as_contract
from processors.rules import Rules
from processors.running_verdicts import RunningVerdicts
from processors.verdicts import verdicts
from schemas.figures import Figure
from schemas.registry import Kind
from schemas.time import DEFAULT_ZONE, LocalCalendar, from_ms
from schemas.verdict import Verdict
from stores.ledger import Ledger, positions
from stores.ledger.closings import CLOSING_FROM
from stores.ledger.figures import DayFigure, save_provisional
from stores.ledger.tables import day_figures, properties

_spec = importlib.util.spec_from_file_location(
    "verdicts_are_their_days", Path(__file__).with_name("test_verdicts_are_their_days.py")
)
days = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(days)
QUARTER = days.QUARTER
CALENDAR = LocalCalendar(DEFAULT_ZONE)
AS_OF = CALENDAR.start_of(QUARTER.first) + 1


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    ledger = Ledger(tmp_path_factory.mktemp("ledger") / "ledger.db")
    ledger.open()
    yield ledger
    ledger.close()


def world(seed):
    """Elements that were there before anything was watched."""
    registry, rules, _, found, _ = days.world(seed)
    rows = {name: (replace(row, valid_from=None),) for name, (row,) in registry.elements.items()}
    registry = replace(registry, elements=rows, digest="sha256:" + "1" * 64)
    return registry, Rules(tuple(rules)), found


def enterprises_of(found):
    enterprises = Enterprises(Conventions())
    for one in found:
        span = CALENDAR.start_of(one.day), CALENDAR.end_of(one.day)
        part = Part(one.element, AS_OF, *span, 0, 0, one.figure, "sha256:" + "0" * 64)
        enterprises.take(one.enterprise, Kind.STATION, one.day, part)
    return enterprises


def running(registry, rules, found, zone=DEFAULT_ZONE):
    enterprises, judge = enterprises_of(found), RunningVerdicts(registry, rules, zone)
    return [one for standing in enterprises.standings() for one in judge.of(standing, enterprises)]


def by_the_ledger(ledger, registry, rules, found, official_from=None):
    """The quarter, and its months by the quarter's rules, which are no verdicts then.

    Without a first official day nothing was closed yet.
    """
    monthly = Rules(tuple(one.model_copy(update={"period": "month"}) for one in rules.rules))
    told = []
    with ledger.writing() as connection:
        connection.execute(day_figures.delete())
        connection.execute(properties.delete())
        if official_from is not None:
            positions.save_property(connection, CLOSING_FROM, official_from.isoformat())
        save_provisional(connection, [replace(one, state="provisional") for one in found])
        for name in ("2026-Q3", "2026-07", "2026-08", "2026-09"):
            period = CalendarPeriod.named(name)
            own = period.kind is PeriodKind.QUARTER
            for one in verdicts(connection, registry, rules if own else monthly, period):
                said = as_contract(one, registry.digest, rules, DEFAULT_ZONE)
                more = {"as_of": from_ms(AS_OF), "suggestion": None}
                told.append(said.model_copy(update=more if own else more | {"force": "operational"}))
    return [one for one in told if one.result != "not_applicable"]


def in_order(told):
    return sorted(one.model_dump_json(by_alias=True) for one in told)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1 << 32))
def test_running_verdicts_are_those_of_the_ledgers_days(ledger, seed):
    registry, rules, found = world(seed)
    assert in_order(running(registry, rules, found)) == in_order(
        by_the_ledger(ledger, registry, rules, found)
    )


def in_service_before(registry, begun, seed):
    """Elements as they may have been before anything was watched: new, built since, another's, gone by then."""
    r = Random(seed)
    rows = {name: row for name, (row,) in registry.elements.items()}
    noon = CALENDAR.start_of(r.choice(days.DAYS)) + 12 * 3_600_000
    built = min(noon, CALENDAR.start_of(begun))
    changes = [
        {},
        {"commissioned": built},
        {"valid_from": begun},
        {"valid_from": min(begun, r.choice(days.DAYS))},
    ]
    elements = {name: (replace(row, **r.choice(changes)),) for name, row in rows.items()}
    moved = min(begun, r.choice(days.DAYS))
    (last,) = elements["E3"]
    if last.valid_from is None:
        elements["E3"] = (replace(last, enterprise="PER", valid_to=moved), replace(last, valid_from=moved))
    elements["GONE"] = (replace(rows["E0"], id="GONE", decommissioned=built),)
    return replace(registry, elements=elements)


@pytest.mark.parametrize("closed", [True, False])
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1 << 32))
def test_what_was_before_the_first_day_is_unknown_in_both(ledger, closed, seed):
    registry, rules, found = world(seed)
    if not closed and seed % 2:
        # Silent, and not closed yet: nothing was told of it. A closing would have counted it.
        found = [one for one in found if one.element != "E1"]
    begun = min(one.day for one in found)
    registry = in_service_before(registry, begun, seed)
    told = running(registry, rules, found)
    expected = by_the_ledger(ledger, registry, rules, found, begun if closed else None)
    assert in_order(told) == in_order(expected)


def one_rule(days_known, commissioned=None, kept=lambda enterprises: enterprises):
    """The quarter's verdict on PER, all of whose known time, the quarter's last days, was up."""
    registry, _, _ = world(3)
    rows = {name: (replace(registry.elements[name][0], commissioned=commissioned),) for name in ("E0", "E2")}
    registry = replace(registry, elements=rows, declared_levels=())
    up = Figure(86_400, 0, 0, 0, 0, 0, None, (0,) * 5 + (86_400,) + (0,) * 10)
    found = [
        DayFigure(name, day, "PER", "station", None, (), up, 0, 0, 0, 0, [], "final", 0, "")
        for name in rows
        for day in days.DAYS[-days_known:]
    ]
    enterprises = kept(enterprises_of(found))
    judge = RunningVerdicts(registry, Rules((days.rule("D", "1"),)), DEFAULT_ZONE)
    told = [one for standing in enterprises.standings() for one in judge.of(standing, enterprises)]
    (quarter,) = [one for one in told if one.period == "quarter"]
    return quarter


def test_a_week_of_a_quarter_passes_no_more_than_on_the_ledger():
    week, whole = one_rule(7), one_rule(len(days.DAYS))
    assert (whole.result, whole.coverage, whole.seconds.unknown) == ("pass", 1, 0)
    unknown = 2 * 86_400 * (len(days.DAYS) - 7)
    assert (week.result, week.seconds.unknown) == ("not_decidable", unknown)
    assert week.coverage == pytest.approx(7 / len(days.DAYS), abs=1e-4)
    assert week.budget_s == whole.budget_s
    new = one_rule(7, commissioned=CALENDAR.start_of(days.DAYS[-7]))
    assert (new.result, new.coverage) == ("pass", 1)


def test_a_restart_knows_as_well_from_when_on_it_was_watched():
    def restarted(before):
        after = Enterprises(Conventions())
        for key, day, stored in before.changed_days():
            after.restore_day(key, day, stored)
        last = days.DAYS[-1]
        span = CALENDAR.start_of(last), CALENDAR.end_of(last)
        up = Figure(86_400, 0, 0, 0, 0, 0, None, (0,) * 5 + (86_400,) + (0,) * 10)
        for name in ("E0", "E2"):
            part = Part(name, AS_OF + 1, *span, 0, 0, up, "sha256:" + "0" * 64)
            after.take("PER", Kind.STATION, last, part)
        return after

    for known in (7, len(days.DAYS)):
        assert one_rule(known, kept=restarted).seconds == one_rule(known).seconds


def test_a_station_that_was_never_told_of_is_unknown_until_the_newest_day():
    registry, rules, found = world(3)
    told = running(registry, rules, [one for one in found if one.element != "E0"])
    newest = max(one.day for one in found)
    (quarter,) = [one for one in told if (one.enterprise, one.period) == ("PER", "quarter")]
    assert quarter.elements == 2
    assert quarter.seconds.unknown >= 86_400 * (newest - QUARTER.first).days


def test_order_and_repetition_do_not_matter():
    registry, rules, found = world(3)
    shuffled = [*found, *found[:50]]
    Random(1).shuffle(shuffled)
    told = running(registry, rules, found)
    assert told
    assert in_order(told) == in_order(running(registry, rules, shuffled))


def test_what_is_told_can_be_read_back_and_says_that_it_runs():
    registry, rules, found = world(3)
    for one in running(registry, rules, found):
        assert Verdict.model_validate_json(one.model_dump_json(by_alias=True)) == one
        assert (one.as_of, one.kind, one.suggestion) == (from_ms(AS_OF), Kind.STATION, None)
        assert one.budget_s is not None
        assert one.force != "legal" or one.period == "quarter"


@pytest.mark.parametrize("change", [{"per": "element"}, {"period": "year"}, {"service": "fixed_broadband"}])
def test_rules_of_elements_years_and_unseen_services_are_left_to_the_ledger(change):
    registry, rules, found = world(3)
    rules = Rules(tuple(one.model_copy(update=change) for one in rules.rules))
    assert running(registry, rules, found) == []


def test_a_months_rule_is_not_told_over_quarters_or_days():
    registry, rules, found = world(3)
    rules = Rules(tuple(one.model_copy(update={"period": "month"}) for one in rules.rules))
    told = running(registry, rules, found)
    assert {one.period for one in told} == {"month"}
    assert {one.force for one in told} <= {"legal", "declared"}
