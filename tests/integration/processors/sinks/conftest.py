import json

import pytest

from processors.sinks.archive import ArchiveSink
from processors.sinks.consumer import SinkConsumer
from processors.sinks.dead_letters import DeadLetters
from schemas.settings.archive import ArchiveSettings
from schemas.settings.sinks import SinkSettings
from stores.archive import Archive
from tests.kafka_topics import make_topics, settings_of

QUICK = SinkSettings(retry_s=0.1, retry_most_s=0.4, refused_retry_s=0.4, session_s=20, gather_s=0.05)
PARTITIONS = 16


@pytest.fixture
def settings(kafka, kafka_prefix):
    return make_topics(settings_of(kafka, kafka_prefix), "evidence", "transitions", "deadletter")


def event(offset, kind="status", at="2026-11-02T05:00:00Z"):
    # A float and an escape: what is archived is what was written, not what a parser makes of it.
    return json.dumps(
        {"id": f"e{offset}", "type": f"btswatch.{kind}.v1", "time": at, "n": 5.0, "t": "trạm"},
        ensure_ascii=bool(offset % 2),
        separators=(",", ":"),
    ).encode()


def evidence(partition, *offsets, forwarder="f-1", key=None, kind="evidence", **more):
    """As the forwarder sends it, for KafkaProducer.send."""
    return {
        "partition": partition,
        "key": key if key is not None else b"%d" % partition,
        "value": b"[" + b",".join(event(offset, **more) for offset in offsets) + b"]",
        "headers": [
            ("kind", kind.encode()),
            ("forwarder", forwarder.encode()),
            ("offsets", b",".join(b"%d" % offset for offset in offsets)),
        ],
    }


def ticks(through, forwarder="f-1", partitions=range(PARTITIONS)):
    value = json.dumps({"control": "tick", "received_through": through, "forwarder": forwarder}).encode()
    headers = [("kind", b"control"), ("forwarder", forwarder.encode())]
    return [{"partition": one, "key": b"control", "value": value, "headers": headers} for one in partitions]


@pytest.fixture
def archiving(tmp_path, settings):
    """Makes an archive sink on the test's archive, and its consumer, not started."""

    def make(limits=QUICK, floors=None, settings=settings, **chosen):
        letters = DeadLetters("archive", settings, lambda: 0)
        archive = Archive(tmp_path / "archive")
        sink = ArchiveSink(
            archive,
            ArchiveSettings(**{"flush_s": 0.2, **chosen}),
            PARTITIONS,
            lambda: floors or {},
            letters,
        )
        return SinkConsumer(
            "archive", ("evidence",), sink, settings, limits, dead_letters=letters, now_ms=lambda: 0
        )

    return make
