"""Declared against measured over a period, from the ledger's days: by element, enterprise, commune or the province."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sqlalchemy import Connection

from processors.core.declared_against_measured import Divergence, FindingKind, divergence, findings
from processors.core.outages_of_a_period import Interval, all_down, down_runs
from processors.core.periods import CalendarPeriod
from schemas.registry import Kind, Registry
from schemas.status import Reading
from schemas.time import DEFAULT_ZONE, LocalCalendar
from stores.ledger import enterprise_word, figures
from stores.ledger.periods import PeriodFigure, element_figures, scope_figures
from stores.ledger.unwatched import unwatched_in

# As long as a declaration may take to arrive without being late.
TOLERANCE_S: Final = 900
SCOPES: Final = ("element", "enterprise", "unit", "province")


@dataclass(frozen=True, slots=True)
class DayFinding:
    """One element's day over the tolerance; `figure` is what `btswatch explain` takes.

    Of a late declaration `longest_s` is the longest delay; of differing causes the outage and what either side named.
    """

    kind: FindingKind
    element: str
    enterprise: str
    day: date
    seconds: int
    longest_s: int | None = None
    from_ms: int | None = None
    to_ms: int | None = None
    measured: str | None = None
    declared: str | None = None

    @property
    def figure(self) -> str:
        """The name of the figure that it rests on."""
        return f"{self.element}@{self.day}"


def over_period(
    connection: Connection,
    registry: Registry,
    period: CalendarPeriod,
    scope: str,
    kind: Kind = Kind.STATION,
    enterprise: str | None = None,
    zone: str = DEFAULT_ZONE,
) -> dict[str, PeriodFigure]:
    """The period's figures of a scope, whose pairs are the table; of an enterprise what of it was that one's.

    Time in service before anything was watched is unknown time.

    Raises:
        ValueError: no such scope.
    """
    first, last = period.first, period.end - timedelta(days=1)
    lacking = unwatched_in(connection, registry, [(first, period.end)], LocalCalendar(zone))
    if scope == "element":
        return element_figures(
            connection, first, last, kind=kind.value, enterprise=enterprise, unwatched=lacking
        )
    return scope_figures(
        connection, scope, first, last, kind=kind.value, enterprise=enterprise, unwatched=lacking
    )


def divergences(
    connection: Connection,
    registry: Registry,
    period: CalendarPeriod,
    scope: str,
    kind: Kind = Kind.STATION,
    enterprise: str | None = None,
    zone: str = DEFAULT_ZONE,
) -> dict[str, tuple[PeriodFigure, Divergence]]:
    """The period's figures of a scope, each with its parts and score.

    Raises:
        ValueError: no such scope.
    """
    found = over_period(connection, registry, period, scope, kind, enterprise, zone)
    declared = enterprise_word.declared_time(
        connection, scope, period.first, period.end, kind=kind.value, enterprise=enterprise
    )
    nothing = enterprise_word.DeclaredTime(0, 0)
    parts = {name: declared.get(name, nothing) for name in found}
    return {
        name: (one, divergence(one.figure, parts[name].declared_s, parts[name].late_s))
        for name, one in found.items()
    }


def day_findings(
    connection: Connection,
    period: CalendarPeriod,
    tolerance_s: int = TOLERANCE_S,
    enterprise: str | None = None,
    kinds: Collection[FindingKind] = tuple(FindingKind),
) -> Iterator[DayFinding]:
    """Every element's day that is over the tolerance, by day, element and kind. Late ones and causes are of closed days."""
    day = period.first
    while day < period.end:
        found = [*_of_figures(connection, day, tolerance_s), *_of_word(connection, day, tolerance_s)]
        for one in sorted(found, key=lambda one: (one.element, one.kind, one.from_ms or 0)):
            if enterprise in (None, one.enterprise) and one.kind in kinds:
                yield one
        day += timedelta(days=1)


def _of_figures(connection: Connection, day: date, tolerance_s: int) -> Iterator[DayFinding]:
    for one in figures.figures_of_day(connection, day):
        for kind, seconds in findings(one.figure, tolerance_s):
            yield DayFinding(kind, one.element, one.enterprise, day, seconds)


def _of_word(connection: Connection, day: date, tolerance_s: int) -> Iterator[DayFinding]:
    for late in enterprise_word.late_on(connection, day):
        if late.late_s > tolerance_s:
            yield DayFinding(
                FindingKind.LATE_DECLARATION,
                late.element,
                late.enterprise,
                day,
                late.late_s,
                longest_s=late.longest_s,
            )
    for one in enterprise_word.differing_on(connection, day):
        if one.seconds > tolerance_s:
            yield DayFinding(
                FindingKind.DIFFERING_CAUSE,
                one.element,
                one.enterprise,
                day,
                one.seconds,
                from_ms=one.from_ms,
                to_ms=one.to_ms,
                measured=one.measured,
                declared=one.declared,
            )


@dataclass(frozen=True, slots=True)
class DarkUnit:
    """A commune or ward without any working station of those that are registered in it, over `[from_ms, to_ms)`."""

    unit: str
    stations: int
    from_ms: int
    to_ms: int


def outages_by_unit(day: Iterable[figures.DayFigure]) -> dict[str, list[list[Interval]]]:
    """When each station in service served nobody, by the unit that it is in.

    One that is out of service has a figure of no time: it serves nobody, and hides nothing; nor does one in service for a
    part of the day in the rest of it.
    """
    found: dict[str, list[figures.DayFigure]] = defaultdict(list)
    for one in day:
        if one.kind == Kind.STATION.value and one.unit and one.figure.total:
            found[one.unit].append(one)
    return {unit: list(_not_serving(stations)) for unit, stations in found.items()}


def _not_serving(stations: Sequence[figures.DayFigure]) -> Iterator[list[Interval]]:
    first, last = min(one.from_ms for one in stations), max(one.to_ms for one in stations)
    for one in stations:
        # While the day is open a figure may end earlier because it is older.
        end = one.to_ms if one.state == figures.FINAL else last
        before, after = (first, one.from_ms, Reading.DOWN), (end, last, Reading.DOWN)
        yield down_runs(run for run in (before, *one.runs, after) if run[0] < run[1])


def dark_units(
    connection: Connection, registry: Registry, period: CalendarPeriod, enterprise: str | None = None
) -> Iterator[DarkUnit]:
    """Communes in which all stations, or all of an enterprise, were down at once, by unit and time.

    A unit without stations in service is none.
    """
    found: dict[tuple[str, int], list[Interval]] = defaultdict(list)
    day = period.first
    while day < period.end:
        own = (one for one in figures.figures_of_day(connection, day) if enterprise in (None, one.enterprise))
        for unit, outages in outages_by_unit(own).items():
            for start, end in all_down(outages) if registry.unit_on(unit, day) else ():
                known = found[unit, len(outages)]
                if known and known[-1][1] == start:
                    known[-1] = known[-1][0], end
                else:
                    known.append((start, end))
        day += timedelta(days=1)
    for (unit, count), intervals in sorted(found.items()):
        for start, end in intervals:
            yield DarkUnit(unit, count, start, end)
