"""Evidence through Kafka: journal -> forwarder -> topic -> archive sink, beside a bare producer of the same messages.

python tests/benchmarks/bench_forwarder.py [EVENTS]     needs Kafka (`btswatch stack install`) and a temporary directory
"""

import json
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path

from kafka import KafkaProducer

from btswatch.stack.kafka import KafkaServer
from btswatch.stack.places import servers_directory
from ingest.forwarder.batching import sort_out
from ingest.forwarder.forwarder import Forwarder
from processors.sinks.archive import ArchiveSink
from processors.sinks.consumer import SinkConsumer
from processors.sinks.dead_letters import DeadLetters
from schemas.settings.archive import ArchiveSettings
from schemas.settings.forwarder import ForwarderSettings
from schemas.settings.kafka import KafkaSettings
from schemas.settings.sinks import SinkSettings
from schemas.topics import load_topics
from stores.archive import Archive
from stores.doorbell import Doorbell
from stores.journal import Journal, NewEntry
from stores.kafka.connection import reading_connection
from stores.kafka.topics import Topics

ELEMENTS = 3_000
BATCH = ForwarderSettings().batch_events


def entries(count):
    for n in range(count):
        event = {
            "specversion": "1.0",
            "id": f"poll-{n}",
            "source": "poller/1",
            "type": "btswatch.status.v1",
            "subject": f"BTS-{n % ELEMENTS:05d}",
            "time": f"2026-11-02T{n // ELEMENTS % 24:02d}:00:57.427000Z",
            "data": {"status": "up", "metrics": {"in_use": 0.31, "out_use": 0.17}},
            "receivedtime": "2026-11-02T05:00:57.500Z",
            "track": "measured",
            "reporter": "poller",
        }
        line = json.dumps(event, separators=(",", ":")).encode()
        yield NewEntry("event", "poller", "poller/1", event["id"], sha256(line).digest(), 1_000, line)


def measured(what, count, work):
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{what:42} {count / wall:>10,.0f} events/s   {cpu / count * 1e6:6.1f} us of CPU an event")
    return count / wall


def forward(journal, bell, kafka):
    forwarder = Forwarder(
        journal,
        kafka,
        ForwarderSettings(),
        in_force=lambda: ("sha256:" + "0" * 64, None),
        number=1,
        bell=bell,
        now_ms=lambda: 5_000,
    )
    forwarder.open()
    while forwarder.step():
        pass
    forwarder._sender.close()


def produce(journal, kafka, count):
    """The same messages, from a list of them, one batch after the other as the forwarder sends them."""
    waves = []
    for after in range(0, count, BATCH):
        found = sort_out(journal.read(after, BATCH, ["event"]), 16, 900_000)
        waves += [[(b.partitions[0], b.key, b.value) for b in wave] for wave in found.waves]
    producer = KafkaProducer(**reading_connection(kafka), linger_ms=5, batch_size=256 << 10)

    def send():
        for wave in waves:
            sent = [producer.send(kafka.topic("evidence"), v, k, partition=p) for p, k, v in wave]
            for one in sent:
                one.get(timeout=60)

    rate = measured("bare producer, the same messages", count, send)
    producer.close()
    return rate


def archive(path, kafka, count):
    letters = DeadLetters("archive", kafka, lambda: 0)
    opened = Archive(path)
    sink = ArchiveSink(opened, ArchiveSettings(), 16, dict, letters)
    consumer = SinkConsumer(
        "archive", ("evidence",), sink, kafka, SinkSettings(), dead_letters=letters, now_ms=lambda: 0
    )
    consumer.start()
    while sink._number < count and consumer.failure is None:
        time.sleep(0.02)
    assert consumer.stop(60)
    assert opened.durable_offset() >= count


def main(count):
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        with (
            KafkaServer(servers_directory(), place / "kafka") as server,
            Journal(place / "journal.db") as journal,
        ):
            kafka = KafkaSettings(bootstrap=server.bootstrap)
            bare = KafkaSettings(bootstrap=server.bootstrap, prefix="bare.")
            for settings in (kafka, bare):
                with Topics(settings, load_topics()) as topics:
                    topics.apply()
            pending = list(entries(count))
            for first in range(0, count, 5_000):
                journal.append(pending[first : first + 5_000])
            print(f"{count:,} events of {len(pending[0].body)} bytes, {ELEMENTS:,} elements")
            peer = produce(journal, bare, count)
            ours = measured(
                "forwarder: journal to acknowledged",
                count,
                lambda: forward(journal, Doorbell(place / "bell"), kafka),
            )
            print(f"{'':42} {ours / peer:>10.0%} of the bare producer")
            measured("archive sink: topic to files", count, lambda: archive(place / "archive", kafka, count))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
