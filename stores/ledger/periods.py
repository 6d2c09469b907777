"""Figures of longer periods and of scopes, from the stored days: sums, and outages joined over midnight."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection, Subquery, and_, case, func, literal, select

from schemas.figures import NO_TIME, Figure, total_of
from schemas.registry import Element
from stores.ledger.figures import FINAL, figure_from
from stores.ledger.tables import RECONCILIATION, SECONDS, adjustments, day_figures
from stores.ledger.unwatched import Unwatched

PROVINCE: Final = "province"
_NOTHING: Final = (0,) * 6


@dataclass(frozen=True, slots=True)
class PeriodFigure:
    """The figure of an element or a scope over `[first, last]` local days; `final` when all its stored days are.

    What upheld objections moved is in its seconds; `adjusted_days` are the element-days of which something was. Outages and
    reconciliation tell what was read: they stay as they were.
    """

    id: str
    figure: Figure
    elements: int
    final: bool
    adjusted_days: int = 0


def element_figures(
    connection: Connection,
    first: date,
    last: date,
    *,
    kind: str | None = None,
    enterprise: str | None = None,
    unwatched: Iterable[Unwatched],
) -> dict[str, PeriodFigure]:
    """Each element's figure over the local days `first` to `last`, by element; with what `unwatched_in` found of them."""
    days = _days(first, last, kind, enterprise)
    query = _summed(days, days.c.element)
    longest = _longest(connection, days, lambda row: row.element)
    moved = _moved(connection, _wanted(first, last, kind, enterprise), day_figures.c.element)
    found = {row["id"]: _period(row, longest, moved) for row in connection.execute(query).mappings()}
    lacking = _lacking(unwatched, kind, enterprise)
    return _with_unwatched(found, lacking, lambda row: row.id, {(name, name) for name in found})


def scope_figures(
    connection: Connection,
    scope: str,
    first: date,
    last: date,
    *,
    kind: str | None = "station",
    enterprise: str | None = None,
    unwatched: Iterable[Unwatched],
) -> dict[str, PeriodFigure]:
    """The figures of a scope over the local days `first` to `last`: by enterprise, unit, technology, or the province.

    With what `unwatched_in` found of these days.

    A station counts on each day where it was on that day, and under each of its technologies; of an enterprise only on
    the days on which it was that one's.

    Raises:
        ValueError: no such scope.
    """
    # An element's outage ends, for whom it belongs to, with its belonging. By technology it goes on: one of several may stay.
    whose = scope if scope in ("enterprise", "unit") else None
    days = _days(first, last, kind, enterprise, whose)
    group: Any
    if scope == PROVINCE:
        group, name = literal(PROVINCE), PROVINCE
    elif scope in ("enterprise", "unit", "technology"):
        name = "technologies" if scope == "technology" else scope
        group = days.c[name]
    else:
        raise ValueError(f"no scope {scope!r}: enterprise, unit, technology or province")
    longest = _longest(
        connection,
        days,
        lambda row: PROVINCE if scope == PROVINCE else getattr(row, name),
        apart=whose is not None,
    )
    rows = connection.execute(_summed(days, group)).mappings()
    owner = literal(PROVINCE) if scope == PROVINCE else day_figures.c[name]
    moved = _moved(connection, _wanted(first, last, kind, enterprise), owner)
    found = {row["id"]: _period(row, longest, moved) for row in rows if row["id"] is not None}
    lacking = _lacking(unwatched, kind, enterprise)
    if lacking:
        pairs = select(group, days.c.element).distinct()
        counted = {(row[0], row[1]) for row in connection.execute(pairs)}
        found = _with_unwatched(found, lacking, partial(_owner, scope), counted)
    return _by_technology(found.values()) if scope == "technology" else found


def _days(
    first: date,
    last: date,
    kind: str | None,
    enterprise: str | None,
    whose: str | None = None,
) -> Subquery:
    """The stored days, each with the edge of the element's day before; of the same `whose`, if one is given."""
    table = day_figures.c
    names = ("element", "day", "enterprise", "unit", "technologies", "state", *SECONDS, *RECONCILIATION)
    edges = ("outages", "longest_s", "head_s", "tail_s", "from_ms", "to_ms", "total_s")
    wanted = _wanted(first, last, kind, enterprise)
    together = [table.element] if whose is None else [table.element, table[whose]]
    over: dict[str, Any] = {"partition_by": together, "order_by": table.day}
    return (
        select(
            *(table[name] for name in names + edges),
            func.lag(table.tail_s).over(**over).label("before_s"),
            func.lag(table.to_ms).over(**over).label("before_ms"),
        )
        .where(and_(*wanted))
        .subquery()
    )


def _wanted(first: date, last: date, kind: str | None, enterprise: str | None) -> list[Any]:
    """Which rows of the days are asked for."""
    table = day_figures.c
    wanted = [table.day >= first, table.day <= last]
    wanted += [table.kind == kind] if kind else []
    wanted += [table.enterprise == enterprise] if enterprise else []
    return wanted


def _moved(connection: Connection, wanted: list[Any], owner: Any) -> dict[str, tuple[int, ...]]:
    """What objections moved, by owner: seconds by state, and of how many element-days. Few rows are read."""
    table = adjustments.c
    by_day = (
        select(table.element, table.day, *(func.sum(table[name]).label(name) for name in SECONDS))
        .group_by(table.element, table.day)
        .subquery()
    )
    query = (
        select(owner.label("id"), *(func.sum(by_day.c[name]) for name in SECONDS), func.count())
        .join_from(
            by_day,
            day_figures,
            (day_figures.c.element == by_day.c.element) & (day_figures.c.day == by_day.c.day),
        )
        .where(*wanted)
        .group_by("id")
    )
    return {row[0]: tuple(int(one) for one in row[1:]) for row in connection.execute(query)}


def _goes_on(days: Subquery) -> Any:
    """Whether an outage of the day before runs on over midnight."""
    return and_(days.c.before_s > 0, days.c.head_s > 0, days.c.before_ms == days.c.from_ms)


def _summed(days: Subquery, group: Any) -> Any:
    return select(
        group.label("id"),
        *(func.sum(days.c[name]).label(name) for name in (*SECONDS, *RECONCILIATION)),
        (func.sum(days.c.outages) - func.sum(case((_goes_on(days), 1), else_=0))).label("outages"),
        func.max(days.c.longest_s).label("longest_s"),
        func.count(days.c.element.distinct()).label("elements"),
        func.min(case((days.c.state == FINAL, 1), else_=0)).label("final"),
    ).group_by("id")


def _longest(
    connection: Connection, days: Subquery, key: Callable[[Any], str], *, apart: bool = False
) -> dict[str, int]:
    """The longest outage over midnight by group: only the few days whose outages touch an edge are looked at."""
    longest: dict[str, int] = defaultdict(int)
    query = select(days).where((days.c.head_s > 0) | (days.c.tail_s > 0)).order_by(days.c.element, days.c.day)
    element, owner, until, running = "", "", 0, 0
    for row in connection.execute(query):
        joins = row.element == element and row.from_ms == until and (key(row) == owner or not apart)
        joined = (running if joins else 0) + row.head_s
        longest[key(row)] = max(longest[key(row)], joined)
        whole = row.head_s == row.total_s
        element, owner = row.element, key(row)
        until, running = row.to_ms, joined if whole else row.tail_s
    return longest


def _period(row: Any, longest: dict[str, int], moved: dict[str, tuple[int, ...]]) -> PeriodFigure:
    figure = figure_from(row, max(row["longest_s"], longest.get(row["id"], 0)))
    *seconds, days = moved.get(row["id"], _NOTHING)
    return PeriodFigure(row["id"], figure.moved(seconds), row["elements"], bool(row["final"]), days)


def _lacking(found: Iterable[Unwatched], kind: str | None, enterprise: str | None) -> list[Unwatched]:
    return [
        one
        for one in found
        if kind in (None, one.row.kind.value) and enterprise in (None, one.row.enterprise)
    ]


def _owner(scope: str, row: Element) -> str | None:
    """As the stored days name it."""
    if scope == PROVINCE:
        return PROVINCE
    return ";".join(row.technologies) if scope == "technology" else getattr(row, scope)


def _with_unwatched(
    found: dict[str, PeriodFigure],
    lacking: Iterable[Unwatched],
    owner: Callable[[Element], str | None],
    counted: set[tuple[str, str]],
) -> dict[str, PeriodFigure]:
    """Add time that nobody watched. `counted` are the elements that each owner's figure has already."""
    more: dict[str, list[Figure]] = defaultdict(list)
    for one in lacking:
        name = owner(one.row)
        if name is not None:
            more[name].append(one.figure)
            counted.add((name, one.row.id))
    elements = Counter(name for name, _ in counted) if more else Counter()
    whole = dict(found)
    for name, parts in more.items():
        known = found.get(name) or PeriodFigure(name, NO_TIME, 0, final=True)
        whole[name] = replace(known, figure=total_of([known.figure, *parts]), elements=elements[name])
    return whole


def _by_technology(found: Iterable[PeriodFigure]) -> dict[str, PeriodFigure]:
    groups: dict[str, list[PeriodFigure]] = defaultdict(list)
    for one in found:
        for technology in filter(None, one.id.split(";")):
            groups[technology].append(one)
    return {
        name: PeriodFigure(
            name,
            total_of(one.figure for one in parts),
            sum(one.elements for one in parts),
            all(one.final for one in parts),
            sum(one.adjusted_days for one in parts),
        )
        for name, parts in sorted(groups.items())
    }
