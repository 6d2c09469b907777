"""Outages of which both sides name a cause, and not the same one. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from processors.core.element_day import ElementDay
from schemas.status import Cause, Reading, Track


@dataclass(frozen=True, slots=True, order=True)
class CauseTold:
    """A cause that a piece of evidence gave; `reporter` is who handed it in."""

    at_ms: int
    cause: str
    track: str
    reporter: str


@dataclass(frozen=True, slots=True)
class DifferingCauses:
    """An outage `[from_ms, to_ms)` of a day, by either track, for whose causes no side's word is the other's.

    `seconds` of it both tracks read down. The causes stand in the order in which evidence first gave them.
    """

    from_ms: int
    to_ms: int
    seconds: int
    measured: tuple[str, ...]
    declared: tuple[str, ...]


def differing_causes(read: ElementDay, told: Iterable[CauseTold]) -> Iterator[DifferingCauses]:
    """The day's outages with differing causes, in time order.

    A cause that is `unknown` says nothing. Where each side named several, one in common is enough to agree.
    """
    known = sorted({one for one in told if one.cause != Cause.UNKNOWN})
    if read.row is None or len({one.track for one in known}) < 2:
        return
    first, (low, high) = read.reading.first, read.counted
    measured, declared = (
        track[low - first : high - first] == Reading.DOWN
        for track in (read.reading.measured, read.reading.declared)
    )
    edges = np.flatnonzero(np.diff(np.concatenate(([False], measured | declared, [False])).astype(np.int8)))
    slot_ms = read.grid.seconds * 1000
    for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        from_ms, to_ms = (low + start) * slot_ms, (low + end) * slot_ms
        inside = [one for one in known if from_ms <= one.at_ms < to_ms]
        ours = _names(one for one in inside if one.track == Track.MEASURED)
        theirs = _names(
            one for one in inside if one.track == Track.DECLARED and one.reporter == read.row.enterprise
        )
        both = int((measured[start:end] & declared[start:end]).sum()) * read.grid.seconds
        if both and ours and theirs and not set(ours) & set(theirs):
            yield DifferingCauses(from_ms, to_ms, both, ours, theirs)


def _names(told: Iterable[CauseTold]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.cause for one in told))
