"""Declared against measured over a period, from the ledger's days: by element, enterprise, commune or the province."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sqlalchemy import Connection

from processors.core.declared_against_measured import FindingKind, findings
from processors.core.outages_of_a_period import Interval, all_down, down_runs
from processors.core.periods import CalendarPeriod
from schemas.registry import Kind, Registry
from stores.ledger import figures
from stores.ledger.periods import PeriodFigure, element_figures, scope_figures

# As long as a declaration may take to arrive without being late.
TOLERANCE_S: Final = 900
SCOPES: Final = ("element", "enterprise", "unit", "province")


@dataclass(frozen=True, slots=True)
class DayFinding:
    """One element's day over the tolerance; `figure` is what `btswatch explain` takes."""

    kind: FindingKind
    element: str
    enterprise: str
    day: date
    seconds: int

    @property
    def figure(self) -> str:
        """The name of the figure that it rests on."""
        return f"{self.element}@{self.day}"


def over_period(
    connection: Connection,
    period: CalendarPeriod,
    scope: str,
    kind: Kind = Kind.STATION,
    enterprise: str | None = None,
) -> dict[str, PeriodFigure]:
    """The period's figures of a scope, whose pairs are the table.

    Raises:
        ValueError: no such scope.
    """
    last = period.end - timedelta(days=1)
    if scope == "element":
        return element_figures(connection, period.first, last, kind=kind.value, enterprise=enterprise)
    found = scope_figures(connection, scope, period.first, last, kind=kind.value)
    if scope == "enterprise" and enterprise is not None:
        return {name: one for name, one in found.items() if name == enterprise}
    return found


def day_findings(
    connection: Connection,
    period: CalendarPeriod,
    tolerance_s: int = TOLERANCE_S,
    enterprise: str | None = None,
) -> Iterator[DayFinding]:
    """Every element's day that is over the tolerance, by day and element."""
    day = period.first
    while day < period.end:
        for one in figures.figures_of_day(connection, day):
            if enterprise in (None, one.enterprise):
                for kind, seconds in findings(one.figure, tolerance_s):
                    yield DayFinding(kind, one.element, one.enterprise, day, seconds)
        day += timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DarkUnit:
    """A commune or ward without any working station of those that are registered in it, over `[from_ms, to_ms)`."""

    unit: str
    stations: int
    from_ms: int
    to_ms: int


def dark_units(connection: Connection, registry: Registry, period: CalendarPeriod) -> Iterator[DarkUnit]:
    """Communes in which all stations were down at once, by unit and time. A unit without stations is none."""
    found: dict[tuple[str, int], list[Interval]] = defaultdict(list)
    day = period.first
    while day < period.end:
        stations: dict[str, list[list[Interval]]] = defaultdict(list)
        for one in figures.figures_of_day(connection, day):
            if one.kind == Kind.STATION.value and one.unit is not None and registry.unit_on(one.unit, day):
                stations[one.unit].append(down_runs(one.runs))
        for unit, outages in stations.items():
            for start, end in all_down(outages):
                known = found[unit, len(outages)]
                if known and known[-1][1] == start:
                    known[-1] = known[-1][0], end
                else:
                    known.append((start, end))
        day += timedelta(days=1)
    for (unit, count), intervals in sorted(found.items()):
        for start, end in intervals:
            yield DarkUnit(unit, count, start, end)
