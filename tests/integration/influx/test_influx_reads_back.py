"""Lines of any content, read back from a real server as they were meant."""

import json

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from processors.sinks.influx.lines import UnwritableError, fields, line, series
from schemas.influx import MEASUREMENT
from stores.influx.connection import InfluxConnection
from stores.influx.reading import PointReader
from stores.influx.writer import LineWriter
from tests.integration.influx.conftest import settings_for

pytestmark = pytest.mark.service
FIRST_US = 1_793_552_400_000_000
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
TAGS = st.one_of(TEXTS, st.text("a\\,= \"'#/\u1ea1", min_size=1, max_size=8))


@pytest.fixture(scope="module")
def server(influx):
    chosen = settings_for(influx)
    bucket = influx.new_bucket()
    with InfluxConnection(chosen) as connection:
        yield bucket, LineWriter(connection, chosen), PointReader(connection, chosen)


@settings(max_examples=4, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(
    rows=st.lists(
        st.tuples(
            TAGS,
            TEXTS.filter(lambda text: "\x00" not in text and "\r" not in text),
            st.integers(-(1 << 63), (1 << 63) - 1),
            st.floats(allow_nan=False, allow_infinity=False),
        ),
        min_size=20,
        max_size=40,
    )
)
def test_what_is_written_is_what_was_meant(server, rows):
    bucket, writer, reader = server
    reader.delete(bucket, 0, FIRST_US // 1000 + 86_400_000, '_measurement="now"')
    expected, lines = {}, []
    for number, (tag, text, whole, real) in enumerate(rows):
        try:
            head = series("now", {"element": tag, "n": str(number)})
        except UnwritableError:
            continue
        values = {"cause": text, "since_ms": whole, "lat": real}
        lines.append(line(head, fields(MEASUREMENT["now"], values), FIRST_US + number))
        expected |= {(str(number), name): (tag, value) for name, value in values.items()}
    assert writer.write(bucket, lines) == []
    found = {}
    # As JSON of Flux, since CSV has several ways to write a text.
    for row in reader.rows(
        f'import "json" from(bucket: "{bucket}") |> range(start: 0) |> filter(fn: (r) => r._measurement == "now")'
        " |> map(fn: (r) => ({n: r.n, field: r._field, tag: string(v: json.encode(v: r.element)),"
        " value: string(v: json.encode(v: r._value))}))"
    ):
        found[row["n"], row["field"]] = row["tag"], row["value"]
    assert found.keys() == expected.keys()
    for key, (tag, value) in expected.items():
        assert json.loads(found[key][0]) == tag
        told = json.loads(found[key][1])
        if isinstance(value, str):
            assert told == value
        else:
            # JSON of Flux has no integers, and writes whole floats like them.
            assert float(told) == float(value)
