"""Polls taken in by the batch are what they are one by one."""

import json
from datetime import UTC, datetime, timedelta
from random import Random

import hypothesis.strategies as st
from hypothesis import given, settings

from processors.core.conventions import Conventions
from processors.core.decode import decode, decode_one, microseconds
from processors.core.polls import Sender, statuses, take_polls, written
from processors.core.province import Province
from schemas.registry import Element, Enterprise, Kind, Registry
from schemas.status import Feed, Track
from stores.entries import entry_of

MIDNIGHT = datetime(2026, 11, 2, 17, tzinfo=UTC)  # 2026-11-03T00:00+07:00
WORDS = ["up", "degraded", "no_response", "down"]


def registry():
    middle = MIDNIGHT.date() + timedelta(days=1)
    rows = {name: (Element(name, Kind.STATION, "vnpt"),) for name in "ABC"}
    moved = (
        Element("M", Kind.STATION, "vnpt", valid_to=middle),
        Element("M", Kind.STATION, "gtel", valid_from=middle),
    )
    feeds = {"vnpt": Enterprise("vnpt", "V", feed=Feed.TRANSITION), "gtel": Enterprise("gtel", "G")}
    return Registry(feeds, {}, {**rows, "M": moved, "FAR": (Element("FAR", Kind.STATION, "vnpt"),)})


def body(r, number):
    measured = r.random() < 0.8
    time = MIDNIGHT + timedelta(milliseconds=r.randint(-7_200_000, 7_200_000))
    received = time + timedelta(seconds=r.choice([0.04, 1, 3600, -59, -61, 71 * 3600, 80 * 3600, 200 * 3600]))
    data = {"status": r.choice(WORDS)}
    if r.random() < 0.3:
        data["cause"] = r.choice(["power", "unknown"])
    if r.random() < 0.5:
        data["metrics"] = {
            name: r.choice([0, -1.5, 1e-7, 3e22, 31]) for name in r.sample(["a", "b", "rtt_ms"], 2)
        }
    if r.random() < 0.2:
        data["detail"] = r.choice(["power lost", "a {brace} and [more], {", "it's"])
    if r.random() < 0.3:
        time = time.replace(microsecond=0)
    event = {
        "specversion": "1.0",
        "id": f"e{number}",
        "source": "poller-1/snmp/x",
        "type": "btswatch.status.v1",
        "subject": r.choice(["A", "B", "C", "M", "FAR", "nobody"]),
        "time": time.isoformat(),
        "data": data,
    }
    track = Track.MEASURED if measured else Track.DECLARED
    reporter = "poller-1" if measured else r.choice(["vnpt", "gtel"])
    received_ms = int(received.timestamp() * 1000)
    return entry_of(
        event,
        received_ms=received_ms,
        track=track,
        reporter=reporter,
        origin=r.choice([None, None, "simulated"]),
    ).body


def array(bodies):
    return b"[" + b",".join(bodies) + b"]"


def columns(text):
    found = written(text)
    return None if found is None else statuses(found)


def state(province):
    blocks, life = province.take_changes()
    return blocks, {key: sorted(slots) for key, slots in life.items()}


@given(st.integers(0, 1 << 32), st.integers(1, 60), st.sampled_from([10, 60, 3600]))
@settings(deadline=None, max_examples=80)
def test_a_batch_leaves_the_same_evidence_as_its_events_one_by_one(seed, size, grid_s):
    r = Random(seed)
    provinces = [
        Province(registry(), Conventions(grid_s=grid_s), track_changes=True, elements=["A", "B", "C", "M"])
        for _ in range(2)
    ]
    batched, single = provinces
    for _ in range(3):
        bodies = [body(r, n) for n in range(size)]
        for event, line in zip(decode(bodies), bodies, strict=True):
            single.apply(event, line)
        found = columns(array(bodies))
        assert found is not None
        polls, others = take_polls(batched, found)
        for at in others:
            batched.apply(decode_one(bodies[at]), bodies[at])
        taken = [at for one in polls for at in one.at]
        assert sorted([*taken, *others]) == list(range(size))
        for one in polls:
            times = [found.time_us[at] for at in one.at]
            assert times == sorted(times)
            assert {found.subjects[found.subject[at]] for at in one.at} == {one.element}
            assert {batched.grid.day_of(int(time)) for time in times} == {one.day}
        # Reading in between leaves carries behind that later batches have to undo.
        day = MIDNIGHT.date().toordinal() + r.randint(0, 1)
        now_us = int(MIDNIGHT.timestamp() * 1e6) + 400 * 3_600_000_000
        for element in ("A", "M"):
            one, other = (p.read_day(element, day, now_us) for p in provinces)
            assert one.tally == other.tally
    assert state(batched) == state(single)


@given(st.integers(0, 1 << 32), st.integers(1, 20))
@settings(deadline=None, max_examples=50)
def test_columns_are_what_decoding_reads(seed, size):
    r = Random(seed)
    bodies = [body(r, n) for n in range(size)]
    found = columns(array(bodies))
    assert found is not None
    assert list(found.lines) == bodies
    for n, event in enumerate(decode(bodies)):
        assert found.subjects[found.subject[n]] == event["subject"]
        assert found.senders[found.sender[n]] == Sender(event["reporter"], event["track"] == "measured")
        assert found.time_us[n] == microseconds(event["time"])
        assert found.received_us[n] == microseconds(event["receivedtime"])
        assert WORDS[[2, 3, 1, 4].index(found.code[n])] == event["data"]["status"]


@given(st.integers(0, 1 << 32))
@settings(deadline=None, max_examples=300)
def test_whatever_is_not_as_we_write_it_is_left_to_decoding(seed):
    r = Random(seed)
    bodies = [body(r, n) for n in range(3)]
    text = bytearray(array(bodies))
    for _ in range(r.randint(1, 3)):
        at = r.randrange(len(text))
        what = r.choice(
            [b"", b'"', b"\\", b"{", b"}", b",", b"[", b"]", b"\n", b" ", b"9", b"0", b"\xc3", b"-", b"Z"]
        )
        text[at : at + r.randint(0, 2)] = what
    found = columns(bytes(text))
    if found is None:
        return
    # What is taken for our own form must be JSON that decodes to the same.
    assert [json.dumps(one) for one in json.loads(bytes(text))] == [json.dumps(json.loads(one)) for one in found.lines]  # fmt: skip
    for n, event in enumerate(decode(found.lines)):
        assert isinstance(event, dict)
        assert found.subjects[found.subject[n]] == event["subject"]
        assert found.senders[found.sender[n]] == Sender(event["reporter"], event["track"] == "measured")
        assert found.time_us[n] == microseconds(event["time"])
        assert found.received_us[n] == microseconds(event["receivedtime"])


def test_an_empty_array_and_what_is_no_array_are_left_to_decoding():
    for other in (b"[]", b"", b"[", b"{}", b"null", b"[1]", b"[[]]"):
        assert columns(other) is None
