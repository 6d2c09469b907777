"""Enterprises' objections to intervals, their rulings, and the dated adjustments that follow from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, func, insert, select, update

from stores.ledger.tables import SECONDS, adjustments, objections

RAISED = "raised"
UPHELD = "upheld"
REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Objection:
    """An enterprise says that `[from_ms, to_ms)` of an element should count as `claim` (up, degraded, planned, unknown)."""

    number: int
    enterprise: str
    element: str
    from_ms: int
    to_ms: int
    claim: str
    evidence: str
    raised_ms: int
    raised_by: str
    state: str = RAISED
    ruled_ms: int | None = None
    ruled_by: str | None = None
    ruling: str | None = None


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What an upheld objection moves of an element's day: seconds by state, which add up to 0."""

    day: date
    element: str
    objection: int
    up_s: int
    degraded_s: int
    down_s: int
    planned_s: int
    unknown_s: int

    @property
    def seconds(self) -> tuple[int, int, int, int, int]:
        """As `Figure.moved` takes them."""
        return self.up_s, self.degraded_s, self.down_s, self.planned_s, self.unknown_s

    def __str__(self) -> str:
        """What moved, whole: `down -60 s, unknown +60 s`."""
        return in_words(self.seconds)


def in_words(moved: Sequence[int]) -> str:
    """Seconds by state, in the order of `SECONDS`; of states of which nothing moved nothing is said."""
    named = zip(SECONDS, moved, strict=True)
    return ", ".join(f"{name.removesuffix('_s')} {seconds:+} s" for name, seconds in named if seconds)


def raise_objection(connection: Connection, one: Objection) -> None:
    """Keep it; `number` is `next_number`'s."""
    names = [column.name for column in objections.columns]
    connection.execute(insert(objections).values({name: getattr(one, name) for name in names}))


def next_number(connection: Connection) -> int:
    """The number of the next one; the connection must hold the writer's lock."""
    return int(connection.execute(select(func.max(objections.c.number))).scalar() or 0) + 1


def get(connection: Connection, number: int) -> Objection | None:
    """The objection of that number."""
    row = connection.execute(select(objections).where(objections.c.number == number)).mappings().first()
    return Objection(**row) if row is not None else None


def every(connection: Connection, state: str | None = None) -> list[Objection]:
    """All of them, or those of a state, in order."""
    query = select(objections).order_by(objections.c.number)
    if state is not None:
        query = query.where(objections.c.state == state)
    return [Objection(**row) for row in connection.execute(query).mappings()]


def rule(connection: Connection, number: int, state: str, at_ms: int, person: str, ruling: str) -> bool:
    """Write a ruling on one that has none yet; whether there was such a one."""
    statement = (
        update(objections)
        .where(objections.c.number == number, objections.c.state == RAISED)
        .values(state=state, ruled_ms=at_ms, ruled_by=person, ruling=ruling)
    )
    return connection.execute(statement).rowcount == 1


def save_adjustments(connection: Connection, found: Sequence[Adjustment]) -> None:
    """Keep what a ruling moves."""
    names = [column.name for column in adjustments.columns]
    for one in found:
        connection.execute(insert(adjustments).values({name: getattr(one, name) for name in names}))


def moved_of(connection: Connection, first: date, end: date) -> list[int]:
    """The objections which moved something of the local days `[first, end)`."""
    query = (
        select(adjustments.c.objection)
        .where(adjustments.c.day >= first, adjustments.c.day < end)
        .distinct()
        .order_by(adjustments.c.objection)
    )
    return list(connection.execute(query).scalars())


def forget_adjustments(connection: Connection, element: str, day: date) -> None:
    """Take away what was moved of an element's day: it is worked out anew from a restated figure."""
    connection.execute(adjustments.delete().where(adjustments.c.element == element, adjustments.c.day == day))


def adjustments_between(
    connection: Connection, first: date, end: date
) -> dict[tuple[str, date], list[Adjustment]]:
    """What was moved of the local days `[first, end)`, by (element, day)."""
    query = (
        select(adjustments)
        .where(adjustments.c.day >= first, adjustments.c.day < end)
        .order_by(adjustments.c.objection)
    )
    found: dict[tuple[str, date], list[Adjustment]] = {}
    for row in connection.execute(query).mappings():
        found.setdefault((row["element"], row["day"]), []).append(Adjustment(**row))
    return found


def adjustments_of(connection: Connection, element: str, first: date, end: date) -> list[Adjustment]:
    """What was moved of the element's local days `[first, end)`."""
    query = (
        select(adjustments)
        .where(adjustments.c.element == element, adjustments.c.day >= first, adjustments.c.day < end)
        .order_by(adjustments.c.day, adjustments.c.objection)
    )
    return [Adjustment(**row) for row in connection.execute(query).mappings()]
