"""Verdicts on indicators: independent of order, batches and repetition; sums of their parts; monotone in what is counted."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random

import hypothesis.strategies as st
import pytest
from hypothesis import given

from processors.core.measurements import Amount, Said
from processors.core.periods import CalendarPeriod
from processors.core.verdict import Reason, Result
from processors.findings import counted_rules, failing
from processors.indicator_findings import indicator_as_contract
from processors.indicators import IndicatorVerdicts
from processors.rules import Rules, load_rules
from schemas.registry import DeclaredLevel, Element, Enterprise, Kind, Registry, Unit
from schemas.rules import Kind as Force
from schemas.rules import Rule
from schemas.status import Track
from schemas.time import LocalCalendar
from tests.one_rule import RULE

CALENDAR = LocalCalendar()
QUARTER = CalendarPeriod.named("2026-Q3")
UNITS = {
    "20": (Unit("20", "Lạng Sơn", "Lang Son", "province"),),
    "w": (Unit("w", "W", "W", "ward", "20"),),
    "x": (Unit("x", "X", "X", "ward", "20"),),
}
WORSE = {Result.FAIL: 0, Result.NOT_DECIDABLE: 1, Result.PASS: 2}


def registry(*levels) -> Registry:
    stations = {
        f"{owner}-{unit}": (Element(f"{owner}-{unit}", Kind.STATION, owner, unit=unit),)
        for owner in ("a", "b")
        for unit in ("w", "x")
    }
    return Registry({o: Enterprise(o, o) for o in ("a", "b")}, UNITS, stations, levels)


def rule(version="1", **changes) -> Rule:
    return Rule.model_validate(
        RULE
        | {
            "id": f"T-{version}",
            "rule": "T",
            "version": version,
            "indicator": "radio_availability",
            "method": "samples",
            "threshold": "95",
            "period": "campaign",
            "weight": None,
        }
        | changes
    )


def day(n, good, of, *, owner="a", unit="20", days=1, department=True, campaign="c", **changes) -> Said:
    start = QUARTER.first + timedelta(days=n)
    source = f"department/{campaign}" if department else f"{owner}/oss"
    one = Said(
        reporter="department" if department else owner,
        track=Track.MEASURED if department else Track.DECLARED,
        source=source,
        id=f"{source}-{owner}-{unit}-{n}-{days}",
        subject=owner,
        service="mobile_voice",
        indicator="radio_availability",
        unit=unit,
        from_ms=CALENDAR.start_of(start),
        to_ms=CALENDAR.start_of(start + timedelta(days=days)),
        amount=Amount(Fraction(good), of),
        received_ms=n,
        order=f"{good} of {of}",
    )
    return replace(one, **changes)


def judged(events, *rules, levels=(), period=QUARTER):
    return list(IndicatorVerdicts(registry(*levels), Rules(tuple(rules)), CALENDAR).judge(events, period))


def only(events, *rules, **more):
    (found,) = judged(events, *rules, **more)
    return found


def outcome(one):
    return one.judgement.result, one.judgement.reason, one.force


@given(st.integers(0, 1 << 32))
def test_order_batches_and_repetition_change_nothing(seed):
    r = Random(seed)
    events = [
        day(
            r.randrange(80),
            r.randrange(100),
            100,
            owner=r.choice("ab"),
            unit=r.choice(["20", "w", "x"]),
            department=r.random() < 0.6,
        )
        for _ in range(r.randrange(12))
    ]
    mixed = [*events, *(r.choices(events, k=4) if events else [])]
    r.shuffle(mixed)
    assert judged(mixed, rule()) == judged(events, rule())


@given(
    st.lists(st.tuples(st.integers(0, 100), st.integers(100, 200)), min_size=1, max_size=9),
    st.integers(0, 8),
    st.data(),
)
def test_a_campaign_is_judged_by_the_sum_of_its_days(counts, cut, data):
    events = [day(n, good, of) for n, (good, of) in enumerate(counts)]
    change = QUARTER.first + timedelta(days=cut)
    low, high = data.draw(st.integers(1, 60)), data.draw(st.integers(1, 60))
    rules = (
        rule("1", threshold=str(low), in_force_to=change),
        rule("2", threshold=str(high), in_force_from=change),
    )
    found = only(events, *rules)
    needed = sum(Fraction(low if n < cut else high, 100) * of for n, (_, of) in enumerate(counts))
    good = sum(good for good, _ in counts)
    assert found.judgement.result is (Result.PASS if good >= needed else Result.FAIL)
    assert found.judgement.amount == Amount(Fraction(good), sum(of for _, of in counts))
    versions = {one.by.rule.id for one in found.held}
    assert versions == {"T-1" if n < cut else "T-2" for n in range(len(counts))}


@given(st.integers(0, 1000), st.integers(0, 1000), st.sampled_from([True, False]))
def test_one_more_good_sample_never_makes_it_worse(good, more, department):
    better, worse = (
        only([day(0, g, 2000, days=92, department=department)], rule(threshold="50"))
        for g in (good + more, good)
    )
    assert WORSE[better.judgement.result] >= WORSE[worse.judgement.result]


def test_exactly_the_threshold_passes_and_one_sample_less_fails():
    assert outcome(only([day(0, 95, 100)], rule())) == (Result.PASS, None, Force.LEGAL)
    assert outcome(only([day(0, 949_999, 1_000_000)], rule()))[0] is Result.FAIL
    at_most = rule(indicator="dropped_calls", method="ratio", comparator="at_most", threshold="2")
    drops = [day(0, 2, 100, indicator="dropped_calls")]
    assert only(drops, at_most).judgement.result is Result.PASS


def test_a_ratio_is_never_an_average_of_percentages():
    found = only([day(0, 10, 10), day(1, 0, 990)], rule(threshold="50"))
    assert (found.judgement.result, found.judgement.amount.quotient) == (Result.FAIL, Fraction(1, 100))


def test_too_few_samples_decide_nothing():
    asked = rule(minimum_samples=101)
    assert outcome(only([day(0, 1, 100)], asked)) == (
        Result.NOT_DECIDABLE,
        Reason.TOO_FEW_SAMPLES,
        Force.LEGAL,
    )
    assert only([day(0, 1, 50), day(1, 1, 51)], asked).judgement.result is Result.FAIL


def test_below_high_confidence_it_is_operational_whatever_is_found():
    for change in ({"confidence": "medium"}, {"dates_confidence": "low"}):
        failed = only([day(0, 1, 100)], rule(**change))
        assert outcome(failed) == (Result.FAIL, None, Force.OPERATIONAL)
        assert failing([failed]) == {}


def test_an_unsure_signal_level_makes_radio_availability_operational():
    level = {
        "rule": "L",
        "indicator": "minimum_signal",
        "method": "limit",
        "unit": "dbm",
        "threshold": "-100",
        "period": "always",
    }
    sure, guess = (rule("L", **level, confidence=c) for c in ("high", "low"))
    assert only([day(0, 1, 100)], rule(), sure).force is Force.LEGAL
    assert only([day(0, 1, 100)], rule(), guess).force is Force.OPERATIONAL
    missing = guess.model_copy(update={"rule": "M", "id": "M", "threshold": None, "confidence": "missing"})
    assert only([day(0, 1, 100)], rule(), sure, missing).force is Force.LEGAL, "nothing is counted by it"
    own = day(0, 1, 100, days=92, department=False)
    assert only([own], rule(), guess).force is Force.LEGAL, "it did not count by our level"


def test_the_enterprises_own_figures_may_fail_it_but_never_pass_it():
    good, bad = (day(0, n, 100, days=92, department=False) for n in (99, 90))
    assert outcome(only([good], rule()))[:2] == (Result.NOT_DECIDABLE, Reason.ENTERPRISE_WORD)
    assert outcome(only([bad], rule()))[:2] == (Result.FAIL, None)


def test_what_the_department_measured_decides_and_the_own_figure_stands_beside():
    found = only([day(0, 90, 100), day(0, 99, 100, days=92, department=False)], rule())
    assert (found.judgement.result, found.track, found.campaign) == (
        Result.FAIL,
        Track.MEASURED,
        "department/c",
    )
    assert found.own == Amount(Fraction(99), 100)


def test_a_campaign_that_was_taken_back_hides_nothing():
    """Its figures stand as nothing: neither the enterprise's own figure nor another area's samples lie within them."""
    back = day(0, 0, 0)
    assert judged([back], rule()) == []
    own = only([back, day(0, 90, 100, days=92, department=False)], rule())
    assert (own.judgement.result, own.track) == (Result.FAIL, Track.DECLARED)
    moved = only([back, day(0, 90, 100, unit="w")], rule())
    assert (moved.judgement.result, moved.judgement.amount.of, moved.within) == (Result.FAIL, 100, 0)
    taken = only([back, day(0, 0, 0, days=92, department=False)], rule())
    assert (taken.track, taken.judgement.reason) == (Track.DECLARED, Reason.NOTHING_COUNTED)


def test_each_campaign_that_ended_in_the_period_is_judged_whole_and_alone():
    before = [day(-3, 0, 10, campaign="long"), day(1, 10, 10, campaign="long")]
    other = [day(5, 10, 10, campaign="short")]
    later = [day(91, 1, 10, campaign="late"), day(92, 1, 10, campaign="late")]
    found = {one.campaign: one.judgement.amount.of for one in judged([*before, *other, *later], rule())}
    assert found == {"department/long": 20, "department/short": 10}


def test_a_declared_level_counts_where_it_is_stricter_from_its_day_on():
    level = DeclaredLevel("a", "mobile_voice", "radio_availability", 98.0, QUARTER.first + timedelta(days=1))
    found = only([day(0, 96, 100), day(1, 96, 100)], rule(confidence="low"), levels=[level])
    assert found.judgement.result is Result.FAIL
    assert [one.by.threshold for one in found.held] == [Decimal(95), Decimal("98.0")]
    assert found.force is Force.OPERATIONAL, "one of its days is judged by a guess"
    sure = only([day(1, 96, 100)], rule(confidence="low"), levels=[level])
    assert sure.force is Force.DECLARED
    assert failing([sure, sure]) == {("a", "mobile_voice"): 1}


def test_one_measurement_over_a_change_of_threshold_can_not_be_split():
    change = QUARTER.first + timedelta(days=9)
    rules = (rule("1", in_force_to=change), rule("2", in_force_from=change, threshold="97"))
    assert outcome(only([day(0, 96, 100, days=20)], *rules))[:2] == (Result.NOT_DECIDABLE, Reason.STRADDLES)
    same = (rules[0], rules[1].model_copy(update={"threshold": Decimal(95)}))
    assert only([day(0, 96, 100, days=20)], *same).judgement.result is Result.PASS


def test_a_quarter_needs_the_whole_quarter_of_the_enterprises_figures():
    asked = rule(period="quarter")
    months = [day(0, 1, 10, days=31, department=False), day(31, 1, 10, days=31, department=False)]
    assert outcome(only(months, asked))[:2] == (Result.NOT_DECIDABLE, Reason.PART_OF_PERIOD)
    found = only([*months, day(62, 1, 10, days=30, department=False)], asked)
    assert found.judgement.result is Result.FAIL
    assert judged(months, asked, period=CalendarPeriod.named("2026-07")) == [], "a month is not asked about"


def test_what_overlaps_is_not_counted_twice():
    whole = day(0, 99, 100, days=92, department=False)
    inside = day(3, 0, 100, unit="w", department=False)
    found = only([whole, inside], rule())
    assert (found.judgement.amount.of, found.within) == (100, 1)
    crossing = day(90, 0, 100, days=5, department=False)
    assert only([whole, crossing], rule()).judgement.amount.of == 100, "it is not all in the period"
    halves = [day(0, 1, 10, days=60, department=False), day(50, 1, 10, days=40, department=False)]
    assert outcome(only(halves, rule()))[:2] == (Result.NOT_DECIDABLE, Reason.OVERLAP)


def test_percentiles_of_parts_do_not_add_up():
    asked = rule(
        indicator="download_p5",
        method="percentile",
        percentile="5",
        quantity="download",
        unit="mbps",
        threshold="5",
    )
    one = day(0, 600, 100, indicator="download_p5")
    assert only([one], asked).judgement.result is Result.PASS
    other = day(1, 600, 100, indicator="download_p5")
    assert outcome(only([one, other], asked))[:2] == (Result.NOT_DECIDABLE, Reason.NO_SUM)


def test_a_threshold_that_nobody_knows_decides_nothing_and_shows_the_figure():
    found = only([day(0, 95, 100)], rule(threshold=None, confidence="missing"))
    assert outcome(found) == (Result.NOT_DECIDABLE, Reason.NO_THRESHOLD, Force.OPERATIONAL)
    told = indicator_as_contract(found, "sha256:" + "0" * 64, "sha256:" + "1" * 64, CALENDAR.zone)
    assert (told.value, told.threshold, told.numerator, told.denominator) == (95.0, None, 95, 100)


def test_service_availability_is_no_matter_of_measurements():
    word = day(0, 1, 100, days=92, department=False, indicator="service_availability")
    assert judged([word], *load_rules().rules) == []


def test_a_law_that_came_later_is_not_suggested():
    paid = {"article": "Art. 1", "from_vnd": 1, "to_vnd": 2}
    told = [
        indicator_as_contract(
            only([day(0, 0, 100)], rule(consequence=paid | {"since": since})),
            "sha256:" + "0" * 64,
            "sha256:" + "1" * 64,
            CALENDAR.zone,
        ).suggestion
        for since in (date(2026, 9, 30), date(2026, 10, 1))
    ]
    assert told == ["Art. 1, 1 to 2 VND: a suggestion; deciding is a person's", None]


def counting(version, **changes) -> Rule:
    own = {"rule": f"X-{version}", "service": "all", "indicator": "failing_indicators", "method": "count"}
    return rule(
        version,
        **own
        | {"comparator": "above", "threshold": "1", "unit": "indicators", "period": "quarter"}
        | changes,
    )


def test_failing_indicators_are_counted_over_the_period_that_the_rule_says():
    """Two campaigns of two quarters are two cases of one indicator, not one case of two."""
    over = Rules((counting("1"), counting("2", comparator="equals")))
    found = {
        name: only([day(0, 0, 100)], rule(), period=CalendarPeriod.named(name))
        for name in ("2026-07", "2026-Q3", "2026")
    }
    told = {name: [one.id for one in counted_rules(over, 2, one)] for name, one in found.items()}
    assert told == {"2026-07": [], "2026-Q3": ["T-1"], "2026": []}


def test_a_number_of_failing_indicators_that_nobody_knows_is_met_by_none():
    missing = {"threshold": None, "confidence": "missing"}
    rules = Rules((counting("1", **missing), counting("2", comparator="equals", **missing)))
    assert counted_rules(rules, 2, only([day(0, 0, 100)], rule())) == []


@pytest.mark.parametrize("good", [0, 95])
def test_the_contract_holds_every_verdict(good):
    found = only([day(0, good, 100)], rule(consequence={"article": "Art. 1", "from_vnd": 1, "to_vnd": 2}))
    told = indicator_as_contract(found, "sha256:" + "0" * 64, "sha256:" + "1" * 64, CALENDAR.zone)
    assert (told.result, told.value, told.threshold, told.unit) == (
        "pass" if good else "fail",
        float(good),
        95.0,
        "percent",
    )
    assert (told.suggestion is None) == (good == 95)
    assert told.judged[0].first == date(2026, 7, 1)
