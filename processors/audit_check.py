"""Walks the audit chain and what it seals; says at which entry it breaks, and which day's figures are others."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import Connection

from schemas.audit import NOTHING, AuditEntry, AuditKind
from stores.ledger import audit, official_day

# The newest of a day holds.
_SEALS: Final = (AuditKind.DAY_CLOSED, AuditKind.RESTATED)


@dataclass(frozen=True, slots=True)
class Broken:
    """Something that is not as it was written; `number` is the entry's, 0 where the whole chain is meant."""

    number: int
    detail: str


@dataclass(frozen=True, slots=True)
class Walked:
    """The outcome: how many entries, the head, and everything that is broken."""

    entries: int
    head: str
    days: int
    broken: tuple[Broken, ...]


def walk(connection: Connection, anchors: tuple[str, ...] = ()) -> Walked:
    """Check every entry, every sealed day, and that each anchor stands in the chain.

    Args:
        connection: to the ledger, reading.
        anchors: digests that were printed in reports or receipts: without one, nobody can tell that the end was cut off
            or that the whole chain was written anew.
    """
    broken: list[Broken] = []
    sealed: dict[str, AuditEntry] = {}
    known: set[str] = set()
    number, head = 0, NOTHING
    for entry in audit.entries(connection):
        broken += _breaks(entry, number, head)
        if entry.kind in _SEALS:
            sealed[entry.subject] = entry
        known.add(entry.digest)
        number, head = entry.number, entry.digest
    for day in sorted(sealed):
        broken += _differs(connection, sealed[day])
    broken += [
        Broken(0, f"anchor {anchor} does not stand in the chain: its end was cut off, or it was written anew")
        for anchor in anchors
        if anchor not in known
    ]
    return Walked(number, head, len(sealed), tuple(broken))


def _breaks(entry: AuditEntry, number: int, head: str) -> Iterator[Broken]:
    what = f"{entry.kind} {entry.subject}"
    if entry.number != number + 1:
        missing = f"{number + 1}" if entry.number == number + 2 else f"{number + 1} to {entry.number - 1}"
        yield Broken(entry.number, f"before {what}: entry {missing} was removed")
    elif entry.previous != head:
        yield Broken(
            entry.number, f"{what} does not follow entry {number}: one of the two was replaced or inserted"
        )
    if entry.computed() != entry.digest:
        yield Broken(entry.number, f"{what} was changed: its content has another digest than was written")


def _differs(connection: Connection, entry: AuditEntry) -> Iterator[Broken]:
    found = official_day.seal(connection, date.fromisoformat(entry.subject))
    if found["root"] == entry.content.get("root"):
        return
    then, now = entry.content.get("enterprises", {}), found["enterprises"]
    others = [name for name in sorted({*then, *now}) if then.get(name) != now.get(name)]
    said = ", ".join(
        f"{name} ({then.get(name, {}).get('elements', 0)} elements then, {now.get(name, {}).get('elements', 0)} now)"
        for name in others
    )
    yield Broken(
        entry.number,
        f"the closed figures of {entry.subject} are not those that were sealed: {said or 'none'}",
    )
