"""Evidence packed into 64-bit cells: a slot with its two maxima (spec section 2).

A cell is `slot << 28 | ms_in_slot << 6 | last_code << 3 | worst`. Cells of one slot merge by maxima, so a bag of
cells is the same evidence in any order, with any repetition and however it was batched. A lone answer's cell is the
observation itself: observations are appended and merged when they are read.
"""

from array import array

import numpy as np
import numpy.typing as npt

from schemas.status import Code

CellArray = npt.NDArray[np.uint64]
IntArray = npt.NDArray[np.int64]

_SLOT = np.uint64(28)
_THREE = np.uint64(3)
_LAST_MASK = np.uint64((1 << 25) - 1)
_CODE_MASK = np.uint64(7)
_MERGE_AT = 1024

EMPTY: CellArray = np.empty(0, dtype=np.uint64)


def pack(slot: int, ms_in_slot: int, code: int) -> int:
    """The cell of one observation. Silence (code 1) is no answer, so it leaves no last answer."""
    if code == Code.NO_RESPONSE:
        return slot << 28 | 1
    return slot << 28 | ms_in_slot << 6 | code << 3 | code


def merge(cells: CellArray) -> CellArray:
    """One cell a slot, in time order."""
    if len(cells) == 0:
        return EMPTY
    ordered = np.sort(cells)
    slots: CellArray = np.right_shift(ordered, _SLOT)
    starts = np.flatnonzero(np.diff(slots.astype(np.int64), prepend=-1))
    if len(starts) == len(ordered):
        return ordered
    last = np.maximum.reduceat((ordered >> _THREE) & _LAST_MASK, starts)
    worst = np.maximum.reduceat(ordered & _CODE_MASK, starts)
    merged = np.bitwise_or(np.left_shift(slots[starts], _SLOT), np.left_shift(last, _THREE))
    return np.bitwise_or(merged, worst)


def slots_of(cells: CellArray) -> IntArray:
    """The slot of each cell."""
    return (cells >> _SLOT).astype(np.int64)


def worst_of(cells: CellArray) -> IntArray:
    """The worst code seen in each cell's slot."""
    return (cells & _CODE_MASK).astype(np.int64)


def last_of(cells: CellArray) -> IntArray:
    """The code of each cell's last answer, 0 where there was only silence."""
    return ((cells >> _THREE) & _CODE_MASK).astype(np.int64)


def last_ms_of(cells: CellArray) -> IntArray:
    """Milliseconds from the slot's start to its last answer."""
    return ((cells >> np.uint64(6)) & np.uint64((1 << 22) - 1)).astype(np.int64)


class CellBag:
    """A growing bag of cells, merged whenever it is read and now and then between, so that it stays as small as it can."""

    __slots__ = ("_added", "_merged")

    def __init__(self) -> None:
        self._merged: CellArray = EMPTY
        self._added = array("Q")

    def add(self, cell: int) -> None:
        """Add one observation."""
        self._added.append(cell)
        if len(self._added) >= _MERGE_AT:
            self.cells()

    def extend(self, cells: bytes) -> None:
        """Add cells that `tobytes` of a cell array gave."""
        self._added.frombytes(cells)
        if len(self._added) >= _MERGE_AT:
            self.cells()

    def cells(self) -> CellArray:
        """The merged cells in time order."""
        if self._added:
            self._merged = merge(np.concatenate((self._merged, np.frombuffer(self._added, dtype=np.uint64))))
            self._added = array("Q")
        return self._merged
