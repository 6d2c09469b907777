"""The archive sink on a real broker: every event exactly once, whatever is sent again and whenever it is killed."""

from contextlib import contextmanager

import pytest

from processors.sinks.archive_progress import archived_from_topic, progress_of
from schemas.dead_letters import DeadLetter
from schemas.time import parse_rfc3339, to_ms
from stores.archive import ArchiveReader
from tests.kafka_topics import (
    committed,
    delete_before,
    eventually,
    make_topics,
    records_of,
    send,
    settings_of,
)

from .conftest import event, evidence, ticks

pytestmark = pytest.mark.service


def ms(text):
    return to_ms(parse_rfc3339(text))


@pytest.fixture
def reader(tmp_path):
    return ArchiveReader(tmp_path / "archive")


def lines_in(reader):
    return [line for day in reader.days() for line in reader.read(day)]


@contextmanager
def running(consumer):
    consumer.start()
    try:
        yield consumer
    finally:
        assert consumer.stop(20)
    assert consumer.failure is None


def test_every_event_is_archived_once_byte_for_byte_with_copies_from_one_partition_only(
    settings, archiving, reader
):
    send(settings, "evidence", *(evidence(n, n * 10 + 1, n * 10 + 2) for n in range(16)))
    copies = [evidence(n, 900, key=b"all", kind="copy") | {"partition": n} for n in range(16)]
    lives = [evidence(n, 1, key=b"all", kind="life") | {"partition": n} for n in range(16)]
    send(settings, "evidence", *copies, *lives)
    with running(archiving()):
        eventually(lambda: len(lines_in(reader)) >= 33)
    expected = [event(n * 10 + one) for n in range(16) for one in (1, 2)] + [event(900)]
    assert sorted(lines_in(reader)) == sorted(expected)


def test_what_is_sent_again_in_other_batches_is_archived_once_and_in_order(settings, archiving, reader):
    again = [evidence(3, 1, 2, 3), evidence(3, 2, 3, 4), evidence(3, 1, 2, 3, 4, 5), evidence(3, 5, 6)]
    send(settings, "evidence", *again)
    send(settings, "evidence", evidence(3, 2, 3, forwarder="f-2"))
    with running(archiving()):
        eventually(lambda: len(lines_in(reader)) >= 8)
    lines = lines_in(reader)
    assert lines == [event(n) for n in (1, 2, 3, 4, 5, 6)] + [event(2), event(3)]


def test_after_a_crash_it_goes_on_at_its_own_positions_not_at_the_groups(settings, archiving, reader):
    send(settings, "evidence", *(evidence(n, n + 1) for n in range(16)))
    with running(archiving()):
        eventually(lambda: len(lines_in(reader)) == 16)
    eventually(lambda: sum(committed(settings, "sink-archive", "evidence").values()) == 16)
    # What the crash took: read, committed to the group by nobody, in no file.
    crashed = archiving(flush_s=3600)
    send(settings, "evidence", *(evidence(n, n + 101) for n in range(16)))
    crashed.start()
    eventually(lambda: crashed._sink._archive.pending.lines == 16)
    crashed._sink._moved = False
    crashed._sink.close = crashed._sink._archive.close
    assert crashed.stop(20)
    assert len(lines_in(reader)) == 16
    with running(archiving()):
        eventually(lambda: len(lines_in(reader)) >= 32)
    assert sorted(lines_in(reader)) == sorted(event(n + base) for n in range(16) for base in (1, 101))


def test_the_note_counts_with_its_flush_and_not_before(settings, archiving, reader):
    send(settings, "evidence", evidence(0, 1), *ticks("2026-11-02T05:00:10Z"))
    with running(archiving()):
        eventually(lambda: progress_of(reader).forwarders_through(()) == {"f-1": ms("2026-11-02T05:00:10Z")})
    durable = reader.durable_offset()
    # A flush that came as far as its note, and no further.
    (reader.root / f"note-{durable + 7:012d}").write_text('{"evidence": 1, "positions": {"0": 999}}')
    with running(archiving()):
        send(settings, "evidence", evidence(0, 2))
        eventually(lambda: len(lines_in(reader)) == 2)
    assert progress_of(reader).positions[0] == 3
    assert len(list(reader.root.glob("note-*"))) == 1


def test_the_archive_is_complete_once_every_forwarder_said_so_on_every_partition(settings, archiving, reader):
    told = ms("2026-11-02T05:00:00Z")
    complete = archived_from_topic(reader, (), 1_000)
    assert not complete(0)
    with running(archiving()):
        send(settings, "evidence", *ticks("2026-11-02T05:00:00Z", partitions=range(15)))
        eventually(lambda: progress_of(reader).through)
        assert not complete(told - 5_000)
        send(settings, "evidence", *ticks("2026-11-02T05:00:00Z", partitions=[15]))
        eventually(lambda: complete(told - 5_000))
        assert not complete(told - 1_000)
        send(settings, "evidence", *ticks("2026-11-01T00:00:00Z", forwarder="gone"))
        eventually(lambda: not complete(told - 5_000))
        assert archived_from_topic(reader, ("gone",), 1_000)(told - 5_000)


def test_a_second_archive_sink_is_refused_with_a_reason_and_takes_over_later(settings, archiving, reader):
    first, second = archiving(), archiving()
    first.start()
    try:
        eventually(lambda: first.not_ready() is None)
        second.start()
        eventually(lambda: "another process writes to it" in (second.not_ready() or ""))
        send(settings, "evidence", evidence(1, 1))
        eventually(lambda: len(lines_in(reader)) == 1)
        assert first.stop(20)
        send(settings, "evidence", evidence(1, 2))
        eventually(lambda: len(lines_in(reader)) == 2)
        eventually(lambda: second.not_ready() is None)
    finally:
        assert first.stop(20)
        assert second.stop(20)


def test_what_an_embedded_engine_had_archived_is_not_archived_again(settings, archiving, reader):
    send(settings, "evidence", evidence(0, 6, 7, 8), evidence(1, 5, 9), evidence(0, 3, forwarder="other"))
    with running(archiving(floors={"f-1": 7})):
        eventually(lambda: len(lines_in(reader)) >= 3)
    assert sorted(lines_in(reader)) == sorted([event(8), event(9), event(3)])


def test_what_a_gateway_received_after_its_journal_came_back_from_a_backup_is_archived(
    settings, archiving, reader
):
    def day(number, *offsets):
        at = f"2026-11-0{number}T05:00:00Z"
        made = evidence(3, *offsets, at=at)
        made["value"] = made["value"].replace(b'"n"', b'"receivedtime":"%s","n"' % at.encode())
        return made

    send(settings, "evidence", day(2, 1, 2), day(3, 3, 4))
    with running(archiving()):
        eventually(lambda: len(lines_in(reader)) == 4)
    # The backup was of the second: its last event is sent again, and the third's offsets are given once more.
    send(settings, "evidence", day(2, 2), day(4, 3, 4, 5), day(4, 4, 5))
    with running(archiving()):
        eventually(lambda: len(lines_in(reader)) >= 7)
        send(settings, "evidence", day(3, 3, 4), day(4, 6))
        eventually(lambda: len(lines_in(reader)) >= 8)
    sent = [day(2, 1), day(2, 2), day(3, 3), day(3, 4), *(day(4, n) for n in (3, 4, 5, 6))]
    assert lines_in(reader) == [one["value"][1:-1] for one in sent]


def test_what_can_t_be_filed_is_put_aside_and_its_neighbours_are_archived(settings, archiving, reader):
    no_time = evidence(0, 1, 2)
    no_time["value"] = b'[{"id":"x","type":"btswatch.status.v1"},' + event(2) + b"]"
    no_array = evidence(0, 3) | {"value": b"nonsense"}
    no_header = evidence(0, 4) | {"headers": []}
    too_few = evidence(0, 5, 6)
    too_few["headers"] = [*too_few["headers"][:2], ("offsets", b"5")]
    send(settings, "evidence", no_time, no_array, no_header, too_few, evidence(0, 7))
    with running(archiving()):
        letters = records_of(settings, "deadletter", lambda found: len(found) == 4)
        eventually(lambda: len(lines_in(reader)) == 2)
    assert lines_in(reader) == [event(2), event(7)]
    told = [DeadLetter.model_validate_json(one.value) for one in letters]
    assert {one.code for one in told} == {"malformed"}
    assert told[0].body == b'{"id":"x","type":"btswatch.status.v1"}'
    assert [(one.topic, one.partition, one.offset) for one in told] == [("evidence", 0, n) for n in range(4)]


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"])
def test_an_event_of_a_day_that_no_calendar_has_is_put_aside_and_stops_nobody(
    settings, archiving, reader, at
):
    bad = evidence(0, 1, 2)
    bad["value"] = b"[" + event(1, at=at) + b"," + event(2) + b"]"
    send(settings, "evidence", bad, *ticks(at, partitions=[0]), evidence(0, 3))
    with running(archiving()):
        letters = records_of(settings, "deadletter", lambda found: len(found) == 2)
        eventually(lambda: len(lines_in(reader)) == 2)
    assert lines_in(reader) == [event(2), event(3)]
    # A tick that nothing comes after would have all days closed without waiting.
    assert progress_of(reader).through == {}
    bodies = [DeadLetter.model_validate_json(one.value).body for one in letters]
    assert bodies == [event(1, at=at), ticks(at)[0]["value"]]


@pytest.mark.parametrize("padding", [0, 70_000])
def test_what_can_t_be_filed_is_not_taken_for_done_before_its_letter_is_delivered(
    kafka, kafka_prefix, archiving, reader, padding
):
    settings = make_topics(settings_of(kafka, kafka_prefix + "y."), "evidence")
    settings = settings.model_copy(update={"timeout_s": 1})
    send(settings, "evidence", evidence(0, 1), evidence(0, 2) | {"value": b"nonsense"}, evidence(0, 3))
    # More than is gathered before files are written.
    large = evidence(0, 4)
    large["value"] = large["value"].replace(b'"n"', b'"p":"%s","n"' % (b"x" * padding))
    send(settings, "evidence", large)
    consumer = archiving(settings=settings, flush_bytes=65_536)
    with running(consumer):
        eventually(lambda: "dead letters not delivered" in (consumer.not_ready() or ""))
    make_topics(settings, "deadletter")
    with running(archiving(settings=settings)):
        (letter,) = records_of(settings, "deadletter", len)
        eventually(lambda: len(lines_in(reader)) >= 3)
    assert DeadLetter.model_validate_json(letter.value).offset == 1
    assert lines_in(reader) == [event(1), event(3), large["value"][1:-1]]


def test_evidence_that_the_brokers_deleted_first_is_told_and_the_rest_goes_on(
    settings, archiving, reader, monkeypatch
):
    send(settings, "evidence", evidence(0, 1))
    with running(archiving()):
        eventually(lambda: len(lines_in(reader)) == 1)
    send(settings, "evidence", evidence(0, 2), evidence(0, 3), evidence(0, 4))
    delete_before(settings, "evidence", partition=0, offset=3)
    lost = []
    consumer = archiving()
    monkeypatch.setattr(consumer._sink, "lost", lambda *what: lost.append(what))
    with running(consumer):
        eventually(lambda: len(lines_in(reader)) == 2)
    assert lines_in(reader) == [event(1), event(4)]
    assert lost == [("evidence", 0, 1, 3)]
