"""How long evidence is kept: legal holds, and pruning of days beyond the time that the settings ask for.

Holds, releases and prunings are entries of the audit chain and stand nowhere else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sqlalchemy import Connection

from schemas.audit import AuditEntry, AuditKind, NewAuditEntry, merkle_root
from schemas.canonical import canonical_json
from stores.archive_prune import DayFiles, files_of, half_gone, remove_day
from stores.archive_reader import ArchiveReader
from stores.ledger import Ledger, audit, closings, official_day

ARCHIVE: Final = "archive"
# What a day reads of the days before it reaches seldom further back: a figure near the edge can't be made again for sure.
EDGE_DAYS: Final = 31


class RetentionError(Exception):
    """It can't be done; the message says why."""


class PrunedError(Exception):
    """Evidence that the day rests on was pruned: its figure stands, and can't be made again."""

    def __init__(self, day: date, entry: AuditEntry) -> None:
        super().__init__(
            f"{day}: evidence up to {entry.content['until']} was pruned by {entry.actor} (entry {entry.number}): its"
            " official figure stands, and can't be made again"
        )
        self.day = day
        self.entry = entry


@dataclass(frozen=True, slots=True)
class Hold:
    """A legal hold; `number` is its entry's. Vietnamese: lưu giữ theo yêu cầu pháp lý."""

    number: int
    at_ms: int
    person: str
    reason: str


@dataclass(frozen=True, slots=True)
class Pruning:
    """What may be taken away, oldest first; `kept_by` says what keeps the next day, None where nothing older is left."""

    days: tuple[DayFiles, ...]
    kept_by: str | None

    @property
    def bytes(self) -> int:
        """How much room it gives."""
        return sum(one.size for one in self.days)


def holds(connection: Connection) -> list[Hold]:
    """The holds that nobody released, the oldest first."""
    released = {entry.content["hold"] for entry in audit.of_kind(connection, AuditKind.RELEASED.value)}
    return [
        Hold(entry.number, entry.at_ms, entry.actor, entry.content["reason"])
        for entry in reversed(list(audit.of_kind(connection, AuditKind.HELD.value)))
        if entry.number not in released
    ]


def hold(connection: Connection, person: str, reason: str, now_ms: int) -> Hold:
    """Keep everything from now on. The connection must hold the writer's lock."""
    audit.append(connection, [NewAuditEntry(now_ms, AuditKind.HELD, ARCHIVE, person, {"reason": reason})])
    return holds(connection)[-1]


def release(connection: Connection, number: int, person: str, reason: str, now_ms: int) -> Hold:
    """End a hold. The connection must hold the writer's lock.

    Raises:
        RetentionError: there is no such hold.
    """
    known = next((one for one in holds(connection) if one.number == number), None)
    if known is None:
        raise RetentionError(f"no hold has the number {number}, or it was released: btswatch archive holds")
    content = {"hold": number, "reason": reason}
    audit.append(connection, [NewAuditEntry(now_ms, AuditKind.RELEASED, ARCHIVE, person, content)])
    return known


def prunable(connection: Connection, archive: ArchiveReader, keep_days: int, today: date) -> Pruning:
    """The days beyond the time of keeping, the oldest first, up to the first that something keeps.

    A day goes only when its figures are closed and sealed, and while there is no hold at all. What came of days before the
    first official one rests in no figure.
    """
    standing = holds(connection)
    found: list[DayFiles] = []
    for day in sorted({*half_gone(archive.root), *archive.days()}):
        kept_by = None
        if standing:
            kept_by = f"hold {standing[0].number} by {standing[0].person}: {standing[0].reason}"
        elif day >= today - timedelta(days=keep_days):
            kept_by = f"kept for {keep_days} days"
        elif not _done_with(connection, day):
            kept_by = "not closed and sealed"
        if kept_by is not None:
            return Pruning(tuple(found), f"{day}: {kept_by}")
        found.append(files_of(archive, day))
    return Pruning(tuple(found), None)


def _done_with(connection: Connection, day: date) -> bool:
    last, begun = closings.last_closed(connection), closings.first_official(connection)
    if last is None or begun is None or day > last:
        return False
    return day < begun or official_day.sealing(connection, day) is not None


def prune(
    ledger: Ledger,
    archive: ArchiveReader,
    keep_days: int,
    *,
    today: date,
    person: str,
    reason: str,
    now_ms: int,
) -> Sequence[DayFiles]:
    """Take away what may go; an entry with the digests of what went stands in the chain before anything goes.

    Interrupted, it is called again.

    Raises:
        ArchiveWriteError: the disk refused; the days before are gone.
    """
    with ledger.writing() as connection:
        # Under the writer's lock: a hold comes before or after it, never meanwhile.
        found = prunable(connection, archive, keep_days, today).days
        if found:
            files = [[str(one.day), name, sha] for one in found for name, sha in sorted(one.digests.items())]
            content = {
                "first": str(found[0].day),
                "until": str(found[-1].day + timedelta(days=1)),
                "days": len(found),
                "files": len(files),
                "bytes": sum(one.size for one in found),
                "root": merkle_root([canonical_json(one).encode() for one in files]),
                "keep_days": keep_days,
                "reason": reason,
            }
            audit.append(connection, [NewAuditEntry(now_ms, AuditKind.PRUNED, ARCHIVE, person, content)])
    for one in found:
        remove_day(archive.root, one.day)
    return found


def must_have_evidence(connection: Connection, day: date, edge_days: int = EDGE_DAYS) -> None:
    """Nothing, where the day can be made again.

    Args:
        connection: to the ledger.
        day: the local day.
        edge_days: how far from what was pruned it has to be, for what reaches from day to day.

    Raises:
        PrunedError: what it rests on was pruned.
    """
    # Not the newest: what came of a pruned day afterwards is pruned by itself.
    entries = audit.of_kind(connection, AuditKind.PRUNED.value)
    entry = max(entries, key=lambda one: str(one.content["until"]), default=None)
    if entry is not None and day < date.fromisoformat(entry.content["until"]) + timedelta(days=edge_days):
        raise PrunedError(day, entry)
