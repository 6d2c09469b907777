"""Running sums of one enterprise: the newest figure of each of its elements' open days, added up to longer periods.

A part is an element's day. Every part is kept, so that a newer one replaces it exactly; which one is kept depends on
the parts alone, not on the order or the number of times in which they came.
"""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from schemas.figures import NO_TIME, Figure

Rows = npt.NDArray[np.int64]

_AS_OF, _FROM, _TO, _HEAD, _TAIL, _LONGEST, _OUTAGES = range(7)
_STATES = slice(7, 12)  # up, degraded, down, planned, unknown
_PAIRS = slice(12, 28)
_WIDTH: Final = 28
NEVER: Final = (0, "")
_ABSENT: Final = np.zeros((1, _WIDTH), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Part:
    """What one element-day adds, as of `as_of_ms`.

    `head_s` and `tail_s` are the down runs at the edges of the counted time `[from_ms, to_ms)`, by which an outage over
    midnight is one outage of the longer period. `registry` is the digest of the registry it was read with.
    """

    element: str
    as_of_ms: int
    from_ms: int
    to_ms: int
    head_s: int
    tail_s: int
    figure: Figure
    registry: str = ""

    def as_row(self) -> Rows:
        """For comparison and storage."""
        figure = self.figure
        edges = self.as_of_ms, self.from_ms, self.to_ms, self.head_s, self.tail_s
        states = figure.up, figure.degraded, figure.down, figure.planned, figure.unknown
        row = [*edges, figure.longest_s or 0, figure.outages, *states, *figure.pairs_s]
        return np.array(row, dtype=np.int64)


class RunningDays:
    """The parts of one enterprise's elements of one kind, by local day (its ordinal).

    Memory: 224 bytes an element and day.
    """

    def __init__(self) -> None:
        self._index: dict[str, int] = {}
        self._days: dict[int, Rows] = {}
        self._registry: dict[int, tuple[int, str]] = {}

    @property
    def days(self) -> list[int]:
        """The days that have parts, in order."""
        return sorted(self._days)

    def take(self, day: int, part: Part) -> bool:
        """Keep the part if it is newer than the one that is known; whether it is kept.

        Two parts as of one moment should be the same. Should they not be, the one with the greater numbers is kept.
        """
        at = self._index.setdefault(part.element, len(self._index))
        rows = self._rows(day, at)
        new = part.as_row()
        if new.tolist() <= rows[at].tolist():
            return False
        rows[at] = new
        self._registry[day] = max(self._registry.get(day, NEVER), (part.as_of_ms, part.registry))
        return True

    def as_of(self, days: Iterable[int]) -> tuple[int, str]:
        """The newest moment that a part of these days is as of, and the digest of its registry."""
        return max((self._registry[day] for day in days if day in self._registry), default=NEVER)

    def figure(self, days: Iterable[int]) -> Figure:
        """The sum over these days: outages joined over midnight by element, the longest of all elements' longest."""
        stack = self._stack(days)
        if not len(stack):
            return NO_TIME
        sums = stack.sum(axis=(0, 1))
        joins, longest = _over_midnight(stack)
        outages = int(sums[_OUTAGES]) - joins
        up, degraded, down, planned, unknown = sums[_STATES].tolist()
        longest_s = max(longest, int(stack[:, :, _LONGEST].max())) if outages else None
        return Figure(up, degraded, down, planned, unknown, outages, longest_s, tuple(sums[_PAIRS].tolist()))

    def sums(self, days: Iterable[int]) -> Iterator[tuple[str, Figure, int]]:
        """Each element's sum over these days, without outages, and how many of them it has a part of; by name."""
        stack = self._stack(days)
        if not len(stack):
            return
        counts = (stack[:, :, _AS_OF] > 0).sum(axis=0).tolist()
        rows = stack.sum(axis=0).tolist()
        for name, at in sorted(self._index.items()):
            if counts[at]:
                up, degraded, down, planned, unknown = rows[at][_STATES]
                pairs = tuple(rows[at][_PAIRS])
                yield name, Figure(up, degraded, down, planned, unknown, 0, None, pairs), counts[at]

    def first_days(self, days: Iterable[int]) -> dict[str, int]:
        """The first of these days that each element has a part of; nothing of elements without any."""
        first = np.zeros(len(self._index), dtype=np.int64)
        for day in sorted((set(days) & self._days.keys()), reverse=True):
            rows = self._days[day][: len(first)]
            first[: len(rows)][rows[:, _AS_OF] > 0] = day
        return {name: day for name, day in zip(self._index, first.tolist(), strict=True) if day}

    def drop_before(self, day: int) -> list[int]:
        """Forget the days before this one, and the elements that have no part any more; which days."""
        old = [known for known in self._days if known < day]
        if old:
            kept = [(known, self.day_bytes(known)) for known in self._days if known >= day]
            self._index, self._days, self._registry = {}, {}, {}
            for known, stored in kept:
                self.restore_day(known, stored)
        return old

    def day_bytes(self, day: int) -> bytes:
        """A day for storage. Most elements' days are alike: columns lie together, so that they pack well."""
        rows = self._days[day]
        known = [(name, at) for name, at in self._index.items() if at < len(rows) and rows[at, _AS_OF]]
        chosen = rows[[at for _, at in known]]
        as_of_ms, registry = self._registry[day]
        texts = "\n".join([str(as_of_ms), registry, *(name for name, _ in known)]).encode()
        columns = np.ascontiguousarray(chosen.T, dtype="<i8").tobytes()
        return zlib.compress(len(texts).to_bytes(4, "big") + texts + columns, 1)

    def restore_day(self, day: int, stored: bytes) -> None:
        """Take in a day that `day_bytes` gave."""
        plain = zlib.decompress(stored)
        split = 4 + int.from_bytes(plain[:4], "big")
        as_of_ms, registry, *names = plain[4:split].decode().split("\n")
        columns = np.frombuffer(plain[split:], dtype="<i8").reshape(_WIDTH, len(names))
        for name, row in zip(names, columns.T, strict=True):
            at = self._index.setdefault(name, len(self._index))
            self._rows(day, at)[at] = row
        self._registry[day] = int(as_of_ms), registry

    def _rows(self, day: int, at: int) -> Rows:
        rows = self._days.get(day)
        if rows is None or len(rows) <= at:
            room = max(16, 2 * at, len(self._index))
            rows = _padded(rows if rows is not None else _ABSENT[:0], room)
            self._days[day] = rows
        return rows

    def _stack(self, days: Iterable[int]) -> Rows:
        """Days by elements by columns; zeros where an element has no part."""
        chosen = [self._days[day] for day in sorted(days) if day in self._days]
        if not chosen:
            return np.empty((0, 0, _WIDTH), dtype=np.int64)
        count = len(self._index)
        return np.stack([_padded(rows[:count], count) for rows in chosen])


def _padded(rows: Rows, count: int) -> Rows:
    if len(rows) == count:
        return rows
    return np.concatenate((rows, np.repeat(_ABSENT, count - len(rows), axis=0)))


def _over_midnight(stack: Rows) -> tuple[int, int]:
    """How many outages run on from one day to the next, and the longest run of any element (seconds)."""
    joins = longest = 0
    elements = stack.shape[1]
    until, running = np.zeros(elements, dtype=np.int64), np.zeros(elements, dtype=np.int64)
    for rows in stack:
        counted = rows[:, _TO] > rows[:, _FROM]
        head, tail = rows[:, _HEAD], rows[:, _TAIL]
        goes_on = counted & (running > 0) & (head > 0) & (until == rows[:, _FROM])
        joins += int(goes_on.sum())
        joined = np.where(goes_on, running, 0) + head
        longest = max(longest, int(joined.max(initial=0)))
        whole = head == rows[:, _STATES].sum(axis=1)
        running = np.where(counted, np.where(whole, joined, tail), running)
        until = np.where(counted, rows[:, _TO], until)
    return joins, longest
