"""The effective state of a slot from both tracks, and the planned part of its down time (spec section 4)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from processors.core.cells import IntArray
from processors.core.conventions import US, Conventions
from processors.core.track import Readings
from schemas.status import Policy, Reading


@dataclass(frozen=True, slots=True)
class Fault:
    """The latest fault: its first and its last down slot so far."""

    start: int
    last: int


def combine(measured: Readings, declared: Readings, policy: Policy) -> Readings:
    """The effective state before planned work is taken into account."""
    known = Reading.UNKNOWN
    match policy:
        case Policy.MEASURED_FIRST:
            return np.where(measured != known, measured, declared)
        case Policy.DECLARED_FIRST:
            return np.where(declared != known, declared, measured)
        case Policy.WORST:
            return np.maximum(measured, declared)
        case Policy.MEASURED_ONLY:
            return measured.copy()
        case Policy.DECLARED_ONLY:
            return declared.copy()


def latest_fault(down: IntArray, before: Fault | None, conventions: Conventions) -> Fault | None:
    """The latest fault after these down slots, given the one before them."""
    if len(down) == 0:
        return before
    return Fault(int(fault_starts(down, before, conventions)[-1]), int(down[-1]))


def fault_starts(down: IntArray, before: Fault | None, conventions: Conventions) -> IntArray:
    """For each down slot the first slot of its fault.

    Down slots belong to the same fault when fewer than 900 s of slots lie between them.
    """
    between_s = (np.diff(down) - 1) * conventions.grid_s
    opens = np.concatenate(([True], between_s >= conventions.fault_gap_s))
    starts: IntArray = down[opens][np.cumsum(opens) - 1]
    if before is not None and (int(down[0]) - before.last - 1) * conventions.grid_s < conventions.fault_gap_s:
        starts[starts == down[0]] = before.start
    return starts


def mark_planned(
    effective: Readings,
    first_slot: int,
    windows: Sequence[tuple[int, int]],
    before: Fault | None,
    conventions: Conventions,
) -> Readings:
    """Down slots of announced work become planned, unless their fault began before the window.

    `windows` are united half-open intervals in microseconds; a slot is in one when its start is.
    """
    down = np.flatnonzero(effective == Reading.DOWN) + first_slot
    if not windows or len(down) == 0:
        return effective
    slot_us = conventions.grid_s * US
    began = fault_starts(down, before, conventions)
    planned: npt.NDArray[np.bool_] = np.zeros(len(down), dtype=bool)
    for start, end in windows:
        inside = (down >= -(-start // slot_us)) & (down < -(-end // slot_us))
        planned |= inside & (began >= start // slot_us)
    marked = effective.copy()
    marked[down[planned] - first_slot] = Reading.PLANNED
    return marked
