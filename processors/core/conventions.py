"""The constants of the spec that a deployment may set, and the grid of slots they define."""

import math
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from schemas.time import DEFAULT_ZONE, LocalCalendar

US = 1_000_000
# Zones' offsets are multiples of a quarter of an hour, so each such quarter lies in one local day.
QUARTER_US = 900 * US


@dataclass(frozen=True)
class Conventions:
    """Spec sections 1 to 4 and 7. All durations in seconds; `grid_s` divides 3600."""

    grid_s: int = 10
    zone: str = DEFAULT_ZONE
    confirm_slots: int = 2
    fault_gap_s: int = 900
    max_future_s: int = 60
    min_notice_s: int = 24 * 3600
    max_window_s: int = 72 * 3600
    lateness_s: int = 72 * 3600

    def __post_init__(self) -> None:
        """Refuse a grid that hours can't be cut from."""
        if self.grid_s < 1 or 3600 % self.grid_s:
            raise ValueError(f"grid of {self.grid_s} s: it must divide 3600")


class Grid:
    """Slots, and the local days that hold them.

    A day is its ordinal (`date.toordinal`), a slot `floor(epoch_seconds / grid_s)`, an instant here is
    microseconds since the epoch: the finest that RFC 3339 text carries in practice. `slots_split_days` says whether
    a slot may begin on the day before some of its instants.
    """

    def __init__(self, conventions: Conventions) -> None:
        self.conventions = conventions
        self.seconds = conventions.grid_s
        self.slot_us = conventions.grid_s * US
        self._calendar = LocalCalendar(conventions.zone)
        self._start_us = lru_cache(maxsize=4096)(self._start_of)
        self.day_of_quarter = lru_cache(maxsize=1 << 16)(self._day_of)
        self.slots_split_days = bool(QUARTER_US % self.slot_us)

    def _start_of(self, day: int) -> int:
        return self._calendar.start_of(date.fromordinal(day)) * 1000

    def _day_of(self, quarter: int) -> int:
        return self._calendar.day_of(quarter * (QUARTER_US // 1000)).toordinal()

    def day_of(self, instant_us: int) -> int:
        """The local day that holds the instant."""
        return self.day_of_quarter(instant_us // QUARTER_US)

    def span(self, day: int) -> tuple[int, int]:
        """The slots `[first, end)` whose start lies in the local day."""
        return -(-self._start_us(day) // self.slot_us), -(-self._start_us(day + 1) // self.slot_us)

    def end_ms(self, slot: int) -> int:
        """The instant (ms) at which the slot is over."""
        return (slot + 1) * self.seconds * 1000

    def start_us(self, day: int) -> int:
        """The instant at which the local day starts."""
        return self._start_us(day)

    def close_us(self, day: int) -> int:
        """close(D): from here on the day's figures are final."""
        return self._start_us(day + 1) + self.conventions.lateness_s * US

    def is_closed(self, at_ms: int, now_ms: int) -> bool:
        """Whether the figures of the local day that holds the instant are final."""
        return now_ms * 1000 >= self.close_us(self.day_of(at_ms * 1000))

    def tier_of(self, received_us: int) -> int:
        """The first day whose close covers the moment of receipt.

        Evidence counts in the figures of day D exactly when its tier is at most D.
        """
        return self.day_of(received_us - self.conventions.lateness_s * US - 1)

    def slots_for(self, seconds: int) -> int:
        """How many slots a validity spans: `max(1, ceil(seconds / G))`."""
        return max(1, math.ceil(seconds / self.seconds))
