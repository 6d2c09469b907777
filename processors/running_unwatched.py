"""Time of running periods before their elements were watched, as a worker knows it: by the days that were told of.

A worker has no ledger that says when watching began, and needs none: silent elements are told of too, so that time of which
nothing was told is unknown: before the installation, in a backlog (see the ledger's `unwatched_in`), or lost with the table.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from processors.core.enterprises import Enterprises, Standing
from schemas.figures import total_of
from schemas.registry import Element, Kind, Registry
from schemas.time import LocalCalendar
from stores.ledger.unwatched import Unwatched, Watched, unwatched


class RunningUnwatched:
    """What periods lack of elements that were in service before their first known day of it.

    Args:
        registry: what was in service, and whose.
        calendar: of the deployment's zone.
    """

    def __init__(self, registry: Registry, calendar: LocalCalendar) -> None:
        self._calendar = calendar
        self._rows: dict[tuple[str, Kind], list[Element]] = defaultdict(list)
        for name in sorted(registry.elements):
            for row in registry.elements[name]:
                self._rows[row.enterprise, row.kind].append(row)

    def of(
        self, standing: Standing, enterprises: Enterprises, stretches: Sequence[tuple[date, date]]
    ) -> Iterator[Unwatched]:
        """By row and stretch, `[first, end)` of local days, all of them in the standing's quarter."""
        seen, newest = enterprises.watched_from(standing)
        rows = self._rows.get((standing.enterprise, standing.kind), ())
        return unwatched(rows, stretches, Watched(newest, seen), self._calendar)

    def whole(self, standing: Standing, enterprises: Enterprises) -> Standing:
        """The standing with the unknown time that its days lack."""
        days = self._calendar.day_of(standing.start), self._calendar.day_of(standing.end)
        lacking = (one.figure for one in self.of(standing, enterprises, [days]))
        return replace(standing, figure=total_of([standing.figure, *lacking]))
