"""The forwarder on a real broker: what arrives, where, in which order, and what is claimed."""

import json

import pytest

from schemas.cluster_metrics import FORWARDER_LAG
from schemas.control import InForce, Tick
from schemas.dead_letters import DeadLetter
from schemas.settings.forwarder import ForwarderSettings
from schemas.time import to_ms
from schemas.topics import partition_of, shard_of
from stores.doorbell import Doorbell
from stores.journal import NewEntry
from tests.kafka_topics import eventually, records_of

from .conftest import REGISTRY, event

pytestmark = pytest.mark.service


def headers(record):
    return dict(record.headers)


def of_kind(records, kind):
    return [one for one in records if headers(one)["kind"] == kind]


def events_of(records, kind=b"evidence"):
    """(journal offset, event) in the order of each partition."""
    return [
        (int(offset), one)
        for record in of_kind(records, kind)
        for offset, one in zip(headers(record)["offsets"].split(b","), json.loads(record.value), strict=True)
    ]


def enough(count, kind=b"evidence"):
    return lambda records: len(events_of(records, kind)) >= count


def test_every_event_arrives_once_on_its_shards_partition_with_its_offset(journal, forwarding, settings):
    elements = [f"BTS-{n}" for n in range(40)]
    journal.append([event(n, elements[n % 40]) for n in range(400)])
    with forwarding() as forwarder:
        records = records_of(settings, "evidence", enough(400))
        assert forwarder.not_ready() is None
    found = events_of(records)
    assert sorted(offset for offset, _ in found) == list(range(1, 401))
    assert all(one["n"] == offset - 1 for offset, one in found)
    for record in of_kind(records, b"evidence"):
        assert headers(record)["forwarder"] == forwarder.id.encode()
        for one in json.loads(record.value):
            assert record.key == b"%d" % shard_of(one["subject"])
            assert record.partition == partition_of(shard_of(one["subject"]), 16)


def test_heartbeats_and_maintenance_are_copied_to_every_partition(journal, forwarding, settings):
    journal.append([event(1, "viettel", "heartbeat"), event(2, "viettel", "maintenance")])
    with forwarding():
        records = records_of(settings, "evidence", enough(32, b"copy"))
    by_partition = {n: [] for n in range(16)}
    for record in of_kind(records, b"copy"):
        assert record.key == b"all"
        by_partition[record.partition] += [one["n"] for one in json.loads(record.value)]
    assert by_partition == {n: [1, 2] for n in range(16)}
    assert events_of(records) == []


def test_ticks_reach_every_partition_and_follow_what_they_claim(journal, forwarding, settings):
    journal.append([event(n, f"BTS-{n}", received_ms=1_000 + n) for n in range(50)])
    with forwarding(now_ms=lambda: 9_000) as forwarder:
        records = records_of(
            settings, "evidence", lambda found: len({r.partition for r in ticks_through(found, 9_000)}) == 16
        )
    for partition in range(16):
        mine = [one for one in records if one.partition == partition]
        first = min(mine.index(one) for one in ticks_through(mine, 9_000))
        assert all(mine.index(one) < first for one in of_kind(mine, b"evidence"))
    in_force = [r for r in of_kind(records, b"control") if b"in_force" in r.value]
    assert {r.partition for r in in_force} == set(range(16))
    assert {InForce.model_validate_json(r.value).registry for r in in_force} == {REGISTRY}
    assert {Tick.model_validate_json(r.value).forwarder for r in ticks_through(records, 0)} == {forwarder.id}


def ticks_through(records, at_ms):
    found = [r for r in of_kind(records, b"control") if b'"tick"' in r.value]
    return [r for r in found if to_ms(Tick.model_validate_json(r.value).received_through) >= at_ms]


def test_what_is_no_event_is_put_aside_with_its_reason_and_its_neighbours_arrive(
    journal, forwarding, settings
):
    broken = [
        NewEntry("event", "viettel", "viettel/x", "b1", b"1" * 32, 7_000, b"{not json"),
        NewEntry("event", "viettel", "viettel/x", "b2", b"2" * 32, 7_000, b'{"type": 5, "subject": "x"}'),
        NewEntry("event", "viettel", "viettel/x", "b3", b"3" * 32, 7_000, b"[1]"),
        event(9, pad="x" * 950_000),
    ]
    journal.append([event(1), *broken, event(2)])
    journal.append([NewEntry("trap", "10.0.0.1:162", "", "", b"", 7_000, b"\x30\x00")])
    with forwarding() as forwarder:
        records = records_of(settings, "evidence", enough(2))
        letters = records_of(settings, "deadletter", lambda found: len(found) == 4)
        eventually(lambda: journal.position("forwarder") == 7)
    assert [one["n"] for _, one in events_of(records)] == [1, 2]
    told = [DeadLetter.model_validate_json(one.value) for one in letters]
    assert [one.code for one in told] == ["malformed", "malformed", "malformed", "too_large"]
    assert told[0].body == b"{not json"
    assert told[0].entrance == "forwarder"
    assert "cut from" in told[3].detail
    assert forwarder.failure is None


def test_a_batch_too_long_for_a_message_is_split_in_order(journal, forwarding, settings):
    journal.append([event(n, pad="x" * 100_000) for n in range(30)])
    with forwarding():
        records = records_of(settings, "evidence", enough(30))
    assert [one["n"] for _, one in events_of(records)] == list(range(30))
    assert all(len(record.value) < 900_000 for record in records)
    assert len(of_kind(records, b"evidence")) == 4


def test_the_position_is_stored_and_the_next_forwarder_goes_on_there(journal, forwarding, settings):
    journal.append([event(n) for n in range(10)])
    with forwarding() as first:
        eventually(lambda: journal.position("forwarder") == 10)
    journal.append([event(n) for n in range(10, 20)])
    with forwarding() as second:
        records = records_of(settings, "evidence", enough(20))
    assert [one["n"] for _, one in events_of(records)] == list(range(20))
    assert first.id == second.id


def test_where_answers_wait_for_it_the_position_is_stored_and_rung_long_before_the_next_tick(
    tmp_path, journal, forwarding, settings
):
    with (
        Doorbell(tmp_path / "gateway.bell") as bell,
        forwarding(limits=ForwarderSettings(tick_s=30.0), waited_for=Doorbell(bell.path)) as forwarder,
    ):
        eventually(lambda: forwarder.not_ready() is None and forwarder._told_in_force)
        bell.wait(0)
        journal.append([event(n) for n in range(20)])
        assert bell.wait(10)
        assert journal.position("forwarder") == 20
        records_of(settings, "evidence", enough(20), within_s=5)


def test_the_doorbell_wakes_it_long_before_the_next_tick(journal, forwarding, settings):
    with forwarding(limits=ForwarderSettings(tick_s=30.0)) as forwarder:
        eventually(lambda: forwarder.not_ready() is None and forwarder._told_in_force)
        journal.append([event(1)])
        records_of(settings, "evidence", enough(1), within_s=10)


def test_what_can_not_be_sent_is_counted_as_it_grows(journal, forwarding, settings):
    without_topics = settings.model_copy(update={"prefix": "nothing-of-ours."})
    lag = FORWARDER_LAG.gauge()
    with forwarding(kafka=without_topics) as forwarder:
        eventually(lambda: forwarder.not_ready() is not None)
        journal.append([event(n) for n in range(5)])
        eventually(lambda: lag._value.get() == 5)
        journal.append([event(n) for n in range(5, 12)])
        eventually(lambda: lag._value.get() == 12)


def test_the_journal_keeps_what_is_not_sent_and_waits_no_more_for_the_embedded_engine(journal, forwarder_of):
    journal.register("engine")
    forwarder_of().open()
    journal.append([event(n) for n in range(5)])
    assert journal.consumers() == {"forwarder": 0}
    assert journal.trim(keep_after_ms=10**15) == 0
    journal.commit("forwarder", 3)
    assert journal.trim(keep_after_ms=10**15) == 3


def test_at_a_stop_what_the_journal_has_is_sent_and_its_receipt_told(journal, forwarding, settings):
    with forwarding(
        limits=ForwarderSettings(tick_s=30.0, batch_events=500), now_ms=lambda: 9_000
    ) as forwarder:
        eventually(lambda: forwarder._told_in_force)
        journal.append([event(n, f"BTS-{n % 100}") for n in range(3_000)])
    assert journal.position("forwarder") == 3_000
    records = records_of(settings, "evidence", enough(3_000))
    assert len(events_of(records)) == 3_000
    assert {one.partition for one in ticks_through(records, 9_000)} == set(range(16))
