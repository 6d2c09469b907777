"""Journal entries as Kafka messages: one array of events per shard, copies for what concerns all elements. Pure.

What an enterprise sends that reports changes only is a sign of life for all its elements, whose shards lie on all
partitions: those events also go to every partition, as kind `life`, which archives and sinks pass over.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from pydantic_core import from_json

from schemas.topics import partition_of, shard_of
from stores.journal import Stored

Kind = Literal["evidence", "copy", "life"]

ALL: Final = b"all"
# They concern every element of an enterprise, whose shards lie on all partitions.
_COPIED: Final = frozenset({"btswatch.heartbeat.v1", "btswatch.maintenance.v1"})
# What Kafka adds to a message, our headers' names and the forwarder's id included, at most.
_OVERHEAD: Final = 1_024


@dataclass(frozen=True, slots=True)
class Batch:
    """One message: events of one shard in journal order, or copies of what concerns all.

    Attributes:
        kind: `evidence`, `copy` or `life`.
        key: the shard's number, or `all`.
        partitions: where it goes; copies and signs of life go to every one.
        value: a JSON array of archived events.
        offsets: their journal offsets, in the array's order.
    """

    kind: Kind
    key: bytes
    partitions: tuple[int, ...]
    value: bytes
    offsets: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Unsendable:
    """An entry that can't be told to any shard."""

    entry: Stored
    code: str
    detail: str


@dataclass(slots=True)
class Sorted:
    """What a piece of the journal becomes.

    Attributes:
        waves: no wave holds two messages of one key: whoever sends the next one only once this one was acknowledged
            keeps the order per element, however often a message has to be sent again.
        unsendable: in journal order.
    """

    waves: list[list[Batch]] = field(default_factory=list)
    unsendable: list[Unsendable] = field(default_factory=list)


def sort_out(
    entries: Sequence[Stored], partitions: int, most_bytes: int, reporting_changes: Collection[str] = ()
) -> Sorted:
    """Entries of kind `event`, in journal order, as messages below `most_bytes`.

    `reporting_changes` are the enterprises whose events, of any kind, are signs of life for all their elements.
    """
    found = Sorted()
    by_key: dict[tuple[Kind, bytes], list[Stored]] = defaultdict(list)
    for entry in entries:
        key = _key_of(entry, most_bytes)
        if isinstance(key, Unsendable):
            found.unsendable.append(key)
            continue
        by_key["copy" if key == ALL else "evidence", key].append(entry)
        if key != ALL and entry.reporter in reporting_changes:
            by_key["life", ALL].append(entry)
    for (kind, key), mine in by_key.items():
        for number, batch in enumerate(_batches(kind, key, mine, partitions, most_bytes)):
            if number == len(found.waves):
                found.waves.append([])
            found.waves[number].append(batch)
    return found


def _key_of(entry: Stored, most_bytes: int) -> bytes | Unsendable:
    try:
        event = from_json(entry.body)
        kind, subject = event["type"], event["subject"]
    except (ValueError, TypeError, KeyError) as error:
        return Unsendable(entry, "malformed", f"no archived event: {type(error).__name__}: {error}")
    if not isinstance(kind, str) or not isinstance(subject, str):
        return Unsendable(entry, "malformed", "no archived event: type and subject are no texts")
    if _size(entry) + _OVERHEAD > most_bytes:
        return Unsendable(entry, "too_large", f"{len(entry.body)} bytes: no message holds it")
    return ALL if kind in _COPIED else b"%d" % shard_of(subject)


def _batches(
    kind: Kind, key: bytes, entries: Sequence[Stored], partitions: int, most_bytes: int
) -> Iterator[Batch]:
    piece: list[Stored] = []
    size = _OVERHEAD
    for entry in entries:
        more = _size(entry)
        if piece and size + more > most_bytes:
            yield _batch(kind, key, piece, partitions)
            piece, size = [], _OVERHEAD
        piece.append(entry)
        size += more
    yield _batch(kind, key, piece, partitions)


def _batch(kind: Kind, key: bytes, entries: Sequence[Stored], partitions: int) -> Batch:
    return Batch(
        kind=kind,
        key=key,
        partitions=tuple(range(partitions)) if key == ALL else (partition_of(int(key), partitions),),
        value=b"[" + b",".join(entry.body for entry in entries) + b"]",
        offsets=tuple(entry.offset for entry in entries),
    )


def _size(entry: Stored) -> int:
    """In a message: the body, its comma, and its offset with a comma in the header."""
    return len(entry.body) + len(str(entry.offset)) + 2
