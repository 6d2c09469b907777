"""How enterprises stand in their open periods: running figures, and their elements' sums for running verdicts.

Fed with their elements' day figures. What it says is a function of the parts that it was given, whatever their order.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from processors.core.conventions import Conventions, Grid
from processors.core.periods import PeriodKind, end_of, start_of
from processors.core.running import Part, RunningDays
from schemas.figures import Figure
from schemas.registry import Kind

RUNNING: Final = (PeriodKind.DAY, PeriodKind.MONTH, PeriodKind.QUARTER)

Key = tuple[str, Kind]


class Took(StrEnum):
    """What became of a part."""

    KEPT = "kept"
    OLDER = "older"  # the same or something newer is known
    CLOSED = "closed"  # its quarter has closed: what counts now comes from the archive


@dataclass(frozen=True, slots=True)
class Standing:
    """An enterprise's period `[start, end)` (ms), as of the newest of its parts. `registry` is that part's digest."""

    enterprise: str
    kind: Kind
    period: PeriodKind
    start: int
    end: int
    as_of_ms: int
    registry: str
    figure: Figure


class Enterprises:
    """The open days of some enterprises, and what was told of them.

    Args:
        conventions: the deployment's constants.
    """

    def __init__(self, conventions: Conventions) -> None:
        self._grid = Grid(conventions)
        self._zone = conventions.zone
        self._running: dict[Key, RunningDays] = {}
        self._changed: dict[Key, set[int]] = {}
        self._open_from = 0

    def take(self, enterprise: str, kind: Kind, day: date, part: Part) -> Took:
        """Take in an element's day; `part.as_of_ms` also says how far time has come."""
        self._time_is(part.as_of_ms)
        number = day.toordinal()
        if number < self._open_from:
            return Took.CLOSED
        key = enterprise, kind
        if not self._running.setdefault(key, RunningDays()).take(number, part):
            return Took.OLDER
        self._changed.setdefault(key, set()).add(number)
        return Took.KEPT

    def standings(self) -> Iterator[Standing]:
        """The periods that changed since `told`."""
        for key in sorted(self._changed):
            spans = {
                (kind, start_of(self._grid.start_us(day) // 1000, kind, self._zone))
                for day in self._changed[key]
                for kind in RUNNING
            }
            for kind, start in sorted(spans, key=lambda span: (RUNNING.index(span[0]), span[1])):
                yield self._standing(key, kind, start)

    def sums(self, standing: Standing, first: date, end: date) -> Iterator[tuple[str, Figure, int]]:
        """Each of the standing's elements over the local days `[first, end)`: sums without outages, and of how many days."""
        running = self._running[standing.enterprise, standing.kind]
        days = [day for day in running.days if first.toordinal() <= day < end.toordinal()]
        return running.sums(days)

    def watched_from(self, standing: Standing) -> tuple[dict[str, date], date]:
        """The first local day of the standing's period that each of its elements has a part of, and the newest of all days."""
        running = self._running[standing.enterprise, standing.kind]
        days = self._days_of(running, standing.start, standing.end)
        first = running.first_days(days)
        return {name: date.fromordinal(day) for name, day in first.items()}, date.fromordinal(
            max(running.days)
        )

    def changed_days(self) -> Iterator[tuple[Key, date, bytes]]:
        """The days that changed since `told`, for storage."""
        for key, days in self._changed.items():
            for day in sorted(days):
                yield key, date.fromordinal(day), self._running[key].day_bytes(day)

    def told(self) -> None:
        """What changed was told and stored."""
        self._changed.clear()

    def restore_day(self, key: Key, day: date, stored: bytes) -> None:
        """Take in a stored day; it was told then."""
        running = self._running.setdefault(key, RunningDays())
        running.restore_day(day.toordinal(), stored)
        self._open_from = max(self._open_from, self._first_open(running.as_of([day.toordinal()])[0]))

    def drop_closed(self) -> Iterator[tuple[Key, date]]:
        """Forget days whose quarter has closed and was told; which ones."""
        for key, running in list(self._running.items()):
            for day in running.drop_before(self._open_from):
                yield key, date.fromordinal(day)
            if not running.days:
                del self._running[key]

    def _time_is(self, now_ms: int) -> None:
        self._open_from = max(self._open_from, self._first_open(now_ms))

    def _first_open(self, now_ms: int) -> int:
        """The first day of the first quarter that is not closed at this moment."""
        last_closed = self._grid.day_of(now_ms * 1000 - self._grid.conventions.lateness_s * 1_000_000) - 1
        following = self._grid.start_us(last_closed + 1) // 1000
        return self._grid.day_of(start_of(following, PeriodKind.QUARTER, self._zone) * 1000)

    def _standing(self, key: Key, kind: PeriodKind, start: int) -> Standing:
        running, end = self._running[key], end_of(start, kind, self._zone)
        days = self._days_of(running, start, end)
        return Standing(*key, kind, start, end, *running.as_of(days), running.figure(days))

    def _days_of(self, running: RunningDays, start: int, end: int) -> list[int]:
        first, last = self._grid.day_of(start * 1000), self._grid.day_of(end * 1000 - 1)
        return [day for day in running.days if first <= day <= last]
