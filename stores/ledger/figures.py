"""The figure of each element and local day: provisional while the day is open, final after its closing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, func, select, tuple_

from schemas.figures import Figure
from stores.ledger.tables import RECONCILIATION, day_figures
from stores.ledger.upsert import upsert

PROVISIONAL: Final = "provisional"
FINAL: Final = "final"
_KEYS_AT_ONCE: Final = 400


@dataclass(frozen=True, slots=True)
class DayFigure:
    """What was counted for an element on a local day, and what it was made from.

    `head_s` and `tail_s` are the down runs at the edges of the counted time `[from_ms, to_ms)`, with which days are
    joined to longer periods. `runs` are `[from_ms, to_ms, reading]`. `revision` grows with each writing.
    """

    element: str
    day: date
    enterprise: str
    kind: str
    unit: str | None
    technologies: tuple[str, ...]
    figure: Figure
    head_s: int
    tail_s: int
    from_ms: int
    to_ms: int
    runs: Sequence[Sequence[int]]
    state: str
    as_of_ms: int
    registry_digest: str
    rules_digest: str = ""
    inputs_digest: str = ""
    closed_at_ms: int | None = None
    revision: int = 1


def save_provisional(connection: Connection, figures: Sequence[DayFigure]) -> None:
    """Write figures of open days; what is final stays as it is."""
    _save(connection, figures, unless=day_figures.c.state == FINAL)


def save_final(connection: Connection, figures: Sequence[DayFigure]) -> None:
    """Write the official figures of a closed day."""
    _save(connection, figures, unless=None)


def figures_of_day(
    connection: Connection, day: date, elements: Sequence[str] | None = None
) -> list[DayFigure]:
    """The figures of a local day by element."""
    query = select(day_figures).where(day_figures.c.day == day).order_by(day_figures.c.element)
    if elements is not None:
        query = query.where(day_figures.c.element.in_(elements))
    return [_figure(row) for row in connection.execute(query).mappings()]


def figures_among(
    connection: Connection, keys: Sequence[tuple[str, date]]
) -> dict[tuple[str, date], DayFigure]:
    """The figures that are known of these (element, local day)."""
    found: dict[tuple[str, date], DayFigure] = {}
    key = tuple_(day_figures.c.element, day_figures.c.day)
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        query = select(day_figures).where(key.in_(keys[start : start + _KEYS_AT_ONCE]))
        found |= {(row["element"], row["day"]): _figure(row) for row in connection.execute(query).mappings()}
    return found


def final_among(connection: Connection, keys: Sequence[tuple[str, date]]) -> set[tuple[str, date]]:
    """Those of these (element, local day) whose figures are official."""
    found: set[tuple[str, date]] = set()
    key = tuple_(day_figures.c.element, day_figures.c.day)
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        query = select(day_figures.c.element, day_figures.c.day).where(
            day_figures.c.state == FINAL, key.in_(keys[start : start + _KEYS_AT_ONCE])
        )
        found |= {(row.element, row.day) for row in connection.execute(query)}
    return found


def any_between(connection: Connection, first: date, end: date) -> bool:
    """Whether there is a figure, of whatever state, of the local days `[first, end)`."""
    query = select(day_figures.c.day).where(day_figures.c.day >= first, day_figures.c.day < end).limit(1)
    return connection.execute(query).first() is not None


def first_days(connection: Connection, first: date, end: date) -> dict[str, date]:
    """The earliest of the local days `[first, end)` that each element has a figure of, provisional or final."""
    table = day_figures.c
    query = select(table.element, func.min(table.day)).where(table.day >= first, table.day < end)
    return {row[0]: row[1] for row in connection.execute(query.group_by(table.element))}


def elements_on(connection: Connection, day: date) -> set[str]:
    """The elements that have a figure of the local day."""
    return set(connection.execute(select(day_figures.c.element).where(day_figures.c.day == day)).scalars())


def last_day(connection: Connection) -> date | None:
    """The newest local day that has a figure; None where none has."""
    found: date | None = connection.execute(select(func.max(day_figures.c.day))).scalar()
    return found


def figures_of_element(connection: Connection, element: str, first: date, last: date) -> list[DayFigure]:
    """The element's figures of the local days `first` to `last`, in order."""
    query = (
        select(day_figures)
        .where(day_figures.c.element == element, day_figures.c.day >= first, day_figures.c.day <= last)
        .order_by(day_figures.c.day)
    )
    return [_figure(row) for row in connection.execute(query).mappings()]


def figures_of_enterprise(
    connection: Connection,
    enterprise: str,
    first: date,
    last: date,
    after: tuple[str, date] | None,
    limit: int,
) -> Iterator[DayFigure]:
    """A page of the enterprise's day figures by (element, day), beginning after the given key."""
    key = day_figures.c.element, day_figures.c.day
    query = (
        select(day_figures)
        .where(day_figures.c.enterprise == enterprise, day_figures.c.day >= first, day_figures.c.day <= last)
        .order_by(*key)
        .limit(limit)
    )
    if after is not None:
        element, day = after
        query = query.where((key[0] > element) | ((key[0] == element) & (key[1] > day)))
    for row in connection.execute(query).mappings():
        yield _figure(row)


def _save(connection: Connection, figures: Sequence[DayFigure], unless: Any) -> None:
    upsert(connection, day_figures, [_row(one) for one in figures], add=("revision",), unless=unless)


def _row(one: DayFigure) -> dict[str, Any]:
    figure = one.figure
    return {
        "day": one.day,
        "element": one.element,
        "enterprise": one.enterprise,
        "kind": one.kind,
        "unit": one.unit,
        "technologies": ";".join(one.technologies),
        "up_s": figure.up,
        "degraded_s": figure.degraded,
        "down_s": figure.down,
        "planned_s": figure.planned,
        "unknown_s": figure.unknown,
        "total_s": figure.total,
        "outages": figure.outages,
        "longest_s": figure.longest_s or 0,
        "head_s": one.head_s,
        "tail_s": one.tail_s,
        "from_ms": one.from_ms,
        "to_ms": one.to_ms,
        **dict(zip(RECONCILIATION, figure.pairs_s, strict=True)),
        "runs": one.runs,
        "revision": 1,
        "state": one.state,
        "as_of_ms": one.as_of_ms,
        "registry_digest": one.registry_digest,
        "rules_digest": one.rules_digest,
        "inputs_digest": one.inputs_digest,
        "closed_at_ms": one.closed_at_ms,
    }


def figure_from(row: Any, longest_s: int) -> Figure:
    """The figure of a row that has the columns of seconds, outages and reconciliation."""
    return Figure(
        int(row["up_s"]),
        int(row["degraded_s"]),
        int(row["down_s"]),
        int(row["planned_s"]),
        int(row["unknown_s"]),
        int(row["outages"]),
        longest_s if row["outages"] else None,
        tuple(int(row[name]) for name in RECONCILIATION),
    )


def _figure(values: RowMapping) -> DayFigure:
    return DayFigure(
        values["element"],
        values["day"],
        values["enterprise"],
        values["kind"],
        values["unit"],
        tuple(part for part in values["technologies"].split(";") if part),
        figure_from(values, values["longest_s"]),
        values["head_s"],
        values["tail_s"],
        values["from_ms"],
        values["to_ms"],
        values["runs"] or [],
        values["state"],
        values["as_of_ms"],
        values["registry_digest"],
        values["rules_digest"],
        values["inputs_digest"],
        values["closed_at_ms"],
        values["revision"],
    )
