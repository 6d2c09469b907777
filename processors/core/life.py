"""Signs of life of the enterprises' feeds, by slot (spec section 3.3: when a feed is alive)."""

from collections.abc import Iterable, Iterator

import numpy as np

from processors.core.cells import IntArray
from processors.core.reading import Alive


class FeedLife:
    """The slots in which one enterprise gave a sign of life, by local day.

    `epoch` counts the changes to days that have already been read from, so that a reader knows what to read again.
    """

    def __init__(self) -> None:
        self._days: dict[int, set[int]] = {}
        self._sorted: dict[int, IntArray] = {}
        self.read_up_to = -1
        self.epoch = 0

    def add(self, day: int, slots: Iterable[int]) -> bool:
        """Add signs of life; False when all were known."""
        known = self._days.setdefault(day, set())
        size = len(known)
        known.update(slots)
        if len(known) == size:
            return False
        self._sorted.pop(day, None)
        if day < self.read_up_to:
            self.epoch += 1
        return True

    def drop_before(self, day: int) -> None:
        """Forget days before this one."""
        for old in [known for known in self._days if known < day]:
            del self._days[old]
            self._sorted.pop(old, None)

    def days(self) -> Iterator[int]:
        """The days with a sign of life, in order."""
        return iter(sorted(self._days))

    def slots(self, first_day: int, last_day: int) -> IntArray:
        """The slots of these days, both included, in order."""
        parts = [self._of(day) for day in range(first_day, last_day + 1) if day in self._days]
        return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)

    def _of(self, day: int) -> IntArray:
        if day not in self._sorted:
            known = self._days[day]
            self._sorted[day] = np.sort(np.fromiter(known, dtype=np.int64, count=len(known)))
        return self._sorted[day]


def alive_between(signs: IntArray, start: int, end: int, window: int) -> Alive:
    """For each slot of `[start, end)` whether a sign of life is in it or in one of the `window - 1` slots before."""
    signs = signs[(signs > start - window) & (signs < end)]
    edges = np.zeros(end - start + 1, dtype=np.int64)
    np.add.at(edges, np.maximum(signs, start) - start, 1)
    np.add.at(edges, np.minimum(signs + window, end) - start, -1)
    alive: Alive = np.cumsum(edges[:-1]) > 0
    return alive
