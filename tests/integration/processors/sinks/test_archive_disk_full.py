"""The archive sink on a real broker while its disk is full: nothing is lost, memory is bounded, one alarm."""

import random

import pytest

from schemas.cluster_metrics import SINK_OUTAGES, SINK_PENDING_BYTES
from schemas.settings.sinks import MIB
from stores.archive import ArchiveReader
from tests.kafka_topics import eventually, send
from tests.small_disk import fill, resize, small_disk

from .conftest import QUICK, evidence

pytestmark = pytest.mark.service


@pytest.fixture
def disk(tmp_path):
    """The archive's directory with half a megabyte of room."""
    with small_disk(tmp_path / "archive", "500k") as place:
        yield place


def outages():
    return SINK_OUTAGES.counter().labels("archive", "away")._value.get()


def test_a_full_disk_is_waited_out_and_every_event_is_archived_once(settings, archiving, disk):
    reader = ArchiveReader(disk)
    dice = random.Random(1)

    def lines():
        return [line for day in reader.days() for line in reader.read(day)]

    def noise(first):
        # Compresses to no less than what is free.
        made = [evidence(n, first + n) for n in range(16)]
        for one in made:
            one["value"] = one["value"].replace(
                b'"n"', b'"r":"%s","n"' % dice.randbytes(9_000).hex().encode()
            )
        return made

    before = outages()
    # So little waits in memory at most.
    consumer = archiving(QUICK.model_copy(update={"batch_bytes": MIB // 4}))
    consumer.start()
    try:
        send(settings, "evidence", *(evidence(n, n + 1) for n in range(16)))
        eventually(lambda: len(lines()) == 16)
        fill(disk / "filler")
        wanted = [noise(at) for at in range(100, 400, 100)]
        for some in wanted:
            send(settings, "evidence", *some)
        eventually(lambda: "No space left" in (consumer.not_ready() or ""))
        assert len(lines()) == 16
        eventually(lambda: SINK_PENDING_BYTES.gauge().labels("archive")._value.get() < MIB)
        resize(disk, "16m")
        eventually(lambda: len(lines()) == 64, 30)
        eventually(lambda: consumer.not_ready() is None)
    finally:
        assert consumer.stop(20)
    assert consumer.failure is None
    assert set(lines()) > {one["value"][1:-1] for some in wanted for one in some}
    assert len(set(lines())) == len(lines())
    assert outages() == before + 1
