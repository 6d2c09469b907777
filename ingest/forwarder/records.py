"""Kafka records as the forwarder sends them: evidence, copies, control messages, dead letters. Pure."""

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from ingest.forwarder.batching import Batch, Unsendable
from schemas.control import InForce, Tick
from schemas.dead_letters import DeadLetter
from schemas.time import from_ms

EVIDENCE: Final = "evidence"
DEADLETTER: Final = "deadletter"
ENTRANCE: Final = "forwarder"

Headers = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class Record:
    """One record; `topic` is the catalogue's name. Without a partition the key decides; `events` is how many it holds."""

    topic: str
    partition: int | None
    key: bytes
    value: bytes
    headers: Headers = ()
    events: int = 0


def evidence(batch: Batch, forwarder: str) -> Iterator[Record]:
    """A batch on each of its partitions."""
    headers: Headers = (
        ("kind", batch.kind.encode()),
        ("forwarder", forwarder.encode()),
        ("offsets", b",".join(b"%d" % offset for offset in batch.offsets)),
    )
    for number, partition in enumerate(batch.partitions):
        events = 0 if number or batch.kind == "life" else len(batch.offsets)
        yield Record(EVIDENCE, partition, batch.key, batch.value, headers, events)


def control(message: Tick | InForce, partitions: int) -> list[Record]:
    """A control message on every partition."""
    headers: Headers = (("kind", b"control"), ("forwarder", message.forwarder.encode()))
    value = message.model_dump_json(exclude_none=True).encode()
    return [Record(EVIDENCE, partition, b"control", value, headers) for partition in range(partitions)]


def dead_letters(unsendable: Iterable[Unsendable], forwarder: str, most_bytes: int) -> Iterator[Record]:
    """What can't be sent, each with its reason; a body too long for a message is cut, and that is said."""
    longest = int(most_bytes * 0.7)  # base64 makes four bytes of three
    for one in unsendable:
        body = one.entry.body
        cut = f" (cut from {len(body)} bytes)" if len(body) > longest else ""
        letter = DeadLetter(
            at=from_ms(one.entry.received_ms),
            entrance=ENTRANCE,
            reporter=one.entry.reporter[:200],
            code=one.code,
            detail=(one.detail[:900] + cut).replace("\x00", " "),
            body=base64.b64encode(body[:longest]),
        )
        headers: Headers = (("forwarder", forwarder.encode()), ("offsets", b"%d" % one.entry.offset))
        yield Record(DEADLETTER, None, one.code.encode(), letter.model_dump_json().encode(), headers, 1)
