"""Reading a track: from its cells to what each slot reads (spec section 3).

A track is read in stretches. What a stretch needs from before it is a `TrackState`; a stretch may only end where
everything before its end is settled, which `settled_at` finds: a single silence may still be confirmed later.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from processors.core.cells import CellArray, IntArray, last_of, slots_of, worst_of
from schemas.status import Code, Reading

Readings = npt.NDArray[np.int8]

FOREVER: Final = 1 << 62
_LONG_AGO: Final = -(1 << 62)
# What a code reads, by code: silence reads as confirmed or not at all.
_READS: Final = np.array(
    [Reading.UNKNOWN, Reading.DOWN, Reading.UP, Reading.DEGRADED, Reading.DOWN], dtype=np.int8
)


@dataclass(frozen=True, slots=True)
class TrackRule:
    """How one track of one element is read.

    `valid_slots` is V; `down_holds` and `alive_only` are the declared track's own rules of section 3.3.
    """

    valid_slots: int
    confirm_slots: int
    silence_is_unknown: bool = False
    down_holds: bool = False
    alive_only: bool = False


@dataclass(frozen=True, slots=True)
class TrackState:
    """What later slots need to know: what holds and until when, and the run of failures that may go on."""

    holds: int = int(Reading.UNKNOWN)
    holds_until: int = _LONG_AGO
    last_slot: int = _LONG_AGO
    run_length: int = 0
    run_has_down: bool = False

    def as_list(self) -> list[int]:
        """For storage."""
        return [self.holds, self.holds_until, self.last_slot, self.run_length, int(self.run_has_down)]

    @classmethod
    def from_list(cls, values: list[int]) -> Self:
        """The state that `as_list` gave."""
        holds, until, last, length, has_down = values
        return cls(holds, until, last, length, bool(has_down))


UNSEEN: Final = TrackState()


@dataclass(frozen=True, slots=True)
class Answers:
    """The cells that count, after confirmation: where, what the slot reads, what it holds and until when."""

    slots: IntArray
    values: Readings
    holds: Readings
    until: IntArray


def settled_at(cells: CellArray, before: TrackState, end: int, rule: TrackRule) -> int:
    """The latest slot up to which reading can't change by cells at or after `end`.

    That is `end`, or the slot of a lone silence near it, which the next cell may confirm.
    """
    if len(cells) == 0 or worst_of(cells[-1:])[0] != Code.NO_RESPONSE:
        return end
    cells = _from_last_service(cells)
    slots, worst = slots_of(cells), worst_of(cells)
    length, _ = _runs(slots, worst, before, rule)
    pending = length[-1] < rule.confirm_slots
    return int(slots[-1]) if pending and slots[-1] + rule.valid_slots >= end else end


def read(cells: CellArray, before: TrackState, start: int, end: int, rule: TrackRule) -> Readings:
    """What each slot of `[start, end)` reads. Cells at or after `end` only confirm."""
    if len(cells) == 0:
        held = np.full(end - start, before.holds, dtype=np.int8)
        held[max(0, before.holds_until - start) :] = Reading.UNKNOWN
        return held
    answers = _answers(cells, before, rule)
    at = np.empty(2 * len(answers.slots) + 2, dtype=np.int64)
    value = np.empty(len(at), dtype=np.int8)
    # Each answer opens two stretches: its own slot, then what it holds; each ends where the next begins.
    at[0], value[0] = start, before.holds
    at[1:-1:2], value[1:-1:2] = answers.slots, answers.values
    at[2::2], value[2::2] = answers.slots + 1, answers.holds
    at[-1] = end
    np.clip(at, start, end, out=at)
    dense: Readings = np.repeat(value[:-1], np.diff(at))
    lapse_from = np.concatenate(([max(start, before.holds_until)], answers.until))
    lapse_to = np.concatenate((answers.slots, [end]))
    for lapse, until in _stretches(lapse_from, lapse_to, start, end):
        dense[lapse - start : until - start] = Reading.UNKNOWN
    return dense


def state_at(cells: CellArray, before: TrackState, rule: TrackRule) -> TrackState:
    """The state after all these cells, which must be settled."""
    if len(cells) == 0:
        return before
    cells = _from_last_service(cells)
    answers = _answers(cells, before, rule)
    slots, worst = slots_of(cells), worst_of(cells)
    length, has_down = _runs(slots, worst, before, rule)
    failing = worst[-1] in (Code.NO_RESPONSE, Code.DOWN)
    return TrackState(
        holds=int(answers.holds[-1]) if len(answers.slots) else before.holds,
        holds_until=int(answers.until[-1]) if len(answers.slots) else before.holds_until,
        last_slot=int(slots[-1]),
        run_length=min(int(length[-1]), rule.confirm_slots) if failing else 0,
        run_has_down=bool(failing and (has_down[-1] or worst[-1] == Code.DOWN)),
    )


def _from_last_service(cells: CellArray) -> CellArray:
    """The cells from the last one in service on: it ends every run of failures, so that none before it matters to what follows."""
    worst = worst_of(cells)
    serving = np.flatnonzero((worst == Code.UP) | (worst == Code.DEGRADED))
    return cells[serving[-1] :] if len(serving) else cells


def _answers(cells: CellArray, before: TrackState, rule: TrackRule) -> Answers:
    slots, worst, last = slots_of(cells), worst_of(cells), last_of(cells)
    silent = worst == Code.NO_RESPONSE
    values = _READS[worst]
    holds = np.where(silent, values, _READS[last])
    counts = np.ones(len(cells), dtype=bool)
    if silent.any():
        length, has_down = _runs(slots, worst, before, rule)
        counts = ~silent | (length >= rule.confirm_slots)
        if rule.silence_is_unknown:
            unknown = silent & ~has_down
            values = np.where(unknown, np.int8(Reading.UNKNOWN), values)
            holds = np.where(unknown, np.int8(Reading.UNKNOWN), holds)
    slots, values, holds = slots[counts], values[counts], holds[counts].astype(np.int8)
    until = slots + rule.valid_slots
    if rule.down_holds:
        until = np.where(holds == Reading.DOWN, FOREVER, until)
    if rule.alive_only:
        until = np.where((holds == Reading.UP) | (holds == Reading.DEGRADED), FOREVER, until)
    return Answers(slots, values.astype(np.int8), holds, until)


def _runs(
    slots: IntArray, worst: IntArray, before: TrackState, rule: TrackRule
) -> tuple[IntArray, npt.NDArray[np.bool_]]:
    """For each cell the length of its run of failures (0: in none), and whether a down came before it in that run."""
    failing = (worst == Code.NO_RESPONSE) | (worst == Code.DOWN)
    near = np.diff(slots, prepend=before.last_slot) <= rule.valid_slots
    follows = np.concatenate(([before.run_length > 0], failing[:-1]))
    opens = failing & ~(near & follows)
    run = np.cumsum(opens)  # 0: the run that was open before the first cell
    sizes = np.bincount(run, weights=failing, minlength=1).astype(np.int64)
    goes_on = bool(failing[0] and not opens[0])
    sizes[0] += before.run_length if goes_on else 0
    length = np.where(failing, sizes[run], 0)
    downs = np.cumsum(worst == Code.DOWN)
    earlier = downs - (worst == Code.DOWN)
    at_open = np.zeros(len(sizes), dtype=np.int64)
    at_open[run[opens]] = earlier[opens]
    has_down = earlier > at_open[run]
    if goes_on and before.run_has_down:
        has_down |= run == 0
    return length, failing & has_down


def _stretches(starts: IntArray, ends: IntArray, start: int, end: int) -> list[tuple[int, int]]:
    starts, ends = np.maximum(starts, start), np.minimum(ends, end)
    real = starts < ends
    return list(zip(starts[real].tolist(), ends[real].tolist(), strict=True))
