"""Sums of stored days by element and stretch of days: what verdicts over long periods are made from, in few rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection, case, func, select

from schemas.figures import Figure, total_of
from stores.ledger.figures import FINAL
from stores.ledger.tables import RECONCILIATION, SECONDS, adjustments, day_figures

_NOTHING: Final = (0,) * 6


@dataclass(frozen=True, slots=True)
class ElementSum:
    """An element under one owner over the days of one stretch. `open_days` of its `days` are not final yet.

    `figure` has no outages: days are not joined here. What upheld objections move is in its seconds; `adjusted_days`
    are the days of which something was.
    """

    element: str
    enterprise: str
    stretch: int
    figure: Figure
    days: int
    open_days: int
    adjusted_days: int = 0

    def with_days_of(self, other: "ElementSum") -> "ElementSum":
        """The element's sum over these days and other ones of the same stretch."""
        return replace(
            self,
            figure=total_of([self.figure, other.figure]),
            days=self.days + other.days,
            open_days=self.open_days + other.open_days,
            adjusted_days=self.adjusted_days + other.adjusted_days,
        )


def element_sums(
    connection: Connection, stretches: Sequence[tuple[date, date]], kind: str, enterprise: str | None = None
) -> Iterator[ElementSum]:
    """The sums over each stretch `[first, end)` of local days; stretches are in order and do not overlap."""
    table = day_figures.c
    # Consecutive stretches: the last one whose first day has come.
    which: Any = case(*((table.day >= first, at) for at, (first, _) in reversed(list(enumerate(stretches)))))
    wanted = [table.day >= stretches[0][0], table.day < stretches[-1][1], table.kind == kind]
    if enterprise is not None:
        wanted.append(table.enterprise == enterprise)
    query = (
        select(
            table.element,
            table.enterprise,
            which.label("stretch"),
            *(func.sum(table[name]).label(name) for name in (*SECONDS, *RECONCILIATION)),
            func.count().label("days"),
            func.sum(case((table.state == FINAL, 0), else_=1)).label("open_days"),
        )
        .where(*wanted)
        .group_by(table.element, table.enterprise, "stretch")
        .order_by(table.element, table.enterprise, "stretch")
    )
    moved = _moved(connection, which, stretches, kind)
    for row in connection.execute(query):
        up, degraded, down, planned, unknown, *pairs = (int(number) for number in row[3:-2])
        by = moved.get((row[0], row[1], row[2]), _NOTHING)
        figure = Figure(up, degraded, down, planned, unknown, 0, None, tuple(pairs)).moved(by[:5])
        yield ElementSum(row[0], row[1], row[2], figure, int(row[-2]), int(row[-1]), by[5])


def _moved(
    connection: Connection, which: Any, stretches: Sequence[tuple[date, date]], kind: str
) -> dict[tuple[str, str, int], tuple[int, ...]]:
    """What objections moved, by element, owner and stretch: seconds by state, and of how many days."""
    table = day_figures.c
    query = (
        select(
            table.element,
            table.enterprise,
            which.label("stretch"),
            *(func.sum(adjustments.c[name]) for name in SECONDS),
            func.count(table.day.distinct()),
        )
        .join_from(
            adjustments,
            day_figures,
            (table.element == adjustments.c.element) & (table.day == adjustments.c.day),
        )
        .where(table.day >= stretches[0][0], table.day < stretches[-1][1], table.kind == kind)
        .group_by(table.element, table.enterprise, "stretch")
    )
    return {(row[0], row[1], row[2]): tuple(int(one) for one in row[3:]) for row in connection.execute(query)}
