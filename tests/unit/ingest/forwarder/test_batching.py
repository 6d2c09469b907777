"""From journal entries to messages: shards, copies, splits, and what can't be told to any shard."""

import json

from hypothesis import given
from hypothesis import strategies as st

from ingest.forwarder.batching import ALL, sort_out
from schemas.topics import partition_of, shard_of
from stores.journal import Stored

PARTITIONS = 16


def stored(offset, subject="BTS-1", kind="status", pad=0, body=None):
    event = {"type": f"btswatch.{kind}.v1", "subject": subject, "n": offset, "pad": "x" * pad}
    return Stored(offset, "event", "viettel", 1_000, body if body is not None else json.dumps(event).encode())


def batches(found):
    return [batch for wave in found.waves for batch in wave]


def test_nothing_becomes_nothing():
    assert batches(sort_out([], PARTITIONS, 10_000)) == []


def test_events_of_a_shard_are_one_message_on_its_partition():
    found = sort_out([stored(3), stored(5, "BTS-2"), stored(9)], PARTITIONS, 10_000)
    by_key = {batch.key: batch for batch in batches(found)}
    mine = by_key[b"%d" % shard_of("BTS-1")]
    assert mine.offsets == (3, 9)
    assert mine.kind == "evidence"
    assert mine.partitions == (partition_of(shard_of("BTS-1"), PARTITIONS),)
    assert [one["n"] for one in json.loads(mine.value)] == [3, 9]


def test_what_concerns_all_elements_goes_to_every_partition():
    found = sort_out(
        [stored(1, "viettel", "heartbeat"), stored(2, "viettel", "maintenance")], PARTITIONS, 10_000
    )
    (copy,) = batches(found)
    assert (copy.kind, copy.key, copy.offsets) == ("copy", ALL, (1, 2))
    assert copy.partitions == tuple(range(PARTITIONS))


def test_no_wave_holds_two_messages_of_one_key():
    found = sort_out([stored(n, pad=400) for n in range(1, 40)], PARTITIONS, 4_000)
    assert len(found.waves) > 3
    for wave in found.waves:
        assert len({batch.key for batch in wave}) == len(wave)
    assert [offset for batch in batches(found) for offset in batch.offsets] == list(range(1, 40))


def test_what_is_no_event_is_told_with_its_reason_and_its_neighbours_are_sent():
    odd = [b"{", b"[]", b"5", b'{"type": "x"}', b'{"type": 1, "subject": "s"}', b"\xff\xfe", b""]
    found = sort_out(
        [stored(1), *(stored(n, body=body) for n, body in enumerate(odd, 2)), stored(90)], PARTITIONS, 10_000
    )
    assert [one.entry.body for one in found.unsendable] == odd
    assert {one.code for one in found.unsendable} == {"malformed"}
    assert [batch.offsets for batch in batches(found)] == [(1, 90)]


def test_an_event_that_fits_no_message_is_told_so():
    found = sort_out([stored(1), stored(2, pad=5_000), stored(3)], PARTITIONS, 4_000)
    assert [(one.entry.offset, one.code) for one in found.unsendable] == [(2, "too_large")]
    assert [batch.offsets for batch in batches(found)] == [(1, 3)]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["A", "B", "C", "D"]),
            st.sampled_from(["status", "heartbeat"]),
            st.integers(0, 900),
        )
    ),
    st.integers(2_200, 6_000),
)
def test_every_event_is_in_one_message_below_the_limit_in_the_journals_order(rows, most):
    entries = [stored(n, subject, kind, pad) for n, (subject, kind, pad) in enumerate(rows, 1)]
    found = sort_out(entries, PARTITIONS, most)
    assert found.unsendable == []
    assert sorted(offset for batch in batches(found) for offset in batch.offsets) == [
        e.offset for e in entries
    ]
    by_key = {}
    for batch in batches(found):
        assert len(batch.value) + sum(len(str(offset)) + 1 for offset in batch.offsets) < most
        by_key.setdefault(batch.key, []).extend(batch.offsets)
    assert all(offsets == sorted(offsets) for offsets in by_key.values())
