"""Polls of many elements: as archived lines, as single messages in a topic, and as what the journal takes."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from aiokafka import AIOKafkaProducer

from schemas.registry import Element, Enterprise, Kind, Registry
from schemas.status import Track
from stores.entries import entry_of
from stores.journal import NewEntry

PARTITIONS = 16


def registry(elements: int) -> Registry:
    rows = {f"LSN-{n:04}": (Element(f"LSN-{n:04}", Kind.STATION, "vnpt"),) for n in range(elements)}
    return Registry({"vnpt": Enterprise("vnpt", "VNPT")}, {}, rows)


def observations(elements: int, rounds: int) -> Iterator[NewEntry]:
    """Each element polled once a minute up to now, one poll in a hundred down, as pollers hand them to the journal."""
    start = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=rounds)
    for number in range(rounds):
        for n in range(elements):
            moment = start + timedelta(seconds=60 * number, milliseconds=60_000 // elements * n)
            word = "down" if (n + number // 7) % 97 == 0 else "up"
            yield poll(f"LSN-{n:04}", moment, word)


def poll(element: str, moment: datetime, word: str) -> NewEntry:
    event = {
        "specversion": "1.0",
        "id": f"{element}-{moment.timestamp():.0f}",
        "source": f"poller-1/snmp/{element}",
        "type": "btswatch.status.v1",
        "subject": element,
        "time": moment.isoformat(timespec="milliseconds"),
        "data": {"status": word, "metrics": {"rtt_ms": 1.5, "cells_in_service": 3}},
    }
    received_ms = int(moment.timestamp() * 1000) + 40
    return entry_of(event, received_ms=received_ms, track=Track.MEASURED, reporter="poller-1", remember=False)


async def send_single(bootstrap: str, topic: str, lines: list[bytes]) -> None:
    """One message an observation, spread over the partitions."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, max_batch_size=1 << 19)
    await producer.start()
    try:
        sent = []
        for partition in range(PARTITIONS):
            batch = producer.create_batch()
            for one in lines[partition::PARTITIONS]:
                if batch.append(key=None, value=one, timestamp=None) is None:
                    sent.append(await producer.send_batch(batch, topic, partition=partition))
                    batch = producer.create_batch()
                    batch.append(key=None, value=one, timestamp=None)
            sent.append(await producer.send_batch(batch, topic, partition=partition))
        for one in sent:
            await one
    finally:
        await producer.stop()
