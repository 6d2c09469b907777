"""Calendar periods of the configured zone: hours, days, months, quarters, years, as half-open intervals."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from schemas.time import from_ms, to_ms


class PeriodKind(StrEnum):
    """How long a period is. Vietnamese: giờ, ngày, tháng, quý, năm."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


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
