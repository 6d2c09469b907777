import numpy as np
import pytest

from processors.core.cells import pack
from processors.engine.worker.rows import DayRow, key, kind_of_key, partition_of_key, parts_of
from processors.engine.worker.wire import Incoming, UnreadableError, events_of
from schemas.status import Code, Reading
from stores.ledger.history import Transition
from stores.ledger.province_view import ElementNow

SHOWN = ElementNow(
    element="A",
    enterprise="viettel",
    kind="station",
    status=Reading.DOWN,
    since_ms=5,
    measured=Reading.DOWN,
    declared=Reading.UNKNOWN,
    cause="power",
    detail="mất điện",
    measured_at_ms=5,
    measured_code=4,
    declared_at_ms=None,
    declared_code=None,
    metrics={"battery_v": 47.5},
    updated_ms=6,
)


def cells(step: int) -> bytes:
    """A day of polls, one each `step` slots of 10 s."""
    dice = np.random.default_rng(step)
    return np.array(
        [pack(179_300_000 + slot, int(dice.integers(10_000)), Code.UP) for slot in range(0, 8640, step)],
        dtype=np.uint64,
    ).tobytes()


def test_a_row_comes_back_as_it_was_stored():
    row = DayRow(
        cells={("", 739_000): cells(6), ("viettel", 739_000): cells(360), ("viettel", 739_001): b""},
        carry=b'{"at":1}',
        before=int(Reading.DOWN),
        transitions=[Transition("A", 7, Reading.UP, Reading.DOWN, "power"), Transition("A", 9, Reading.DOWN, Reading.UP)],
        shown=SHOWN,
    )  # fmt: skip
    assert DayRow.of("A", row.packed()) == row
    assert DayRow.of("A", DayRow().packed()) == DayRow()


def test_a_day_of_polls_a_minute_is_small():
    assert len(DayRow(cells={("", 739_000): cells(6)}, shown=SHOWN).packed()) < 8_000
    assert len(DayRow(cells={("", 739_000): cells(1), ("viettel", 1): cells(30)}).packed()) < 50_000


def test_evidence_that_joins_a_row_is_merged_slot_by_slot():
    row = DayRow()
    row.add("", 1, cells(360))
    row.add("", 1, cells(360))
    assert row.cells["", 1] == cells(360)


def test_keys_are_read_as_they_were_written_whatever_an_element_is_called():
    made = key(11, "day", "2026-11-02", "A/B c")
    assert made == b"11/day/2026-11-02/A/B c"
    assert (partition_of_key(made), kind_of_key(made), parts_of(made, 2)) == (
        11,
        "day",
        ["2026-11-02", "A/B c"],
    )
    assert kind_of_key(key(0, "partition")) == "partition"


def body(number: int, **data: object) -> bytes:
    text = ",".join(f'"{name}":{value}' for name, value in data.items())
    return (
        f'{{"type":"btswatch.status.v1","id":"e{number}","subject":"A","time":"2026-11-02T00:00:00Z",'
        f'"receivedtime":"2026-11-02T00:00:01Z","track":"measured","reporter":"p","data":{{"status":"up"{"," + text if text else ""}}}}}'
    ).encode()


def message(value: bytes, count: int) -> Incoming:
    offsets = ",".join(str(number) for number in range(count)).encode()
    return Incoming(0, 0, b"7", value, {"kind": b"evidence", "offsets": offsets}, 0)


@pytest.mark.parametrize(
    "bodies",
    [
        [body(1)],
        [body(1), body(2), body(3)],
        # What looks like a seam between events within one of them.
        [body(1, detail='"},{\\""'), body(2, odd='[{"a":1},{"b":2}]'), body(3)],
        [b" " + body(1) + b" ", body(2, detail='"tr\u1ea1m \u0110\u00f4ng Kinh"'.encode().decode())],
    ],
)
@pytest.mark.parametrize("comma", [b",", b" ,\n "])
def test_a_batch_is_taken_apart_into_the_bytes_that_it_was_made_of(bodies, comma):
    found = events_of(message(b"[" + comma.join(bodies) + b"]", len(bodies)))
    assert [entry.body for entry, _ in found] == [one.strip() for one in bodies]
    assert [entry.offset for entry, _ in found] == list(range(len(bodies)))
    assert [event["id"] for _, event in found] == [f"e{n}" for n in range(1, len(bodies) + 1)]


@pytest.mark.parametrize(
    ("value", "count"), [(b"[{},{}]", 1), (b"[", 1), (b"{}", 1), (b"", 1), (b"[] []", 1), (b"\xff", 1)]
)
def test_what_is_no_batch_of_as_many_events_is_told(value, count):
    with pytest.raises(UnreadableError):
        events_of(message(value, count))
