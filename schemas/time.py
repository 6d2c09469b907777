"""Time at the borders: RFC 3339 in and out, integer milliseconds inside, the local calendar at the edges.

Inside the product an instant is an `int`: milliseconds since 1970-01-01T00:00:00Z. It compares fast,
serialises exactly and can't lose its zone.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DEFAULT_ZONE = "Asia/Ho_Chi_Minh"
EARLIEST_MS = 86_400_000
LATEST_MS = 32_503_593_600_000
"""1970-01-02 and 2999-12-31: outside of these no slot number fits its cell, and no zone has a date."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def to_ms(moment: datetime) -> int:
    """Milliseconds since the epoch, rounded down. `moment` must be aware."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone")
    return (moment - _EPOCH) // _MS


def could_be_meant(ms: int) -> bool:
    """Whether it could be the moment of a message of ours: one that we can count with, or the epoch, before anything came."""
    return 0 <= ms <= LATEST_MS


def from_ms(ms: int) -> datetime:
    """The aware UTC datetime of `ms`."""
    return _EPOCH + ms * _MS


def parse_rfc3339(text: str) -> datetime:
    """An aware UTC datetime from RFC 3339 text.

    Raises:
        ValueError: not a date and time, without an offset, or with one that leads out of the calendar.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone: write an offset such as Z or +07:00")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text!r} is in no year that UTC has") from error


def format_ms(ms: int) -> str:
    """RFC 3339 in UTC with milliseconds, such as 2026-11-02T05:00:57.427Z."""
    return from_ms(ms).strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}Z"


def known_zone(name: str) -> str:
    """The name of a time zone that exists.

    Raises:
        ValueError: there is none of this name.
    """
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"no time zone {name!r}; such as {DEFAULT_ZONE}") from error


@dataclass(frozen=True)
class LocalCalendar:
    """Days of the configured time zone as half-open intervals of milliseconds."""

    zone: str = DEFAULT_ZONE

    def day_of(self, ms: int) -> date:
        """The local date that holds the instant."""
        return from_ms(ms).astimezone(_zone(self.zone)).date()

    def start_of(self, day: date) -> int:
        """The instant at which the local day starts."""
        return _start_of(self.zone, day)

    def end_of(self, day: date) -> int:
        """The instant at which the next local day starts."""
        return _start_of(self.zone, day + timedelta(days=1))

    def format(self, ms: int) -> str:
        """RFC 3339 with the zone's offset, to the second."""
        return from_ms(ms).astimezone(_zone(self.zone)).isoformat(timespec="seconds")


@lru_cache(maxsize=16)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@lru_cache(maxsize=4096)
def _start_of(zone: str, day: date) -> int:
    return to_ms(datetime(day.year, day.month, day.day, tzinfo=_zone(zone)))
