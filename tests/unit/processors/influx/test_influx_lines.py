import json
import math
from dataclasses import replace
from datetime import date

import pytest

from processors.sinks.influx.guard import RefusedSeriesError, SeriesGuard
from processors.sinks.influx.lines import UnwritableError, fields, line, series, tag_value, text_value
from processors.sinks.influx.numbers import Numbers
from processors.sinks.influx.points import hours_of
from processors.sinks.influx.scrape import pipeline_lines
from schemas.influx import MEASUREMENT
from schemas.registry import Element, Kind, Registry
from schemas.settings.influx import InfluxSettings
from schemas.status import Reading, Track
from schemas.time import LocalCalendar
from stores.influx.errors import (
    InfluxBadLinesError,
    InfluxRefusedError,
    InfluxTooLargeError,
    InfluxUnavailableError,
    failure_of,
)

DAY = date(2026, 11, 2)
HOUR = 3_600_000
OLD = Element("S1", Kind.STATION, "E1", unit="U1", valid_to=DAY)
NEW = replace(OLD, enterprise="E2", unit=None, valid_from=DAY, valid_to=None)
REGISTRY = Registry(elements={"S1": (OLD, NEW), "L 1": (Element("L 1", Kind.LINK, "E,1"),)})


def guard(**more):
    return SeriesGuard(REGISTRY, InfluxSettings().model_copy(update=more))


def test_what_separates_parts_of_a_line_is_escaped_in_tags():
    assert series("m", {"b": "x y", "a": "1,2=3", "none": None}) == r"m,a=1\,2\=3,b=x\ y"
    assert line("m,a=1", "f=1i", 7) == "m,a=1 f=1i 7"


@pytest.mark.parametrize("text", ["", "a\\", "a\\ b", "a\\,b", "a\nb", "a\x00b", "a\tb"])
def test_a_tag_that_the_protocol_cannot_carry_is_refused(text):
    with pytest.raises(UnwritableError):
        tag_value(text)


def test_fields_have_the_types_of_the_schema():
    values = {"result": 3, "threshold": 1, "coverage": None, "down_s": 5}
    assert fields(MEASUREMENT["finding"], values) == "result=3i,threshold=1.0,down_s=5i"
    assert text_value('a "b" \\') == r'"a \"b\" \\"'
    with pytest.raises(KeyError):
        fields(MEASUREMENT["finding"], {"no_such": 1})


@pytest.mark.parametrize(
    ("name", "value"), [("threshold", math.nan), ("threshold", math.inf), ("down_s", 1 << 63)]
)
def test_what_is_no_number_of_its_type_is_refused(name, value):
    with pytest.raises(UnwritableError):
        fields(MEASUREMENT["finding"], {name: value})


def test_an_elements_tags_are_those_of_its_row_of_that_day():
    one = guard()
    assert (
        one.element("figure", "S1", date(2026, 11, 1))
        == "figure,element=S1,enterprise=E1,kind=station,unit=U1"
    )
    assert one.element("figure", "S1", DAY) == "figure,element=S1,enterprise=E2,kind=station"
    assert (
        one.track("link", "L 1", DAY, Track.MEASURED)
        == r"link,element=L\ 1,enterprise=E\,1,kind=link,track=measured"
    )
    with pytest.raises(RefusedSeriesError, match="S9 is not in the registry"):
        one.element("figure", "S9", DAY)


def test_above_the_limits_a_series_is_refused_and_a_known_one_taken():
    one = guard(max_values=1, max_series=1)
    one.listed("deadletter", {"entrance": "gateway", "code": "invalid"})
    with pytest.raises(RefusedSeriesError, match=r"influx\.max_values") as caught:
        one.listed("deadletter", {"entrance": "traps", "code": "invalid"})
    assert caught.value.code == "too_many_series"
    one.listed("deadletter", {"entrance": "gateway", "code": "invalid"})
    one.element("now", "S1", DAY)
    with pytest.raises(RefusedSeriesError, match=r"influx\.max_series"):
        one.element("now", "L 1", DAY)


def test_hours_hold_what_the_runs_say_to_the_second():
    start = 1_793_552_400_000
    runs = [[start, start + 2 * HOUR + 600_000, 1], [start + 2 * HOUR + 600_000, start + 3 * HOUR, 3]]
    assert hours_of(runs) == {
        start: Reading.UP,
        start + HOUR: Reading.UP,
        start + 2 * HOUR: [0, 600, 0, 3000, 0],
    }
    assert hours_of([[start + 10_000, start + 20_000, 2]]) == {start: [0, 0, 10, 0, 0]}


def event(**more):
    return {
        "type": "btswatch.status.v1",
        "subject": "L 1",
        "time": "2026-11-02T00:01:30.5+07:00",
        "track": "measured",
        "data": {"status": "up", "metrics": {"in_bps": 5e8, "speed_bps": 1e9, "made_up": 1}},
    } | more


def test_numbers_lie_on_their_minute_and_bring_their_share_of_the_speed():
    skipped, refused = [], []
    numbers = Numbers(guard(), LocalCalendar(), skipped.append)
    body = [
        event(),
        event(type="btswatch.heartbeat.v1", data={}),
        event(subject="S9"),
        event(track="x"),
        event(time="?"),
    ]
    found = numbers.lines(json.dumps(body).encode(), lambda code, detail: refused.append(code))
    at = 1_793_552_460_000_000
    head = r"link,element=L\ 1,enterprise=E\,1,kind=link,track=measured"
    assert found == ([f"{head} in_bps=500000000.0,speed_bps=1000000000.0,in_use=0.500000 {at}"], [at])
    assert sorted(refused) == ["invalid", "invalid", "unknown_element"]
    assert skipped[0] == 1
    assert numbers.lines(b"nonsense", lambda code, detail: refused.append(code)) == ([], [])
    assert refused[-1] == "malformed"


PAGE = """
# TYPE btswatch_sink_lag_messages gauge
btswatch_sink_lag_messages{sink="influx"} 7.0
# TYPE btswatch_sink_write_seconds histogram
btswatch_sink_write_seconds_bucket{sink="influx",le="0.1"} 3.0
btswatch_sink_write_seconds_bucket{sink="influx",le="+Inf"} 4.0
btswatch_sink_write_seconds_count{sink="influx"} 4.0
btswatch_sink_write_seconds_sum{sink="influx"} 1.5
# TYPE python_gc_objects_collected_total counter
python_gc_objects_collected_total{generation="0"} 9.0
# TYPE btswatch_journal_appended_total counter
btswatch_journal_appended_total{kind="event"} 12.0
btswatch_journal_appended_total{stranger="event"} 12.0
"""


def test_of_a_metrics_page_our_own_metrics_are_taken_with_their_own_labels():
    assert list(pipeline_lines(PAGE, "ingest", 5, guard(), lambda _: None)) == [
        "pipeline,name=btswatch_sink_lag_messages,part=ingest,sink=influx value=7.0 5",
        "pipeline,name=btswatch_sink_write_seconds_count,part=ingest,sink=influx value=4.0 5",
        "pipeline,name=btswatch_sink_write_seconds_sum,part=ingest,sink=influx value=1.5 5",
        "pipeline,kind=event,name=btswatch_journal_appended_total,part=ingest value=12.0 5",
    ]
    told = []
    assert len(list(pipeline_lines(PAGE, "ingest", 5, guard(max_series=1), told.append))) == 1
    assert told == ["too_many_series"] * 3


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InfluxBadLinesError),
        (422, InfluxBadLinesError),
        (401, InfluxRefusedError),
        (403, InfluxRefusedError),
        (404, InfluxRefusedError),
        (302, InfluxRefusedError),
        (413, InfluxTooLargeError),
        (429, InfluxUnavailableError),
        (500, InfluxUnavailableError),
        (503, InfluxUnavailableError),
    ],
)
def test_an_answer_says_who_has_to_act(status, kind):
    error = failure_of(status, {"Retry-After": "3"}, b'{"code":"x","message":"two\\nlines"}')
    assert type(error) is kind
    assert error.reason == f"InfluxDB answers {status}: two lines"
    if kind is InfluxUnavailableError:
        assert error.retry_after_s == 3


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("failed to create task: unauthorized", InfluxRefusedError),
        ("failed to update task: unauthorized", InfluxRefusedError),
        ("failed to create task: unauthorized: disk full", InfluxUnavailableError),
        ("failed to create task: timeout", InfluxUnavailableError),
        ("unauthorized", InfluxUnavailableError),
    ],
)
def test_a_500_is_a_refusal_only_in_the_words_of_the_permission_check(message, kind):
    assert (
        type(failure_of(500, {}, json.dumps({"code": "internal error", "message": message}).encode())) is kind
    )
