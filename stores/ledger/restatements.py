"""Restatements of official figures: before and after stay on record."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, func, insert, select

from stores.ledger.tables import restatements


@dataclass(frozen=True, slots=True)
class Restatement:
    """One element's day, restated; `before` is None where there was no official figure."""

    number: int
    day: date
    element: str
    at_ms: int
    person: str
    reason: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any]


def save(connection: Connection, one: Restatement) -> None:
    """Keep it; `number` is `next_number`'s."""
    names = [column.name for column in restatements.columns]
    connection.execute(insert(restatements).values({name: getattr(one, name) for name in names}))


def next_number(connection: Connection) -> int:
    """The number of the next one; the connection must hold the writer's lock."""
    return int(connection.execute(select(func.max(restatements.c.number))).scalar() or 0) + 1


def get(connection: Connection, number: int) -> Restatement | None:
    """The restatement of that number."""
    row = connection.execute(select(restatements).where(restatements.c.number == number)).mappings().first()
    return Restatement(**row) if row is not None else None


def between(connection: Connection, first: date, end: date) -> list[Restatement]:
    """Those of the local days `[first, end)`, in the order in which they were made."""
    query = (
        select(restatements)
        .where(restatements.c.day >= first, restatements.c.day < end)
        .order_by(restatements.c.number)
    )
    return [Restatement(**row) for row in connection.execute(query).mappings()]
