"""Time of a period before its first watched day: in service, and nobody knows how (spec: availability, section 5).

A quarter in whose last week an installation began has a week of known time, not a quarter with full coverage.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection

from processors.closing import CLOSING_FROM
from processors.core.portions import Stretch
from schemas.figures import Figure
from schemas.registry import Element, Kind, Registry
from schemas.time import LocalCalendar
from stores.ledger import closings, figures, positions
from stores.ledger.sums import ElementSum


@dataclass(frozen=True, slots=True)
class Watched:
    """From which local day on elements were watched: `before` it none was, but for `seen`, which have a first day of their own."""

    before: date
    seen: Mapping[str, date] = field(default_factory=dict)


def watched_from(connection: Connection) -> Watched | None:
    """From the first official day on; None where nothing is known.

    Before any day was closed, from each element's first figure on: in a backlog workers do not tell of silent elements,
    which only a closing counts. One without a figure was not watched until the newest day.
    """
    begun = positions.known_property(connection, CLOSING_FROM)
    official = date.fromisoformat(begun) if begun else closings.first_closed(connection)
    if official is not None:
        return Watched(official)
    newest = figures.last_day(connection)
    return None if newest is None else Watched(newest, figures.first_days(connection))


def unwatched(
    registry: Registry,
    stretches: Sequence[Stretch],
    kind: Kind,
    watched: Watched,
    calendar: LocalCalendar,
    enterprise: str | None = None,
) -> Iterator[ElementSum]:
    """What elements in service had of the stretches before they were watched, all of it unknown, by element, owner and stretch.

    Args:
        registry: what was in service, and whose.
        stretches: of the period, in order.
        kind: of the elements.
        watched: from when on they were.
        calendar: of the deployment's zone.
        enterprise: only of elements while they are this one's.
    """
    for name in sorted(registry.elements):
        until = watched.seen.get(name, watched.before)
        found: dict[tuple[str, int], tuple[int, int]] = {}
        for row in registry.elements[name]:
            if row.kind is not kind or enterprise not in (None, row.enterprise):
                continue
            for at, one in enumerate(stretches):
                begins, ends = _in_service(row, one.first, min(one.end, until), calendar)
                if begins < ends:
                    seconds, days = found.get((row.enterprise, at), (0, 0))
                    more = (calendar.day_of(ends - 1) - calendar.day_of(begins)).days + 1
                    found[row.enterprise, at] = seconds + (ends - begins) // 1000, days + more
        for (owner, at), (seconds, days) in found.items():
            figure = Figure(0, 0, 0, 0, seconds, 0, None, (seconds,) + (0,) * 15)
            yield ElementSum(name, owner, at, figure, days, 0)


def _in_service(row: Element, first: date, end: date, calendar: LocalCalendar) -> tuple[int, int]:
    """From when until when (ms) of the local days `[first, end)`; it ends before it begins where it was not."""
    begins = calendar.start_of(max(first, row.valid_from or first))
    ends = calendar.start_of(min(end, row.valid_to or end))
    return (
        begins if row.commissioned is None else max(begins, row.commissioned),
        ends if row.decommissioned is None else min(ends, row.decommissioned),
    )
