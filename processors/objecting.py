"""Objections: an enterprise disputes an interval, an inspector rules; what follows is a dated adjustment, never an edit.

The official rows stay as they are. An upheld objection moves seconds of its interval from what they read to what was
claimed; verdicts and period figures show them with it, and name how many adjustments they hold.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection

from schemas.audit import AuditKind, NewAuditEntry
from schemas.registry import Registry
from schemas.status import Reading
from schemas.time import LocalCalendar
from stores.ledger import audit, figures, objections
from stores.ledger.figures import FINAL
from stores.ledger.objections import REJECTED, UPHELD, Adjustment, Objection

_LATER: Final = 1 << 62


class Claim(StrEnum):
    """What an interval should count as. Vietnamese: hoạt động, suy giảm, bảo trì theo kế hoạch, không xác định."""

    UP = "up"
    DEGRADED = "degraded"
    PLANNED = "planned"
    UNKNOWN = "unknown"


class ObjectionError(Exception):
    """The objection or ruling can't be taken; the message says why."""


def object_to(
    connection: Connection, registry: Registry, one: Objection, calendar: LocalCalendar
) -> Objection:
    """Take an objection in. The connection must hold the writer's lock.

    Raises:
        ObjectionError: not the enterprise's element, an empty interval, or days that are not closed.
    """
    if one.from_ms >= one.to_ms:
        raise ObjectionError("the interval is empty: its start must lie before its end")
    day, last = calendar.day_of(one.from_ms), calendar.day_of(one.to_ms - 1)
    known = {found.day: found for found in figures.figures_of_element(connection, one.element, day, last)}
    while day <= last:
        row = registry.on(one.element, day)
        if row is None or row.enterprise != one.enterprise:
            raise ObjectionError(f"{one.element} is not {one.enterprise}'s on {day}")
        if day not in known or known[day].state != FINAL:
            raise ObjectionError(f"{day} is not closed: evidence counts by itself until its close")
        day += timedelta(days=1)
    objections.raise_objection(connection, one)
    content = {
        "number": one.number,
        "enterprise": one.enterprise,
        "from_ms": one.from_ms,
        "to_ms": one.to_ms,
        "claim": one.claim,
        "evidence": one.evidence,
    }
    audit.append(
        connection, [NewAuditEntry(one.raised_ms, AuditKind.OBJECTION, one.element, one.raised_by, content)]
    )
    return one


def rule_on(
    connection: Connection,
    number: int,
    *,
    upheld: bool,
    person: str,
    ruling: str,
    now_ms: int,
    calendar: LocalCalendar,
) -> list[Adjustment]:
    """Rule on an objection; what it moves. The connection must hold the writer's lock.

    Raises:
        ObjectionError: there is no such objection without a ruling.
    """
    state = UPHELD if upheld else REJECTED
    one = objections.get(connection, number)
    if one is None:
        raise ObjectionError(f"there is no objection {number}")
    # What moved first is told by the moments of the rulings: they stand in their order, also by a clock that was set back.
    before = [
        each.ruled_ms or 0 for each in objections.every(connection, UPHELD) if each.element == one.element
    ]
    now_ms = max([now_ms, *(at_ms + 1 for at_ms in before)])
    if not objections.rule(connection, number, state, now_ms, person, ruling):
        raise ObjectionError(f"objection {number} was {one.state} by {one.ruled_by}")
    moved = list(adjustments(connection, one, calendar)) if upheld else []
    objections.save_adjustments(connection, moved)
    content = {
        "number": number,
        "state": state,
        "ruling": ruling,
        "days": [{"day": str(each.day), "down_s": each.down_s} for each in moved],
    }
    audit.append(connection, [NewAuditEntry(now_ms, AuditKind.RULING, one.element, person, content)])
    return moved


def readjust(connection: Connection, element: str, day: date, calendar: LocalCalendar) -> None:
    """Work out what upheld objections move of an element's day that was restated."""
    objections.forget_adjustments(connection, element, day)
    for one in objections.every(connection, UPHELD):
        if one.element == element:
            moved = [each for each in adjustments(connection, one, calendar) if each.day == day]
            objections.save_adjustments(connection, moved)


def adjustments(connection: Connection, one: Objection, calendar: LocalCalendar) -> Iterator[Adjustment]:
    """What the claim would move, day by day, from the official runs; what other objections moved already is theirs.

    Only down time becomes planned (spec: availability, section 4); other claims take what the interval reads.
    """
    first, last = calendar.day_of(one.from_ms), calendar.day_of(one.to_ms - 1)
    earlier = [
        known
        for known in objections.every(connection, UPHELD)
        if known.element == one.element
        and known.number != one.number
        and (known.ruled_ms or 0, known.number) < (one.ruled_ms or _LATER, one.number)
    ]
    for figure in figures.figures_of_element(connection, one.element, first, last):
        seconds = dict.fromkeys(Reading, 0)
        for begin, stop, read in figure.runs:
            reading = Reading(read)
            if not _takes(one, reading):
                continue
            taken = [(known.from_ms, known.to_ms) for known in earlier if _takes(known, reading)]
            spent = sum(
                (end - start) // 1000
                for start, end in _free(max(begin, one.from_ms), min(stop, one.to_ms), taken)
            )
            seconds[reading] -= spent
            seconds[Reading[one.claim.upper()]] += spent
        if any(seconds.values()):
            yield Adjustment(
                figure.day,
                one.element,
                one.number,
                seconds[Reading.UP],
                seconds[Reading.DEGRADED],
                seconds[Reading.DOWN],
                seconds[Reading.PLANNED],
                seconds[Reading.UNKNOWN],
            )


def _takes(one: Objection, reading: Reading) -> bool:
    """Whether the claim is about time that reads so.

    As a notice in time would have: only down time is excused. Time up that became planned would spend the month's cap, and
    beyond it count as down.
    """
    return one.claim != Claim.PLANNED or reading is Reading.DOWN


def _free(start: int, end: int, taken: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """What of `[start, end)` no other interval has."""
    for begin, stop in sorted(taken):
        if stop <= start or begin >= end:
            continue
        if begin > start:
            yield start, begin
        start = max(start, stop)
    if start < end:
        yield start, end
