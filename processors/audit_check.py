"""Walks the audit chain and what it seals; says at which entry it breaks, and which day's figures are others."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Final

from sqlalchemy import Connection

from processors.audit_unvouched import Vouched
from processors.objecting import adjustments
from processors.provenance import snapshot_digest
from processors.receipt_anchors import root_of
from processors.rejudging import SEALING, Rejudging, Stands
from schemas.audit import NOTHING, AuditEntry, AuditKind, merkle_root
from schemas.canonical import canonical_json
from schemas.time import LocalCalendar
from stores.ledger import audit, objections, official_day, requests, restatements, signatures, snapshots


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
        if entry.kind in _KEPT:
            broken += _read(entry, partial(_beside, connection, entry))
        if entry.kind in SEALING:
            try:
                again = rejudging.judge(entry)
            except ValueError as error:
                # Its rules, its registry or its figures; which of them is told by their own entry.
                unjudged.append(Broken(entry.number, f"can't be judged again: {error}"))
            else:
                judged += again.stands is Stands.FOLLOWS
                if again.stands in (Stands.DIFFERS, Stands.UNKNOWN):
                    where = broken if again.stands is Stands.DIFFERS else unjudged
                    where.append(Broken(entry.number, again.detail))
        vouched.take(entry)
        known.add(entry.digest)
        number, head = entry.number, entry.digest
    for day in sorted(sealed):
        broken += _read(sealed[day], partial(_differs, connection, sealed[day]))
    broken += _read(None, partial(_adjusted, connection, local))
    broken += [Broken(0, one) for one in vouched.differences(connection)]
    broken += [
        Broken(0, f"anchor {anchor} does not stand in the chain: its end was cut off, or it was written anew")
        for anchor in anchors
        if anchor not in known
    ]
    return Walked(number, head, len(sealed), tuple(broken), judged, tuple(unjudged))


def _read(entry: AuditEntry | None, check: Callable[[], Iterable[Broken]]) -> list[Broken]:
    """What the check finds; bytes that are no JSON any more, or no packed rows, were changed too."""
    try:
        return list(check())
    except ValueError as error:
        number = entry.number if entry is not None else 0
        what = f"what {entry.kind} {entry.subject} tells of" if entry is not None else "what objections moved"
        return [Broken(number, f"{what} was changed: it can't be read ({error})")]


def _beside(connection: Connection, entry: AuditEntry) -> Iterator[Broken]:
    differs = _KEPT[AuditKind(entry.kind)](connection, entry)
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


def _signature(connection: Connection, entry: AuditEntry) -> str | None:
    revision = entry.content.get("revision")
    kept = [one for one in signatures.of_period(connection, entry.subject) if one.revision == revision]
    root = merkle_root([canonical_json(one).encode() for one in kept[0].verdicts]) if kept else None
    same = root == entry.content.get("root") and kept[0].signed_by == entry.actor if kept else False
    return None if same else f"the verdicts of {entry.subject} are not those that {entry.actor} signed"


def _restatement(connection: Connection, entry: AuditEntry) -> str | None:
    kept = restatements.get(connection, entry.content.get("restatement", 0))
    said = entry.content
    same = kept is not None and (kept.before, kept.after, kept.person, kept.reason) == (
        said.get("before"),
        said.get("after"),
        entry.actor,
        said.get("reason"),
    )
    return (
        None if same else f"restatement {said.get('restatement')} of {entry.subject} is not what was sealed"
    )


def _objection(connection: Connection, entry: AuditEntry) -> str | None:
    number = entry.content.get("number", 0)
    kept = objections.get(connection, number)
    same = (
        kept is not None
        and all(
            getattr(kept, name) == entry.content.get(name)
            for name in ("enterprise", "from_ms", "to_ms", "claim", "evidence")
        )
        and (kept.element, kept.raised_by, kept.raised_ms) == (entry.subject, entry.actor, entry.at_ms)
    )
    return None if same else f"objection {number} about {entry.subject} is not what was taken in"


def _ruling(connection: Connection, entry: AuditEntry) -> str | None:
    number = entry.content.get("number", 0)
    kept = objections.get(connection, number)
    same = kept is not None and (kept.state, kept.ruling, kept.ruled_by) == (
        entry.content.get("state"),
        entry.content.get("ruling"),
        entry.actor,
    )
    return None if same else f"the ruling on objection {number} is not what was sealed"


def _request(connection: Connection, entry: AuditEntry) -> str | None:
    number = entry.content.get("number", 0)
    kept = requests.get(connection, number)
    same = (
        kept is not None
        and (kept.enterprise, kept.asked_by, kept.asked_ms) == (entry.subject, entry.actor, entry.at_ms)
        and (kept.about, kept.working_days, kept.deadline.isoformat())
        == tuple(entry.content.get(name) for name in ("about", "working_days", "deadline"))
    )
    return None if same else f"request {number} to {entry.subject} is not what was asked for"


def _withdrawal(connection: Connection, entry: AuditEntry) -> str | None:
    number = entry.content.get("number", 0)
    kept = requests.get(connection, number)
    same = kept is not None and (kept.withdrawn_by, kept.withdrawn_ms, kept.withdrawn_why) == (
        entry.actor,
        entry.at_ms,
        entry.content.get("why"),
    )
    return None if same else f"the withdrawal of request {number} is not what was sealed"


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


def _snapshot(connection: Connection, entry: AuditEntry) -> str | None:
    wanted = entry.content.get("snapshot")
    kept = snapshots.load(connection, entry.subject)
    # Entries of former versions name none.
    same = wanted is None or (kept is not None and snapshot_digest(kept) == wanted)
    return None if same else f"the rows kept of {entry.subject} are not those that were noted"


def _receipts(connection: Connection, entry: AuditEntry) -> str | None:
    same = root_of(connection, entry) == entry.content.get("root")
    return None if same else f"the receipts' digests of {entry.subject} are not those that were anchored"


# What stands beside the chain and that an entry of this kind vouches for.
_KEPT: Final[Mapping[AuditKind, Callable[[Connection, AuditEntry], str | None]]] = {
    AuditKind.SIGNED_OFF: _signature,
    AuditKind.RESTATED: _restatement,
    AuditKind.OBJECTION: _objection,
    AuditKind.RULING: _ruling,
    AuditKind.RECEIPTS: _receipts,
    AuditKind.REPORT_REQUESTED: _request,
    AuditKind.REQUEST_WITHDRAWN: _withdrawal,
    AuditKind.REGISTRY_CHANGED: _snapshot,
    AuditKind.RULES_CHANGED: _snapshot,
}
