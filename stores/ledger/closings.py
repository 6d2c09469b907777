"""Which local days are closed, and what the closing of the next one reads on from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import Connection, func, select

from stores.ledger.positions import known_property
from stores.ledger.tables import carries, closed_days
from stores.ledger.upsert import upsert

LIVE: Final = "live"
CLOSED: Final = "closed"
CLOSING_FROM: Final = "closing_from"
"""A property: the first local day to be closed, where it is not the archive's first."""
CLOSING_HELD_FROM: Final = "closing_held_from"
"""A property: from this local day on none may be closed yet, since it is still being imported; empty or absent: none is held."""


@dataclass(frozen=True, slots=True)
class ClosedDay:
    """One closed local day: how much it was made from. `complete` is false while elements are still being written."""

    day: date
    closed_at_ms: int
    complete: bool
    elements: int
    events: int
    differences: int
    registry_digest: str
    inputs_digest: str
    notes: Mapping[str, Any]


def save_closed(connection: Connection, closed: ClosedDay) -> None:
    """Write a closing's record."""
    names = [column.name for column in closed_days.columns]
    upsert(connection, closed_days, [{name: getattr(closed, name) for name in names}])


def save_begun(connection: Connection, day: date, now_ms: int, registry_digest: str) -> None:
    """Note that the day's official rows are being written: who reads it meanwhile knows why they are not sealed."""
    save_closed(connection, ClosedDay(day, now_ms, False, 0, 0, 0, registry_digest, "", {}))


def last_closed(connection: Connection) -> date | None:
    """The latest local day whose closing is complete."""
    found: date | None = connection.execute(
        select(func.max(closed_days.c.day)).where(closed_days.c.complete)
    ).scalar()
    return found


def first_official(connection: Connection) -> date | None:
    """The local day that official figures begin with; None before any was closed, unless closing was told where to begin."""
    begun = known_property(connection, CLOSING_FROM)
    return date.fromisoformat(begun) if begun else first_closed(connection)


def first_closed(connection: Connection) -> date | None:
    """The earliest local day whose closing is complete."""
    found: date | None = connection.execute(
        select(func.min(closed_days.c.day)).where(closed_days.c.complete)
    ).scalar()
    return found


def closings(connection: Connection, first: date, last: date) -> list[ClosedDay]:
    """The closings of the local days `first` to `last`, with one that is under way."""
    query = (
        select(closed_days)
        .where(closed_days.c.day >= first, closed_days.c.day <= last)
        .order_by(closed_days.c.day)
    )
    return [ClosedDay(**row) for row in connection.execute(query).mappings()]


def complete(connection: Connection, first: date, last: date) -> list[ClosedDay]:
    """Those of them that are done: the days that are official."""
    return [one for one in closings(connection, first, last) if one.complete]


def not_closed(connection: Connection, first: date, end: date) -> list[date]:
    """The local days of `[first, end)`, from the first official one on, that are not closed; none before any was closed."""
    begun = first_official(connection)
    if begun is None:
        return []
    closed = {one.day for one in complete(connection, first, end)}
    first = max(first, begun)
    days = (first + timedelta(days=n) for n in range((end - first).days))
    return [day for day in days if day not in closed]


def save_carries(connection: Connection, day: date, basis: str, found: Mapping[str, bytes]) -> None:
    """Keep what reading each element's local day needs of the days before it; `basis` is LIVE or CLOSED."""
    upsert(
        connection,
        carries,
        [
            {"day": day, "element": element, "basis": basis, "carry": carry}
            for element, carry in found.items()
        ],
    )


def carries_into(
    connection: Connection, day: date, basis: str, elements: Sequence[str] | None = None
) -> dict[str, bytes]:
    """What is carried into the local day, by element."""
    query = select(carries.c.element, carries.c.carry).where(carries.c.day == day, carries.c.basis == basis)
    if elements is not None:
        query = query.where(carries.c.element.in_(elements))
    return {row.element: row.carry for row in connection.execute(query)}


def drop_carries_before(connection: Connection, day: date, basis: str) -> None:
    """Forget the carries into earlier local days."""
    connection.execute(carries.delete().where(carries.c.day < day, carries.c.basis == basis))
