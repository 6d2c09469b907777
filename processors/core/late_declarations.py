"""How much of what an enterprise declared of an element was told late: share of time, by when it was received. Pure.

Each slot of the declared track rests on a piece of evidence: its own worst answer, or the last answer that holds. The
slot is late when that was received more than `LATE_MS` after the slot's end; where several events said the same, the
one that came first counts. So a declaration that comes hours later makes those hours late, and none after its receipt.
"""

from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from processors.core.cells import last_of, slots_of, worst_of
from processors.core.conventions import Grid
from processors.core.element_day import ElementDay
from schemas.status import Reading

LATE_MS: Final = 900_000

# The earliest receipt (ms) of what was said, by (slot, code).
Receipts = Mapping[tuple[int, int], int]
_CODE_BITS: Final = 3
_NONE: Final[Receipts] = {}


@dataclass(frozen=True, slots=True)
class LateDeclared:
    """Of an element's day: seconds of its counted, declared time that were told late, and the longest delay of them.

    `received_ms` is when the evidence was received that holds over the day's end, where that is late for the next day.
    """

    late_s: int = 0
    longest_s: int = 0
    received_ms: int | None = None


NOTHING_LATE: Final = LateDeclared()


class DeclaredReceipts:
    """When declared evidence that counts was received, by element, reporter and day. Any order gives the same."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._told: dict[int, dict[tuple[str, str], array[int]]] = {}
        self._late: set[tuple[int, str, str]] = set()

    def note(self, element: str, reporter: str, day: int, said: tuple[int, int], received_ms: int) -> None:
        """Take declared evidence that counts; `said` is its (slot, code), `day` the slot's."""
        slot, code = said
        key = element, reporter
        of_day = self._told.get(day)
        if of_day is None:
            of_day = self._told[day] = {}
        told = of_day.get(key)
        if told is None:
            told = of_day[key] = array("q")
        told.append(slot << _CODE_BITS | code)
        told.append(received_ms)
        if received_ms > self._grid.end_ms(slot) + LATE_MS:
            self._late.add((day, element, reporter))

    def of(self, element: str, reporter: str, day: int) -> Receipts:
        """The receipts of a day; none where nothing of it was late."""
        if (day, element, reporter) not in self._late:
            return _NONE
        told = self._told[day][element, reporter]
        found: dict[tuple[int, int], int] = {}
        for said, received in zip(told[::2], told[1::2], strict=True):
            key = said >> _CODE_BITS, said & (1 << _CODE_BITS) - 1
            found[key] = min(received, found.get(key, received))
        return found

    def first_day(self) -> int | None:
        """The first day of which something is noted."""
        return min(self._told, default=None)

    def drop_before(self, day: int) -> None:
        """Forget earlier days."""
        self._told = {at: told for at, told in self._told.items() if at >= day}
        self._late = {key for key in self._late if key[0] >= day}


def late_declared(read: ElementDay, receipts: Receipts, before_ms: int | None) -> LateDeclared:
    """What of an element's day was told late.

    Args:
        read: the day; its second cells are the enterprise's.
        receipts: of the day's declared evidence; empty where none of it was late.
        before_ms: `received_ms` of the day before.
    """
    if not receipts and before_ms is None:
        return NOTHING_LATE
    grid, first = read.grid, read.reading.first
    end = first + len(read.reading.declared)
    cells = read.cells[1]
    slots = slots_of(cells)
    own = [receipts.get(key, 0) for key in zip(slots.tolist(), worst_of(cells).tolist(), strict=True)]
    held = [receipts.get(key, 0) for key in zip(slots.tolist(), last_of(cells).tolist(), strict=True)]
    at = np.empty(2 * len(slots) + 2, dtype=np.int64)
    value = np.zeros(len(at), dtype=np.int64)
    at[0], value[0] = first, before_ms or 0
    at[1:-1:2], value[1:-1:2] = slots, own
    at[2::2], value[2::2] = slots + 1, held
    at[-1] = end
    received = np.repeat(value[:-1], np.diff(at))
    delay = received - (np.arange(first, end, dtype=np.int64) + 1) * (grid.seconds * 1000)
    low, high = (slot - first for slot in read.counted)
    late = (delay > LATE_MS) & (read.reading.declared != Reading.UNKNOWN)
    late[:low], late[high:] = False, False
    holds = int(value[-2])
    return LateDeclared(
        int(late.sum()) * grid.seconds,
        int(delay[late].max()) // 1000 if late.any() else 0,
        holds if holds > grid.end_ms(end - 1) + LATE_MS else None,
    )
