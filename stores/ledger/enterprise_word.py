"""What closing found of the enterprises' word: what was declared late, causes that differ, feeds' silence."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, Table, func, literal, select

from stores.ledger.figures import FINAL
from stores.ledger.periods import PROVINCE
from stores.ledger.tables import (
    RECONCILIATION,
    closed_days,
    day_figures,
    differing_causes,
    feed_days,
    late_declarations,
)
from stores.ledger.upsert import upsert

# In the notes of a closing that found these: how many element-days hold something late.
NOTED = "late_declarations"
_DECLARED = tuple(name for name in RECONCILIATION if not name.endswith("_unknown_s"))


@dataclass(frozen=True, slots=True)
class LateRow:
    """An element's day of which something was declared late; `received_ms` where that goes on into the next day."""

    day: date
    element: str
    enterprise: str
    late_s: int
    longest_s: int
    received_ms: int | None


@dataclass(frozen=True, slots=True)
class DifferingRow:
    """An outage of an element's day of which both sides name causes (joined by `;`), and others."""

    day: date
    element: str
    from_ms: int
    enterprise: str
    to_ms: int
    seconds: int
    measured: str
    declared: str


@dataclass(frozen=True, slots=True)
class FeedRow:
    """A feed's day: how long, and how often, it gave no sign of life for three heartbeats."""

    day: date
    enterprise: str
    heartbeat_s: int
    total_s: int
    silent_s: int
    gaps: int
    longest_s: int
    last_ms: int | None
    ends_silent: bool


@dataclass(frozen=True, slots=True)
class DeclaredTime:
    """Of a scope's closed days: seconds of which the enterprise said something, and those of them that it said late."""

    declared_s: int
    late_s: int


def save_of_elements(
    connection: Connection,
    day: date,
    elements: Sequence[str],
    late: Iterable[LateRow],
    differing: Iterable[DifferingRow],
) -> None:
    """Replace what is known of these elements' day."""
    for table, rows in ((late_declarations, late), (differing_causes, differing)):
        connection.execute(table.delete().where(table.c.day == day, table.c.element.in_(elements)))
        _save(connection, table, rows)


def save_feeds(connection: Connection, rows: Iterable[FeedRow]) -> None:
    """Replace these feeds' days."""
    _save(connection, feed_days, rows)


def told_into(connection: Connection, day: date) -> tuple[dict[str, tuple[str, int]], dict[str, int]] | None:
    """What the closing of the day before left: late receipts by element, and last signs of life by enterprise.

    None where that day was not closed, or without looking for them.
    """
    before = day - timedelta(days=1)
    notes = connection.execute(
        select(closed_days.c.notes).where(closed_days.c.day == before, closed_days.c.complete)
    ).scalar()
    if notes is None or NOTED not in notes:
        return None
    late = select(late_declarations).where(
        late_declarations.c.day == before, late_declarations.c.received_ms.is_not(None)
    )
    signs = select(feed_days).where(feed_days.c.day == before, feed_days.c.last_ms.is_not(None))
    return (
        {row.element: (row.enterprise, row.received_ms) for row in connection.execute(late)},
        {row.enterprise: row.last_ms for row in connection.execute(signs)},
    )


def received_of(connection: Connection, day: date, element: str) -> int | None:
    """The `received_ms` that is stored of an element's day."""
    table = late_declarations.c
    query = select(table.received_ms).where(table.day == day, table.element == element)
    found: int | None = connection.execute(query).scalar()
    return found


def late_on(connection: Connection, day: date) -> list[LateRow]:
    """What was declared late of a day, by element."""
    table = late_declarations
    query = select(table).where(table.c.day == day, table.c.late_s > 0).order_by(table.c.element)
    return [LateRow(**row) for row in connection.execute(query).mappings()]


def differing_on(connection: Connection, day: date) -> list[DifferingRow]:
    """The outages of a day with differing causes, by element and time."""
    table = differing_causes
    query = select(table).where(table.c.day == day).order_by(table.c.element, table.c.from_ms)
    return [DifferingRow(**row) for row in connection.execute(query).mappings()]


def feeds_between(
    connection: Connection, first: date, end: date, enterprises: Collection[str] | None = None
) -> list[FeedRow]:
    """The feeds' days of `[first, end)`, by enterprise and day."""
    table = feed_days
    query = (
        select(table).where(table.c.day >= first, table.c.day < end).order_by(table.c.enterprise, table.c.day)
    )
    if enterprises is not None:
        query = query.where(table.c.enterprise.in_(enterprises))
    return [FeedRow(**row) for row in connection.execute(query).mappings()]


def declared_time(
    connection: Connection,
    scope: str,
    first: date,
    end: date,
    *,
    kind: str = "station",
    enterprise: str | None = None,
) -> Mapping[str, DeclaredTime]:
    """The sums over the closed days `[first, end)` by element, enterprise, unit or province."""
    table = day_figures.c
    group: Any = literal(PROVINCE) if scope == PROVINCE else table[scope]
    query = (
        select(
            group.label("id"),
            func.sum(sum((table[name] for name in _DECLARED[1:]), table[_DECLARED[0]])),
            func.sum(func.coalesce(late_declarations.c.late_s, 0)),
        )
        .join_from(
            day_figures,
            late_declarations,
            (table.day == late_declarations.c.day) & (table.element == late_declarations.c.element),
            isouter=True,
        )
        .where(table.day >= first, table.day < end, table.state == FINAL, table.kind == kind)
        .group_by("id")
    )
    if enterprise is not None:
        query = query.where(table.enterprise == enterprise)
    return {
        name: DeclaredTime(int(declared), int(late))
        for name, declared, late in connection.execute(query)
        if name is not None
    }


def _save(connection: Connection, table: Table, rows: Iterable[LateRow | DifferingRow | FeedRow]) -> None:
    names = [column.name for column in table.columns]
    upsert(connection, table, [{name: getattr(one, name) for name in names} for one in rows])
