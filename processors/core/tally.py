"""Counting slots of a reading, and adding counts up to longer periods (spec section 5)."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from processors.core.reading import DayReading
from processors.core.track import Readings
from schemas.status import Reading

_TRACK_READINGS: Final = np.int8(4)


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts over the counted slots of one element in `[first, end)`; all counts are in slots.

    `counts` by effective reading (unknown, up, degraded, down, planned); `pairs[4 * measured + declared]`;
    `head` and `tail` are the down runs at either edge, so that neighbours can be joined.
    """

    first: int
    end: int
    counts: tuple[int, ...]
    pairs: tuple[int, ...]
    outages: int
    longest: int
    head: int
    tail: int

    @property
    def total(self) -> int:
        """All counted slots."""
        return sum(self.counts)

    def as_list(self) -> list[int]:
        """For storage: 29 integers."""
        edges = [self.outages, self.longest, self.head, self.tail]
        return [self.first, self.end, *self.counts, *self.pairs, *edges]

    @classmethod
    def from_list(cls, values: list[int]) -> Self:
        """The tally that `as_list` gave."""
        return cls(values[0], values[1], tuple(values[2:7]), tuple(values[7:23]), *values[23:])


NOTHING: Final = Tally(0, 0, (0,) * 5, (0,) * 16, 0, 0, 0, 0)


_NO_RUNS: Final = (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))


def count(reading: DayReading, first: int, end: int) -> Tally:
    """The tally of the reading's slots in `[first, end)`."""
    low = max(first, reading.first)
    high = min(end, reading.first + len(reading.effective))
    if low >= high:
        return NOTHING
    cut = slice(low - reading.first, high - reading.first)
    effective = reading.effective[cut]
    counts = np.bincount(effective, minlength=5).tolist()
    pairs = reading.measured[cut] * _TRACK_READINGS + reading.declared[cut]
    starts, ends = down_runs(effective) if counts[Reading.DOWN] else _NO_RUNS
    lengths = ends - starts
    return Tally(
        low,
        high,
        tuple(counts),
        tuple(np.bincount(pairs, minlength=16).tolist()),
        len(lengths),
        int(lengths.max()) if len(lengths) else 0,
        int(lengths[0]) if len(lengths) and starts[0] == 0 else 0,
        int(lengths[-1]) if len(lengths) and ends[-1] == high - low else 0,
    )


def down_runs(effective: Readings) -> tuple[np.ndarray, np.ndarray]:
    """Starts and ends (exclusive) of the maximal runs of down slots, as indices."""
    down = np.concatenate(([0], (effective == Reading.DOWN).astype(np.int8), [0]))
    edges = np.diff(down)
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)


def concatenate(a: Tally, b: Tally) -> Tally:
    """The tally of `a`'s slots followed by `b`'s; a run across the seam is one outage. Associative, NOTHING is neutral."""
    if a.total == 0:
        return b
    if b.total == 0:
        return a
    adjoin = a.end == b.first
    across = a.tail + b.head if adjoin and a.tail and b.head else 0
    return Tally(
        a.first,
        b.end,
        tuple(x + y for x, y in zip(a.counts, b.counts, strict=True)),
        tuple(x + y for x, y in zip(a.pairs, b.pairs, strict=True)),
        a.outages + b.outages - (1 if across else 0),
        max(a.longest, b.longest, across),
        a.total + b.head if adjoin and a.head == a.total else a.head,
        b.total + a.tail if adjoin and b.tail == b.total else b.tail,
    )
