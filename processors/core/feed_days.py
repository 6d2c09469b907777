"""A feed's local day against its heartbeat: when it was silent for longer than three of them. Pure.

Alive is what the spec calls alive (availability, section 3.3): a sign of life, an event of any type that counts, lies
in the slot or not more than three heartbeats before it.
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from processors.core.conventions import Grid
from processors.core.life import alive_between

HEARTBEATS = 3


@dataclass(frozen=True, slots=True)
class FeedDay:
    """`silent_s` seconds of the day in `gaps` stretches, the longest of `longest_s`.

    `last_ms` is the sign of life that keeps the feed alive into the next day; None where none does.
    """

    enterprise: str
    day: int
    heartbeat_s: int
    total_s: int
    silent_s: int
    gaps: int
    longest_s: int
    last_ms: int | None
    ends_silent: bool


class FeedSigns:
    """The slots in which enterprises gave signs of life, by day. Any order gives the same."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._slots: dict[int, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))

    def note(self, enterprise: str, day: int, slot: int) -> None:
        """Take a sign of life; `day` is the slot's."""
        self._slots[day][enterprise].add(slot)

    def day(self, enterprise: str, heartbeat_s: int, day: int, before_ms: int | None) -> FeedDay:
        """The feed's day; `before_ms` is `last_ms` of the day before."""
        grid = self._grid
        first, end = grid.span(day)
        slots = sorted(self._slots[day][enterprise]) if day in self._slots else []
        before = [before_ms * 1000 // grid.slot_us] if before_ms is not None else []
        window = grid.slots_for(HEARTBEATS * heartbeat_s)
        alive = alive_between(np.array(before + slots, dtype=np.int64), first, end, window)
        edges = np.flatnonzero(np.diff(np.concatenate(([True], alive, [True])).astype(np.int8)))
        last = max(before + slots, default=first - window)
        lengths = (edges[1::2] - edges[::2]) * grid.seconds
        return FeedDay(
            enterprise,
            day,
            heartbeat_s,
            (end - first) * grid.seconds,
            int(lengths.sum()),
            len(lengths),
            int(lengths.max()) if len(lengths) else 0,
            last * grid.slot_us // 1000 if last + window > end else None,
            bool(not alive[-1]),
        )

    def drop_before(self, day: int) -> None:
        """Forget earlier days."""
        for old in [at for at in self._slots if at < day]:
            del self._slots[old]
