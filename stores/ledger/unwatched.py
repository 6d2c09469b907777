"""Time of a period before it was watched: in service, and nobody knows how (spec: availability, section 5).

A quarter in whose last week an installation began, or a station was registered, has a week of known time of it, not a quarter
with full coverage.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, select

from schemas.figures import Figure
from schemas.registry import Element, Kind, Registry
from schemas.time import LocalCalendar
from stores.ledger import closings, figures
from stores.ledger.sums import ElementSum
from stores.ledger.tables import day_figures


@dataclass(frozen=True, slots=True)
class Watched:
    """From which local day on elements were watched: `before` it none was, but for `seen`, which have a first day of their own."""

    before: date
    seen: Mapping[str, date]


@dataclass(frozen=True, slots=True)
class Unwatched:
    """What an element, as one row of the registry has it, had of a stretch of days before it was watched."""

    row: Element
    stretch: int
    seconds: int
    days: int

    @property
    def figure(self) -> Figure:
        """All of it unknown, by the measurement as by the enterprise's word."""
        return Figure(0, 0, 0, 0, self.seconds, 0, None, (self.seconds,) + (0,) * 15)


def unwatched(
    rows: Iterable[Element], stretches: Sequence[tuple[date, date]], watched: Watched, calendar: LocalCalendar
) -> Iterator[Unwatched]:
    """What elements in service had of the stretches before they were watched, by row and stretch.

    Args:
        rows: of the registry: what was in service, and whose.
        stretches: local days `[first, end)`, in order.
        watched: from when on they were.
        calendar: of the deployment's zone.
    """
    for row in rows:
        until = watched.seen.get(row.id, watched.before)
        for at, (first, end) in enumerate(stretches):
            if until <= first:
                break
            begins, ends = _in_service(row, first, min(end, until), calendar)
            if begins < ends:
                days = (calendar.day_of(ends - 1) - calendar.day_of(begins)).days + 1
                yield Unwatched(row, at, (ends - begins) // 1000, days)


def unwatched_sums(found: Iterable[Unwatched]) -> Iterator[ElementSum]:
    """As sums, which go with those of the stored days."""
    for one in found:
        yield ElementSum(one.row.id, one.row.enterprise, one.stretch, one.figure, one.days, 0)


def unwatched_in(
    connection: Connection,
    registry: Registry,
    stretches: Sequence[tuple[date, date]],
    calendar: LocalCalendar,
) -> list[Unwatched]:
    """What the ledger's figures of the stretches lack: time in service before an element's first figure in them.

    An element without any is unknown until the first official day (one that was registered later says nothing of the time
    before), and before any day was closed until the newest: in a backlog workers do not tell of silent elements, which only
    a closing counts. Of an enterprise of which nothing at all is known, no figure is made up.
    """
    first, end = stretches[0][0], stretches[-1][1]
    complete = figures.elements_on(connection, first)
    names = [name for name in sorted(registry.elements) if name not in complete]
    newest = figures.last_day(connection) if names else None
    if newest is None:
        return []
    official = closings.first_official(connection)
    watched = Watched(official or newest, figures.first_days(connection, first, end))
    rows = (row for name in names for row in registry.elements[name])
    found = list(unwatched(rows, stretches, watched, calendar))
    known = _known_owners(connection, first, end) if found else set()
    return [one for one in found if (one.row.enterprise, one.row.kind) in known]


def _known_owners(connection: Connection, first: date, end: date) -> set[tuple[str, Kind]]:
    table = day_figures.c
    query = select(table.enterprise, table.kind).where(table.day >= first, table.day < end).distinct()
    return {(row[0], Kind(row[1])) for row in connection.execute(query)}


def _in_service(row: Element, first: date, end: date, calendar: LocalCalendar) -> tuple[int, int]:
    """From when until when (ms) the row was in service of the local days `[first, end)`; it ends before it begins where it was not."""
    begins = calendar.start_of(max(first, row.valid_from or first))
    ends = calendar.start_of(min(end, row.valid_to or end))
    return (
        begins if row.commissioned is None else max(begins, row.commissioned),
        ends if row.decommissioned is None else min(ends, row.decommissioned),
    )


def was_in_service(row: Element, first: date, end: date, calendar: LocalCalendar) -> bool:
    """Whether the row was in service at any time of the local days `[first, end)`."""
    begins, ends = _in_service(row, first, end, calendar)
    return begins < ends
