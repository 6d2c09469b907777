"""One element's local day as read: which slots count, what they add up to, and when the state changed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from processors.core.cells import EMPTY, CellArray, last_ms_of, last_of, slots_of
from processors.core.conventions import Grid
from processors.core.reading import NOT_READ, DayReading
from processors.core.tally import Tally, count
from schemas.registry import Element
from schemas.status import Code, Reading

_ANSWER_READS = {Code.UP: Reading.UP, Code.DEGRADED: Reading.DEGRADED, Code.DOWN: Reading.DOWN}


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of the effective state at `at_ms`: the moment of the answer that brought it where there is one, else the slot's start."""

    at_ms: int
    before: Reading
    after: Reading


@dataclass(frozen=True)
class ElementDay:
    """The day's reading. `counted` are the slots `[first, end)` that lie in the service life and are over; `row` is None where none is in force."""

    grid: Grid
    day: int
    row: Element | None
    reading: DayReading
    counted: tuple[int, int]
    cells: tuple[CellArray, ...] = ()

    @classmethod
    def of_nothing(cls, grid: Grid, day: int) -> Self:
        """The day of an element that no registry row describes."""
        first = grid.span(day)[0]
        return cls(grid, day, None, DayReading(first, NOT_READ, NOT_READ, NOT_READ), (first, first))

    @cached_property
    def tally(self) -> Tally:
        """The counts of the whole day."""
        return count(self.reading, *self.counted)

    def tally_between(self, first: int, end: int) -> Tally:
        """The counts of the slots `[first, end)`, such as an hour's."""
        return count(self.reading, max(first, self.counted[0]), min(end, self.counted[1]))

    def state_at(self, slot: int) -> tuple[Reading, Reading, Reading]:
        """The effective, measured and declared reading of a slot of this day; unknown outside the counted slots."""
        if not self.counted[0] <= slot < self.counted[1]:
            return Reading.UNKNOWN, Reading.UNKNOWN, Reading.UNKNOWN
        return self._state(slot - self.reading.first)

    def _state(self, at: int) -> tuple[Reading, Reading, Reading]:
        reading = self.reading
        return (
            Reading(int(reading.effective[at])),
            Reading(int(reading.measured[at])),
            Reading(int(reading.declared[at])),
        )

    def state_after(self, slot: int) -> tuple[Reading, Reading, Reading]:
        """What the slot after this one reads by what is known now; the slot's own state at the end of the day."""
        at, reading = slot + 1 - self.reading.first, self.reading
        if not self.counted[0] <= slot < self.counted[1] or at >= len(reading.effective):
            return self.state_at(slot)
        return self._state(at)

    @cached_property
    def runs(self) -> Sequence[tuple[int, int, Reading]]:
        """Maximal runs of one effective reading among the counted slots: first slot, end slot, reading."""
        first, end = self.counted
        if first >= end:
            return ()
        effective = self.reading.effective[first - self.reading.first : end - self.reading.first]
        edges = np.flatnonzero(np.diff(effective)) + 1
        starts = np.concatenate(([0], edges))
        stops = [*edges.tolist(), len(effective)]
        return [
            (first + start, first + stop, Reading(reading))
            for start, stop, reading in zip(starts.tolist(), stops, effective[starts].tolist(), strict=True)
        ]

    def transitions(self, before: Reading | None = None) -> Iterator[Transition]:
        """The changes within the day; with `before` (the state at its start) also one at the day's first counted slot."""
        held = before
        for start, _, reading in self.runs:
            if held is not None and reading is not held:
                yield Transition(self._moment(start, reading), held, reading)
            held = reading

    def _moment(self, slot: int, reading: Reading) -> int:
        slot_ms = slot * self.grid.seconds * 1000
        wanted = Reading.DOWN if reading is Reading.PLANNED else reading
        answers = [
            last_ms_of(cell)[0]
            for cells in self.cells
            for cell in [cells[slots_of(cells) == slot] if len(cells) else EMPTY]
            if len(cell) and _ANSWER_READS.get(Code(int(last_of(cell)[0]) or Code.NO_RESPONSE)) is wanted
        ]
        return slot_ms + int(min(answers, default=0))


def counted_slots(row: Element, grid: Grid, day: int, now_us: int) -> tuple[int, int]:
    """The slots of the day whose start lies in `[commissioned, decommissioned)` and that are over."""
    first, end = grid.span(day)
    if row.commissioned is not None:
        first = max(first, -(-row.commissioned * 1000 // grid.slot_us))
    if row.decommissioned is not None:
        end = min(end, -(-row.decommissioned * 1000 // grid.slot_us))
    end = min(end, now_us // grid.slot_us)
    return first, max(first, end)
