"""Which local days of the demonstration's past are closed history, and which are still open."""

from dataclasses import dataclass
from datetime import date, timedelta

from processors.core.conventions import Conventions
from schemas.time import LocalCalendar


@dataclass(frozen=True, slots=True)
class PastDays:
    """Local days. `closed` can be closed at once; `open` can't yet, the last of them is the day life began."""

    closed: tuple[date, ...]
    open: tuple[date, ...]


def past_days(live_from: int, days: int, conventions: Conventions, delay_s: float) -> PastDays:
    """`days` closed days, and all that came since up to the instant `live_from` (ms).

    Args:
        live_from: when life began.
        days: how many closed days.
        conventions: say when a day closes.
        delay_s: how long after that it is closed.
    """
    calendar = LocalCalendar(conventions.zone)
    today = calendar.day_of(live_from)
    first_open = today
    lateness_ms = conventions.lateness_s * 1000 + int(delay_s * 1000)
    while calendar.end_of(first_open - timedelta(days=1)) + lateness_ms > live_from:
        first_open -= timedelta(days=1)
    closed = tuple(first_open - timedelta(days=n) for n in range(days, 0, -1))
    still = tuple(first_open + timedelta(days=n) for n in range((today - first_open).days + 1))
    return PastDays(closed, still)
