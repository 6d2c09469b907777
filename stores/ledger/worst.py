"""Where the down time lies: element-days and elements with the most of it. Averages alone hide bad stations."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, select

from stores.ledger.tables import day_figures


@dataclass(frozen=True, slots=True)
class WorstDay:
    """An element's day; `undeclared_s` is time measured down while the enterprise declared up."""

    element: str
    day: date
    down_s: int
    undeclared_s: int


def worst_days(
    connection: Connection,
    first: date,
    end: date,
    limit: int,
    *,
    element: str | None = None,
    enterprise: str | None = None,
    unit: str | None = None,
) -> list[WorstDay]:
    """The element-days of the local days `[first, end)` with the most down time; none without any."""
    table = day_figures.c
    query = (
        select(table.element, table.day, table.down_s, table.rec_down_up_s)
        .where(table.day >= first, table.day < end, table.down_s > 0)
        .order_by(table.down_s.desc(), table.day, table.element)
        .limit(limit)
    )
    if element is not None:
        query = query.where(table.element == element)
    if enterprise is not None:
        query = query.where(table.enterprise == enterprise)
    if unit is not None:
        query = query.where(table.unit == unit)
    return [WorstDay(*row) for row in connection.execute(query)]
