import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.events import SUBMITTED
from schemas.refusal import Refusal
from schemas.submission import refusal_of

GOOD = {
    "specversion": "1.0",
    "type": "btswatch.status.v1",
    "id": "e-1",
    "source": "viettel/oss",
    "subject": "LSN-0001",
    "time": "2026-11-02T12:00:57+07:00",
    "data": {"status": "up"},
}


def refused(message):
    raw = message if isinstance(message, str) else json.dumps(message)
    with pytest.raises(ValidationError) as caught:
        SUBMITTED.validate_json(raw)
    return refusal_of(caught.value)


@pytest.mark.parametrize(
    ("change", "code", "detail"),
    [
        ({"data": {"statsu": "up"}}, Refusal.INVALID, "data.statsu: unknown field; did you mean status?"),
        ({"data": {"statsu": "up"}}, Refusal.INVALID, "data.status: missing"),
        ({"tiem": 1}, Refusal.INVALID, "tiem: unknown field; did you mean time?"),
        ({"data": {"status": "broken"}}, Refusal.INVALID, "not 'broken'"),
        ({"time": "2026-11-02T12:00:57"}, Refusal.TIME_WITHOUT_ZONE, "time: has no time zone"),
        ({"time": 1793595657}, Refusal.INVALID, "time: should be RFC 3339"),
        ({"type": "btswatch.stauts.v1"}, Refusal.UNSUPPORTED_TYPE, "did you mean btswatch.status.v1?"),
        ({"type": "x"}, Refusal.UNSUPPORTED_TYPE, "known are btswatch.status.v1"),
        ({"type": None}, Refusal.UNSUPPORTED_TYPE, "type"),
    ],
)
def test_the_detail_names_the_field_and_what_to_change(change, code, detail):
    got, line = refused({**GOOD, **change})
    assert got == code
    assert detail in line


def test_a_missing_zone_beside_another_mistake_is_invalid_and_tells_both():
    code, line = refused({**GOOD, "time": "2026-11-02T12:00:57", "data": {}})
    assert code == Refusal.INVALID
    assert "time" in line
    assert "data.status: missing" in line


def test_text_that_is_no_json_is_malformed_with_its_place():
    code, line = refused('{"specversion": "1.0",')
    assert code == Refusal.MALFORMED
    assert "line 1" in line


def test_many_mistakes_are_counted_and_not_all_told():
    _, line = refused({**GOOD, "data": {"status": "up", **{f"x{n}": n for n in range(50)}}})
    assert line.endswith("and 47 more")


@pytest.mark.parametrize("huge", ["x" * 1_000_000, 10**4000, ["x" * 100_000], {"y" * 100_000: 1}])
def test_a_large_value_is_not_echoed(huge):
    _, line = refused({**GOOD, "id": huge, "data": {"status": huge}})
    assert len(line) < 700


def test_a_nested_unknown_field_is_compared_with_the_names_of_its_place():
    event = {
        **GOOD,
        "type": "btswatch.measurement.v1",
        "data": {"service": "s", "indicator": "D", "unit": "20", "period": {"form": "x"}},
    }
    assert "data.period.form: unknown field; did you mean from?" in refused(event)[1]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*GOOD, "x"]), inner, max_size=6)
    ),
    max_leaves=12,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from([*GOOD, "x"]), json_values), st.booleans())
def test_whatever_is_sent_gets_an_event_or_a_coded_line(change, keep_type):
    message = {**GOOD, **change, **({"type": GOOD["type"]} if keep_type else {})}
    try:
        SUBMITTED.validate_json(json.dumps(message))
    except ValidationError as error:
        code, line = refusal_of(error)
        assert isinstance(code, Refusal)
        assert line
        assert "\n" not in line
