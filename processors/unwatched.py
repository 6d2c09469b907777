"""Time of a period before the ledger's first official day: in service, and nobody knows how (spec: availability, section 5).

A quarter in whose last week an installation began has a week of known time, not a quarter with full coverage.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from sqlalchemy import Connection

from processors.closing import CLOSING_FROM
from processors.core.portions import Stretch
from schemas.figures import Figure
from schemas.registry import Kind, Registry
from schemas.time import LocalCalendar
from stores.ledger import closings, positions
from stores.ledger.sums import ElementSum


def first_day(connection: Connection) -> date | None:
    """The first official local day; None before any was closed."""
    begun = positions.known_property(connection, CLOSING_FROM)
    return date.fromisoformat(begun) if begun else closings.first_closed(connection)


def unwatched(
    registry: Registry, stretches: Sequence[Stretch], kind: Kind, before: date, calendar: LocalCalendar
) -> Iterator[ElementSum]:
    """What elements in service had of the stretches before that day, all of it unknown, by element, owner and stretch."""
    days = [(at, day) for at, one in enumerate(stretches) for day in _days(one.first, min(one.end, before))]
    for name in sorted(registry.elements) if days else ():
        found: dict[tuple[str, int], tuple[int, int]] = {}
        for at, day in days:
            row = registry.on(name, day)
            if row is None or row.kind is not kind:
                continue
            start, end = calendar.start_of(day), calendar.start_of(day + timedelta(days=1))
            begins = max(start, row.commissioned if row.commissioned is not None else start)
            ends = min(end, row.decommissioned if row.decommissioned is not None else end)
            if begins < ends:
                seconds, count = found.get((row.enterprise, at), (0, 0))
                found[row.enterprise, at] = seconds + (ends - begins) // 1000, count + 1
        for (owner, at), (seconds, count) in found.items():
            figure = Figure(0, 0, 0, 0, seconds, 0, None, (seconds,) + (0,) * 15)
            yield ElementSum(name, owner, at, figure, count, 0)


def _days(first: date, end: date) -> Iterator[date]:
    while first < end:
        yield first
        first += timedelta(days=1)
