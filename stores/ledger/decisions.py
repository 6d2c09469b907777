"""What people decided about closed days, element by element: restatements, and what upheld objections move."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, select

from schemas.canonical import canonical_json
from schemas.figures import NO_TIME, Figure
from stores.ledger import objections, restatements
from stores.ledger.figures import figure_from
from stores.ledger.objections import UPHELD, Adjustment, Objection
from stores.ledger.restatements import Restatement
from stores.ledger.tables import adjustments as adjustments_table
from stores.ledger.tables import restatements as restatements_table


@dataclass(frozen=True, slots=True)
class Decided:
    """The decisions about one element's closed day, each kind in the order of its numbers.

    `objections` are those that moved something of the day, `adjustments` what each of them moved.
    """

    restatements: tuple[Restatement, ...] = ()
    objections: tuple[Objection, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()

    def counted(self, official: Figure) -> Figure:
        """The official figure with what objections move: what verdicts and the console count."""
        for one in self.adjustments:
            official = official.moved(one.seconds)
        return official

    def first_closed(self, official: Figure) -> Figure:
        """As it was first closed, before any restatement; without seconds where there was no figure then."""
        if not self.restatements:
            return official
        before = self.restatements[0].before
        return figure_from(before, before["longest_s"]) if before else NO_TIME


def of_day(connection: Connection, day: date) -> dict[str, Decided]:
    """What was decided about a local day, by element; of most days nothing."""
    end = day + timedelta(days=1)
    moved = objections.adjustments_between(connection, day, end)
    restated: dict[str, list[Restatement]] = defaultdict(list)
    for one in restatements.between(connection, day, end):
        restated[one.element].append(one)
    upheld = {one.number: one for one in objections.every(connection, UPHELD)} if moved else {}
    found = {}
    for element in sorted({*restated, *(name for name, _ in moved)}):
        adjusted = moved.get((element, day), [])
        found[element] = Decided(
            tuple(restated[element]),
            tuple(upheld[each.objection] for each in adjusted),
            tuple(adjusted),
        )
    return found


def digests(connection: Connection, first: date, end: date) -> dict[date, str]:
    """A digest over what was decided about each local day of `[first, end)`; days without any decision have none."""
    told: dict[date, list[list[Any]]] = defaultdict(list)
    table = restatements_table.c
    query = (
        select(table.day, table.element, table.number)
        .where(table.day >= first, table.day < end)
        .order_by(table.number)
    )
    for row in connection.execute(query):
        told[row.day].append(["restatement", row.element, row.number])
    moves = select(adjustments_table).where(adjustments_table.c.day >= first, adjustments_table.c.day < end)
    for row in connection.execute(moves.order_by(*adjustments_table.primary_key)):
        told[row.day].append(["adjustment", *row[1:]])
    return {day: f"sha256:{sha256(canonical_json(each).encode()).hexdigest()}" for day, each in told.items()}
