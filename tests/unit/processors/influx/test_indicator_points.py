"""Verdicts on what is counted or sampled have a measurement of their own."""

from dataclasses import replace
from fractions import Fraction

import pytest

from processors.core.measurements import Amount, Said
from processors.core.periods import CalendarPeriod
from processors.indicators import IndicatorVerdicts
from processors.rules import load_rules
from processors.sinks.influx.guard import RefusedSeriesError, SeriesGuard
from processors.sinks.influx.indicator_points import IndicatorPoints
from schemas.indicators import Form
from schemas.registry import Enterprise, Registry, Unit
from schemas.settings.influx import InfluxSettings
from schemas.status import Track
from schemas.time import LocalCalendar

CALENDAR = LocalCalendar()
QUARTER = CalendarPeriod.named("2026-Q4")
REGISTRY = Registry({"E1": Enterprise("E1", "E1")}, {"20": (Unit("20", "Tỉnh", "Tinh", "province"),)})
RULES = load_rules()
START_US = CALENDAR.start_of(QUARTER.first) * 1_000


def said(good, of=2_000, campaign="c", indicator="radio_availability", day=0):
    start = CALENDAR.start_of(QUARTER.first) + day * 86_400_000
    return Said(
        "department",
        Track.MEASURED,
        campaign,
        f"{campaign}-{indicator}",
        "E1",
        "mobile_voice",
        indicator,
        "20",
        start,
        start + 86_400_000,
        Amount(Fraction(good), of),
        start + 90_000_000,
    )


def points(*measured):
    guard = SeriesGuard(REGISTRY, InfluxSettings())
    return IndicatorPoints(guard, REGISTRY, CALENDAR, lambda: measured)


def test_radio_availability_is_a_share_of_samples_in_its_own_measurement():
    ((measurement, text),) = points(said(1_940)).of_period(RULES, QUARTER)
    assert measurement == "indicator"
    series, _, rest = text.partition(" ")
    assert series.startswith(
        "indicator,enterprise=E1,indicator=radio_availability,method=samples,period=quarter,"
    )
    assert "rule=V36-RADIO" in series
    assert "value=97.0," in rest
    assert "counted=2000i" in rest
    assert 'unit="percent"' in rest
    assert rest.endswith(f" {START_US}")
    assert "availability=" not in rest
    assert "total_s" not in rest


def test_of_several_campaigns_the_worst_is_told_with_their_number():
    ((_, text),) = points(said(1_990, campaign="a"), said(1_800, campaign="b", day=7)).of_period(
        RULES, QUARTER
    )
    assert "result=3i" in text
    assert "value=90.0," in text
    assert "verdicts=2i" in text


def test_nothing_measured_is_nothing_written():
    assert list(points().of_period(RULES, QUARTER)) == []


def test_a_rule_over_time_has_no_point_among_them():
    (verdict,) = IndicatorVerdicts(REGISTRY, RULES, CALENDAR).judge([said(1_990)], QUARTER)
    over_time = replace(verdict, rule=next(one for one in RULES.rules if one.rule == "V36-D"))
    with pytest.raises(RefusedSeriesError, match="is judged by time"):
        points().line([over_time])


def test_seconds_that_were_sent_stand_with_what_is_over_time_and_say_so():
    seconds = 92 * 86_400
    whole = replace(
        said(seconds * 99 // 100, seconds, indicator="service_availability"),
        reporter="E1",
        track=Track.DECLARED,
        service="fixed_broadband",
        to_ms=CALENDAR.start_of(QUARTER.end),
        form=Form.TIME,
    )
    ((measurement, text),) = points(whole).of_period(RULES, QUARTER)
    assert measurement == "finding"
    series, _, rest = text.partition(" ")
    assert series.startswith("finding,enterprise=E1,per=enterprise,period=quarter,rule=F34-D,")
    for one in (
        "result=3i",
        'basis="reported"',
        "availability=0.99,",
        f"total_s={seconds}i",
        'force="operational"',
    ):
        assert one in rest, one
    ((_, ward),) = points(replace(whole, unit="ward")).of_period(RULES, QUARTER)
    assert "result=1i" in ward
    assert 'reason="weights are not known"' in ward
    assert "total_s=0i" in ward
