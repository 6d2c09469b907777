"""How far the archive has read the topic `evidence`, kept as the archive's note: one flush, one truth.

`marks` tell repetitions: a forwarder sends again what it doesn't know to have arrived, but within a key never anything
before something that has. `through` tells the closing of days which receipts the archive is complete for.
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from stores.archive import ArchiveReader

VERSION: Final = 1
# Events stand in a journal by their commits: within so much not by their receipts.
_DISORDER_MS: Final = 5_000
# In `before`, what held for all keys.
_ALL: Final = ""


class ForeignNoteError(Exception):
    """The archive's note is not one of this program's."""


@dataclass
class Progress:
    """What is archived.

    Attributes:
        positions: the next offset by partition of `evidence`.
        marks: the last archived journal offset by forwarder and key.
        floors: by forwarder, the journal offset up to which the embedded engine had archived before.
        newest: by forwarder, when the newest event that is archived was received (ms).
        before: marks of a journal that has come back from a backup since, and gives those offsets again.
        before_ms: by forwarder, until which receipt those marks hold.
        through: by forwarder and partition: all received before it (ms) is archived.
        partitions: how many there are.
    """

    positions: dict[int, int] = field(default_factory=dict)
    marks: dict[str, dict[str, int]] = field(default_factory=dict)
    floors: dict[str, int] = field(default_factory=dict)
    newest: dict[str, int] = field(default_factory=dict)
    before: dict[str, dict[str, int]] = field(default_factory=dict)
    before_ms: dict[str, int] = field(default_factory=dict)
    through: dict[str, dict[int, int]] = field(default_factory=dict)
    partitions: int = 0

    def is_new(self, forwarder: str, key: str, offset: int, received_ms: int = 0) -> bool:
        """Whether the event was not archived yet; it counts as archived from now on."""
        newest = self.newest.get(forwarder, received_ms)
        if offset <= self.marks.get(forwarder, {}).get(key, self.floors.get(forwarder, 0)):
            # What is archived was received no later than the newest that is.
            if received_ms <= newest + _DISORDER_MS:
                return False
            self._came_back(forwarder, newest)
        elif received_ms <= self.before_ms.get(forwarder, -1):
            before = self.before[forwarder]
            if offset <= max(before.get(key, 0), before.get(_ALL, 0)):
                return False
        self.marks.setdefault(forwarder, {})[key] = offset
        self.newest[forwarder] = max(newest, received_ms)
        return True

    def _came_back(self, forwarder: str, newest_ms: int) -> None:
        """The forwarder's journal is an earlier one: from here on its offsets are given to other events."""
        before = self.before.setdefault(forwarder, {})
        before[_ALL] = max(before.get(_ALL, 0), self.floors.pop(forwarder, 0))
        for key, offset in self.marks.pop(forwarder, {}).items():
            before[key] = max(before.get(key, 0), offset)
        self.before_ms[forwarder] = newest_ms

    def ticked(self, forwarder: str, partition: int, received_through_ms: int) -> None:
        """Take a tick in."""
        mine = self.through.setdefault(forwarder, {})
        mine[partition] = max(mine.get(partition, 0), received_through_ms)

    def forwarders_through(self, retired: Collection[str]) -> Mapping[str, int]:
        """By forwarder that is not retired: all received before it (ms) is archived, on every partition."""
        return {
            name: min(by_partition.get(number, 0) for number in range(self.partitions))
            for name, by_partition in self.through.items()
            if name not in retired
        }

    def is_complete(self, received_ms: int, retired: Collection[str]) -> bool:
        """Whether everything received up to an instant is archived. Nobody heard of yet: it is not known to be."""
        waited_for = self.forwarders_through(retired)
        return bool(self.through) and all(through > received_ms for through in waited_for.values())

    def note(self) -> str:
        """As the archive keeps it."""
        return json.dumps(
            {
                "evidence": VERSION,
                "positions": self.positions,
                "marks": self.marks,
                "floors": self.floors,
                "newest": self.newest,
                "before": self.before,
                "before_ms": self.before_ms,
                "through": self.through,
                "partitions": self.partitions,
            }
        )

    @classmethod
    def of_note(cls, note: str) -> Self:
        """What `note` gave.

        Raises:
            ForeignNoteError: it is not such a note.
        """
        try:
            kept = json.loads(note)
            if kept["evidence"] != VERSION:
                raise ForeignNoteError(f"version {kept['evidence']}; known is {VERSION}")
            through = {name: _by_number(found) for name, found in kept["through"].items()}
            ticked = {name: max(found.values()) for name, found in through.items()}
            return cls(
                positions=_by_number(kept["positions"]),
                marks=kept["marks"],
                floors=kept["floors"],
                # Notes of before have none of these.
                newest=kept.get("newest", ticked),
                before=kept.get("before", {}),
                before_ms=kept.get("before_ms", {}),
                through=through,
                partitions=kept["partitions"],
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ForeignNoteError(f"{type(error).__name__}: {error}") from error


def progress_of(archive: ArchiveReader) -> Progress:
    """What the archive's note says; an empty progress where there is none yet.

    Raises:
        ForeignNoteError: it is another program's.
    """
    note = archive.note()
    return Progress.of_note(note) if note else Progress()


def archived_from_topic(
    archive: ArchiveReader, retired: Collection[str], margin_ms: int
) -> Callable[[int], bool]:
    """Whether everything received up to an instant (ms) by any forwarder has reached the archive's files.

    Args:
        archive: read anew each time.
        retired: forwarders that are not waited for.
        margin_ms: how long an event may take from its receipt into the journal.
    """
    return lambda received_ms: progress_of(archive).is_complete(received_ms + margin_ms, retired)


def _by_number(found: Mapping[str, int]) -> dict[int, int]:
    """JSON has texts for keys."""
    return {int(number): value for number, value in found.items()}
