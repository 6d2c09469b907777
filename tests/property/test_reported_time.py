"""Rules over time of services that no element shows: judged from seconds that were sent, by section 6 of the spec."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import hypothesis.strategies as st
import pytest
from hypothesis import given

from processors.core.measurements import Amount, Said
from processors.core.periods import CalendarPeriod
from processors.core.verdict import Reason, Result
from processors.findings import failing
from processors.indicator_findings import indicator_as_contract
from processors.indicators import IndicatorVerdicts
from processors.rules import Rules, load_rules
from schemas.indicators import Form
from schemas.registry import DeclaredLevel, Enterprise, Registry, Unit
from schemas.rules import Kind as Force
from schemas.status import Track
from schemas.time import LocalCalendar

CALENDAR = LocalCalendar()
QUARTER = CalendarPeriod.named("2026-Q3")
WHOLE_S = 92 * 86_400
SHIPPED = load_rules()
UNITS = {
    "20": (Unit("20", "Lạng Sơn", "Lang Son", "province"),),
    "w": (Unit("w", "W", "W", "ward", "20"),),
}
WORSE = {Result.FAIL: 0, Result.NOT_DECIDABLE: 1, Result.PASS: 2}


def sent(good, of=None, *, first=0, days=92, department=False, **changes) -> Said:
    """Seconds in service of those observed, over `days` local days from `first` on."""
    start = QUARTER.first + timedelta(days=first)
    one = Said(
        reporter="department" if department else "a",
        track=Track.MEASURED if department else Track.DECLARED,
        source="department/probes" if department else "a/oss",
        id=f"{first}-{days}-{department}",
        subject="a",
        service="fixed_broadband",
        indicator="service_availability",
        unit="20",
        from_ms=CALENDAR.start_of(start),
        to_ms=CALENDAR.start_of(start + timedelta(days=days)),
        amount=Amount(Fraction(good), days * 86_400 if of is None else of),
        received_ms=1,
        form=Form.TIME,
    )
    return replace(one, **changes)


def judged(*events, levels=(), rules=SHIPPED):
    registry = Registry({"a": Enterprise("a", "a")}, UNITS, {}, levels)
    return list(IndicatorVerdicts(registry, rules, CALENDAR).judge(events, QUARTER))


def outcome(*events, **more):
    (found,) = judged(*events, **more)
    return found.judgement.result, found.judgement.reason


def contract(found):
    return indicator_as_contract(found, "sha256:" + "0" * 64, "sha256:" + "1" * 64, CALENDAR.zone)


# 99.5 % of the quarter is a whole number of seconds.
NEEDED = WHOLE_S * 995 // 1000


@pytest.mark.parametrize(("service", "rule"), [("fixed_broadband", "F34-22-D"), ("fixed_voice", "F35-19-D")])
def test_the_enterprises_seconds_may_fail_it_by_one_second_but_never_pass_it(service, rule):
    assert outcome(sent(WHOLE_S, service=service)) == (Result.NOT_DECIDABLE, Reason.ENTERPRISE_WORD)
    assert outcome(sent(NEEDED, service=service)) == (Result.NOT_DECIDABLE, Reason.ENTERPRISE_WORD)
    (found,) = judged(sent(NEEDED - 1, service=service))
    assert (found.judgement.result, found.judgement.reason) == (Result.FAIL, None)
    assert [one.by.rule.id for one in found.held] == [rule]
    assert found.force is Force.OPERATIONAL, "nobody here has read the text"


def test_what_was_not_observed_or_not_sent_is_unknown_and_never_up():
    month = 31 * 86_400
    allowed = WHOLE_S - NEEDED
    assert outcome(sent(month, days=31)) == (Result.NOT_DECIDABLE, Reason.UNKNOWN_TIME)
    assert outcome(sent(month - allowed, days=31)) == (Result.NOT_DECIDABLE, Reason.UNKNOWN_TIME)
    assert outcome(sent(month - allowed - 1, days=31))[0] is Result.FAIL, "all the rest up would not mend it"
    assert outcome(sent(1000, 1000)) == (Result.NOT_DECIDABLE, Reason.UNKNOWN_TIME), "a share of 100 %"
    assert outcome(sent(0, 0)) == (Result.NOT_DECIDABLE, Reason.UNKNOWN_TIME)


def test_a_share_of_samples_is_never_read_as_time():
    assert judged(sent(1, 100, form=Form.RATIO)) == []
    assert judged(sent(99, 1, form=Form.VALUE)) == []
    known = outcome(sent(NEEDED - 1), sent(WHOLE_S, form=Form.RATIO, received_ms=0, id="samples"))
    assert known[0] is Result.FAIL, "nor does it take the place of seconds"
    assert judged(sent(1, 100, service="mobile_voice", indicator="radio_availability")) == []


def test_what_elements_show_is_no_matter_of_measurements():
    assert judged(sent(0, service="mobile_voice")) == []
    assert judged(sent(0, service="base_station")) == []


def test_the_departments_seconds_may_pass_it_from_the_floor_on():
    assert outcome(sent(WHOLE_S, department=True)) == (Result.PASS, None)
    (found,) = judged(sent(WHOLE_S, department=True), sent(0))
    assert (found.track, found.own) == (Track.MEASURED, Amount(Fraction(0), WHOLE_S))
    few = sent(86_400, days=1, department=True)
    assert outcome(few) == (Result.NOT_DECIDABLE, Reason.UNKNOWN_TIME)


def test_an_area_of_the_province_says_nothing_of_the_whole():
    assert outcome(sent(0, unit="w")) == (Result.NOT_DECIDABLE, Reason.NO_WEIGHT)
    bad, ward = sent(0, days=31), sent(31 * 86_400, first=31, days=31, unit="w")
    (found,) = judged(bad, ward)
    assert (found.judgement.result, found.within, len(found.summed)) == (Result.FAIL, 1, 1)


def test_two_that_overlap_decide_nothing():
    assert outcome(sent(0, days=40), sent(0, first=30, days=40)) == (Result.NOT_DECIDABLE, Reason.OVERLAP)


def versions(*changes) -> Rules:
    shipped = next(one for one in SHIPPED.rules if one.id == "F34-22-D")
    return Rules(tuple(shipped.model_copy(update=one) for one in changes))


def test_each_day_is_held_to_its_own_threshold():
    level = DeclaredLevel(
        "a", "fixed_broadband", "service_availability", 99.9, QUARTER.first + timedelta(days=46)
    )
    needed = 46 * 86_400 * 995 // 1000 + 46 * 86_400 * 999 // 1000 + 1
    assert outcome(sent(needed - 2), levels=[level])[0] is Result.FAIL
    assert outcome(sent(needed), levels=[level]) == (Result.NOT_DECIDABLE, Reason.ENTERPRISE_WORD)
    sure = replace(level, valid_from=QUARTER.first)
    (found,) = judged(sent(0), levels=[sure])
    assert found.force is Force.DECLARED
    assert failing([found]) == {("a", "fixed_broadband"): 1}


def test_days_without_a_rule_do_not_count_and_what_reaches_over_them_can_not_be_split():
    change = QUARTER.first + timedelta(days=31)
    later = versions({"in_force_from": change})
    assert outcome(sent(0, days=92), rules=later) == (Result.NOT_DECIDABLE, Reason.STRADDLES)
    whole = sent(61 * 86_400, first=31, days=61)
    (found,) = judged(sent(0, days=31), whole, rules=later)
    assert (found.judgement.reason, found.judgement.amount.of) == (Reason.ENTERPRISE_WORD, 61 * 86_400)
    assert found.over_time is not None
    assert found.over_time.figure.total == 61 * 86_400
    assert outcome(sent(0, days=31), rules=later) == (Result.NOT_APPLICABLE, Reason.NO_RULE)
    unknown = versions({"threshold": None, "confidence": "missing"})
    assert outcome(sent(0), rules=unknown) == (Result.NOT_DECIDABLE, Reason.NO_THRESHOLD)


@given(
    st.lists(st.tuples(st.integers(0, 86_400), st.integers(0, 86_400)), min_size=1, max_size=92), st.data()
)
def test_sums_of_days_are_the_whole_and_more_time_up_is_never_worse(pairs, data):
    days = [sent(min(pair), max(pair), first=at, days=1) for at, pair in enumerate(pairs)]
    (found,) = judged(*data.draw(st.permutations([*days, days[0]])))
    good, of = sum(min(pair) for pair in pairs), sum(max(pair) for pair in pairs)
    assert found.judgement.amount == Amount(Fraction(good), of)
    assert (found.judgement.result is Result.FAIL) == (good + WHOLE_S - of < NEEDED)
    figure = found.over_time.figure
    assert (figure.up, figure.down, figure.total) == (good, of - good, WHOLE_S)
    assert sum(figure.pairs_s) == WHOLE_S
    more = sent(max(pairs[0]), max(pairs[0]), first=0, days=1)
    (better,) = judged(more, *days[1:])
    assert WORSE[better.judgement.result] >= WORSE[found.judgement.result]
    assert better.judgement.result is not Result.PASS


def test_the_contract_tells_seconds_apart_from_counts():
    (found,) = judged(sent(7_900_000))
    told = contract(found)
    assert (told.method, told.indicator, told.track, told.result) == (
        "time",
        "service_availability",
        "declared",
        "fail",
    )
    assert (told.numerator, told.denominator, told.samples) == (None, None, None)
    assert told.time is not None
    seconds = told.time
    assert (seconds.in_service_s, seconds.observed_s, seconds.period_s) == (7_900_000, WHOLE_S, WHOLE_S)
    assert seconds.measured_s == 0
    assert told.value == pytest.approx(99.386071)
    whole = contract(*judged(sent(WHOLE_S, department=True)))
    assert (whole.result, whole.time and whole.time.measured_s) == ("pass", WHOLE_S)


def test_two_provinces_are_not_one_time():
    """The registry of a merged province may have both: what each sent is a share of its own time."""
    units = UNITS | {"21": (Unit("21", "Bắc", "Bac", "province"),)}
    registry = Registry({"a": Enterprise("a", "a")}, units, {})
    both = [sent(WHOLE_S), sent(0, unit="21", id="other")]
    (found,) = IndicatorVerdicts(registry, SHIPPED, CALENDAR).judge(both, QUARTER)
    assert (found.judgement.result, found.judgement.reason) == (Result.NOT_DECIDABLE, Reason.OVERLAP)
