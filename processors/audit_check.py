"""Walks the audit chain and what it seals; says at which entry it breaks, and which day's figures are others."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Final

from sqlalchemy import Connection

from processors.audit_beside import KEPT, NEWEST
from processors.audit_unvouched import Vouched
from processors.objecting import adjustments
from processors.rejudging import SEALING, Rejudged, Rejudging, Stands
from schemas.audit import NOTHING, AuditEntry, AuditKind
from schemas.time import LocalCalendar
from stores.ledger import audit, objections, official_day

# What reading something raises that no part of the product wrote so.
_UNREADABLE: Final = (ValueError, KeyError, TypeError, AttributeError, OverflowError)


@dataclass(frozen=True, slots=True)
class Broken:
    """Something that is not as it was written; `number` is the entry's, 0 where the whole chain is meant."""

    number: int
    detail: str


@dataclass(frozen=True, slots=True)
class Walked:
    """The outcome: how many entries, the head, and everything that is broken.

    `judged` are entries that seal verdicts which follow from the figures, rules and registry that they name; `unjudged`
    those of which that can't be told. What was restated or adjusted since is neither.
    """

    entries: int
    head: str
    days: int
    broken: tuple[Broken, ...]
    judged: int = 0
    unjudged: tuple[Broken, ...] = ()


def walk(
    connection: Connection, anchors: tuple[str, ...] = (), calendar: LocalCalendar | None = None
) -> Walked:
    """Check every entry, every sealed day, that sealed verdicts follow, and that each anchor stands in the chain.

    Args:
        connection: to the ledger, reading.
        anchors: digests that were printed in reports or receipts: without one, nobody can tell that the end was cut off
            or that the whole chain was written anew.
        calendar: the local days, by which upheld objections are worked out again; by default those of the default zone.
    """
    broken: list[Broken] = []
    sealed: dict[str, AuditEntry] = {}
    newest: dict[tuple[str, str], AuditEntry] = {}
    known: set[str] = set()
    vouched = Vouched()
    unjudged: list[Broken] = []
    number, head, judged = 0, NOTHING, 0
    local = calendar or LocalCalendar()
    rejudging = Rejudging(connection, local.zone)
    for entry in audit.readable(connection):
        if isinstance(entry, audit.Unreadable):
            broken.append(Broken(entry.number, f"was changed: {entry.detail}"))
            number, head = entry.number, entry.digest
            continue
        broken += _breaks(entry, number, head)
        if entry.kind in official_day.SEALS:
            sealed[entry.subject] = entry
        if entry.kind in NEWEST:
            newest[entry.kind, entry.subject] = entry
        elif entry.kind in KEPT:
            broken += _read(entry, partial(_beside, connection, entry))
        if entry.kind in SEALING:
            again = _judged(rejudging, entry)
            judged += again.stands is Stands.FOLLOWS
            if again.stands in (Stands.DIFFERS, Stands.UNKNOWN):
                where = broken if again.stands is Stands.DIFFERS else unjudged
                where.append(Broken(entry.number, again.detail))
        broken += _read(entry, partial(_taken, vouched, entry))
        known.add(entry.digest)
        number, head = entry.number, entry.digest
    for entry in newest.values():
        broken += _read(entry, partial(_beside, connection, entry))
    for day in sorted(sealed):
        broken += _read(sealed[day], partial(_differs, connection, sealed[day]))
    broken += _read("what objections moved", partial(_adjusted, connection, local))
    broken += _read("what people decided", partial(_told, vouched.decisions, connection))
    broken += _read("which days are closed", partial(_told, vouched.days, connection))
    broken += [_without(anchor) for anchor in anchors if anchor not in known]
    return Walked(number, head, len(sealed), tuple(broken), judged, tuple(unjudged))


def _read(told_by: AuditEntry | str, check: Callable[[], Iterable[Broken]]) -> list[Broken]:
    """What the check finds; bytes that are no JSON any more, or no packed rows, or say what nobody wrote were changed too."""
    found: list[Broken] = []
    try:
        found.extend(check())
    except _UNREADABLE as error:
        number, what = 0, told_by
        if isinstance(told_by, AuditEntry):
            number, what = told_by.number, f"{told_by.kind} {told_by.subject}, or what it tells of,"
        found.append(Broken(number, f"{what} was changed: it can't be read ({_in_words(error)})"))
    return found


def _in_words(error: Exception) -> str:
    return str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"


def _judged(rejudging: Rejudging, entry: AuditEntry) -> Rejudged:
    try:
        return rejudging.judge(entry)
    except _UNREADABLE as error:
        # Its rules, its registry or its figures; which of them is told by their own entry.
        return Rejudged(Stands.UNKNOWN, f"can't be judged again: {_in_words(error)}")


def _without(anchor: str) -> Broken:
    return Broken(
        0, f"anchor {anchor} does not stand in the chain: its end was cut off, or it was written anew"
    )


def _told(differences: Callable[[Connection], Iterable[str]], connection: Connection) -> Iterator[Broken]:
    for one in differences(connection):
        yield Broken(0, one)


def _taken(vouched: Vouched, entry: AuditEntry) -> Iterator[Broken]:
    vouched.take(entry)
    yield from ()


def _beside(connection: Connection, entry: AuditEntry) -> Iterator[Broken]:
    differs = KEPT[AuditKind(entry.kind)](connection, entry)
    if differs:
        yield Broken(entry.number, differs)


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
    # Absent in entries from before it was looked for.
    if found["word"] != entry.content.get("word", found["word"]):
        yield Broken(
            entry.number,
            f"late declarations, differing causes or feeds' silence of {entry.subject} are not those that were sealed",
        )
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


def _adjusted(connection: Connection, calendar: LocalCalendar) -> Iterator[Broken]:
    """What upheld objections moved, held against what they give from the official rows."""
    upheld = objections.every(connection, objections.UPHELD)
    given = {
        (each.objection, each.day): each for one in upheld for each in adjustments(connection, one, calendar)
    }
    kept = {
        (each.objection, each.day): each
        for moved in objections.adjustments_between(connection, date.min, date.max).values()
        for each in moved
    }
    others = sorted({*given, *kept} - {key for key in given if given[key] == kept.get(key)})
    for number in sorted({number for number, _ in others}):
        days = ", ".join(str(day) for one, day in others if one == number)
        yield Broken(
            0, f"what objection {number} moved is not what its ruling gives from the official figures: {days}"
        )
