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
from schemas.registry import Kind
from schemas.results import Verdict
from schemas.time import DEFAULT_ZONE, LocalCalendar, from_ms
from stores.ledger import Ledger
from stores.ledger.figures import save_provisional
from stores.ledger.tables import day_figures

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
    registry, rules, _, found, _ = days.world(seed)
    return replace(registry, digest="sha256:" + "1" * 64), Rules(tuple(rules)), found


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


def by_the_ledger(ledger, registry, rules, found):
    """The quarter, and its months by the quarter's rules, which are no verdicts then."""
    monthly = Rules(tuple(one.model_copy(update={"period": "month"}) for one in rules.rules))
    told = []
    with ledger.writing() as connection:
        connection.execute(day_figures.delete())
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
