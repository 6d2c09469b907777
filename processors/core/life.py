"""Signs of life of the enterprises' feeds, by slot (spec section 3.3: when a feed is alive)."""

from collections.abc import Iterable
from typing import Final

import numpy as np

from processors.core.cells import IntArray
from processors.core.reading import Alive

EMPTY: Final[IntArray] = np.empty(0, dtype=np.int64)


class FeedLife:
    """The slots in which one enterprise gave a sign of life, by local day.

    A status event of an element with dated rows is one only on the days whose row says that the element is the
    enterprise's: such signs are kept by element. `epoch` counts the changes to days that have already been read from,
    so that a reader knows what to read again.

    Args:
        heartbeat_s: three of these after a sign the feed is no longer alive.
    """

    def __init__(self, heartbeat_s: int) -> None:
        self._signs: dict[tuple[str, int], set[int]] = {}
        self._sorted: dict[tuple[str, int], IntArray] = {}
        self.reach_days = days_back(heartbeat_s)
        self.read_up_to = -1
        self.epoch = 0

    def add(self, day: int, slots: Iterable[int], element: str = "") -> bool:
        """Add signs of life; False when all were known. `element` is given where it decides whose sign it is."""
        known = self._signs.setdefault((element, day), set())
        size = len(known)
        known.update(slots)
        if len(known) == size:
            return False
        self._sorted.pop((element, day), None)
        if day < self.read_up_to:
            self.epoch += 1
        return True

    def drop_before(self, day: int) -> None:
        """Forget days that can't keep the feed alive on this day any more."""
        for old in [key for key in self._signs if key[1] < day - self.reach_days]:
            del self._signs[old]
            self._sorted.pop(old, None)

    def slots(self, first_day: int, last_day: int, elements: Iterable[str] = ()) -> IntArray:
        """The slots of these days, both included, in no order; also those of these elements."""
        parts = [
            self._of((element, day)) for element in ("", *elements) for day in range(first_day, last_day + 1)
        ]
        return np.concatenate(parts) if parts else EMPTY

    def slots_by(self, element: str, day: int) -> IntArray:
        """The slots of one day in which the element's events were signs, in order."""
        return self._of((element, day))

    def _of(self, key: tuple[str, int]) -> IntArray:
        known = self._signs.get(key)
        if known is None:
            return EMPTY
        if key not in self._sorted:
            self._sorted[key] = np.sort(np.fromiter(known, dtype=np.int64, count=len(known)))
        return self._sorted[key]


def days_back(heartbeat_s: int) -> int:
    """How many local days back a sign of life may lie that decides what a day reads.

    The shortest local day has 23 hours; one more day, since a reading goes on from a silence not yet confirmed.
    """
    return -(-3 * heartbeat_s // (23 * 3600)) + 1


def alive_between(signs: IntArray, start: int, end: int, window: int) -> Alive:
    """For each slot of `[start, end)` whether a sign of life is in it or in one of the `window - 1` slots before."""
    signs = signs[(signs > start - window) & (signs < end)]
    edges = np.zeros(end - start + 1, dtype=np.int64)
    np.add.at(edges, np.maximum(signs, start) - start, 1)
    np.add.at(edges, np.minimum(signs + window, end) - start, -1)
    alive: Alive = np.cumsum(edges[:-1]) > 0
    return alive
