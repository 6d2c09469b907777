"""Calendar periods of the configured zone: hours, days, months, quarters, years, as half-open intervals."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from schemas.time import from_ms, to_ms


class PeriodKind(StrEnum):
    """How long a period is. Vietnamese: giờ, ngày, tháng, quý, năm."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


_NAMED: Final = re.compile(r"(\d{4})(?:-(?:Q([1-4])|(\d{2})(?:-(\d{2}))?))?", re.ASCII)
_MONTHS: Final = {PeriodKind.MONTH: 1, PeriodKind.QUARTER: 3, PeriodKind.YEAR: 12}


@dataclass(frozen=True, slots=True)
class CalendarPeriod:
    """A period by its local days `[first, end)`, as people name it: `2026`, `2026-Q3`, `2026-09`, `2026-09-30`."""

    kind: PeriodKind
    first: date
    end: date

    @classmethod
    def named(cls, text: str) -> "CalendarPeriod":
        """The period of that name.

        Raises:
            ValueError: no such period.
        """
        found = _NAMED.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is no period: write 2026, 2026-Q3, 2026-09 or 2026-09-30")
        year, quarter, month, day = found.groups()
        try:
            first = date(int(year), 3 * int(quarter) - 2 if quarter else int(month or 1), int(day or 1))
            if day:
                return cls(PeriodKind.DAY, first, first + timedelta(days=1))
            kind = PeriodKind.QUARTER if quarter else PeriodKind.MONTH if month else PeriodKind.YEAR
            months = first.year * 12 + first.month - 1 + _MONTHS[kind]
            return cls(kind, first, date(months // 12, months % 12 + 1, 1))
        except (ValueError, OverflowError) as error:
            raise ValueError(f"{text!r} is no period: {error}") from error

    @property
    def name(self) -> str:
        """As `named` takes it."""
        quarter = f"{self.first.year:04}-Q{(self.first.month + 2) // 3}"
        return {
            PeriodKind.YEAR: f"{self.first.year:04}",
            PeriodKind.QUARTER: quarter,
            PeriodKind.MONTH: f"{self.first:%Y-%m}",
        }.get(self.kind, self.first.isoformat())

    def months(self) -> Iterator[tuple[date, date]]:
        """Its calendar months, cut to it, as `[first, end)`."""
        first = self.first
        while first < self.end:
            following = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
            yield first, min(following, self.end)
            first = following


class NotOnBoundaryError(ValueError):
    """An instant that no period of the kind starts at; `nearest` is the start of the one that holds it."""

    def __init__(self, instant: int, kind: PeriodKind, nearest: int, zone: str) -> None:
        local = from_ms(instant).astimezone(ZoneInfo(zone)).isoformat(timespec="milliseconds")
        start = from_ms(nearest).astimezone(ZoneInfo(zone)).isoformat(timespec="seconds")
        super().__init__(
            f"{local} is not the start of a {kind} in {zone}; the {kind} it lies in starts at {start}"
        )
        self.nearest = nearest


def start_of(instant: int, kind: PeriodKind, zone: str) -> int:
    """The start, in milliseconds, of the period that holds the instant."""
    local = from_ms(instant).astimezone(ZoneInfo(zone))
    if kind is PeriodKind.HOUR:
        # In absolute time, so that an hour repeated by a clock change stays two hours.
        into = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        return to_ms(local.astimezone(UTC) - into)
    day = local.date()
    month = {
        PeriodKind.DAY: day.month,
        PeriodKind.MONTH: day.month,
        PeriodKind.QUARTER: 3 * ((day.month - 1) // 3) + 1,
        PeriodKind.YEAR: 1,
    }[kind]
    first = day if kind is PeriodKind.DAY else date(day.year, month, 1)
    return to_ms(datetime(first.year, first.month, first.day, tzinfo=ZoneInfo(zone)))


def end_of(start: int, kind: PeriodKind, zone: str) -> int:
    """The end, in milliseconds, of the period that starts there."""
    longest_s = {
        PeriodKind.HOUR: 3600,
        PeriodKind.DAY: 26 * 3600,
        PeriodKind.MONTH: 32 * 86400,
        PeriodKind.QUARTER: 93 * 86400,
        PeriodKind.YEAR: 367 * 86400,
    }[kind]
    return start_of(start + longest_s * 1000, kind, zone)


def check_boundary(instant: int, kind: PeriodKind, zone: str) -> None:
    """Nothing, where a period of the kind starts at the instant.

    Raises:
        NotOnBoundaryError: it lies inside a period.
    """
    nearest = start_of(instant, kind, zone)
    if nearest != instant:
        raise NotOnBoundaryError(instant, kind, nearest, zone)


def periods(start: int, end: int, kind: PeriodKind, zone: str) -> Iterator[tuple[int, int]]:
    """The periods that tile `[start, end)`.

    Raises:
        NotOnBoundaryError: `start` or `end` lies inside a period.
    """
    check_boundary(start, kind, zone)
    check_boundary(end, kind, zone)
    while start < end:
        following = end_of(start, kind, zone)
        yield start, following
        start = following
