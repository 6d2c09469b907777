"""Reading a day of one element: a fold over days, each step needing only a small carry from before.

The official figure, the provisional one and `replay` are all this function over different evidence.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from processors.core.cells import EMPTY, CellArray, slots_of
from processors.core.conventions import Conventions
from processors.core.effective import Fault, combine, latest_fault, mark_planned
from processors.core.track import UNSEEN, Readings, TrackRule, TrackState, read, settled_at, state_at
from schemas.status import Policy, Reading

Alive = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ReadingRule:
    """How an element is read on a day: from its registry row and its enterprise's. Equal rules read alike."""

    enterprise: str
    policy: Policy
    measured: TrackRule
    declared: TrackRule
    alive_slots: int


@dataclass(frozen=True, slots=True)
class Carry:
    """All that reading on from slot `at` needs of what came before; the tails are cells at or after `at`."""

    at: int
    measured: TrackState = UNSEEN
    declared: TrackState = UNSEEN
    fault: Fault | None = None
    measured_tail: CellArray = field(default_factory=lambda: EMPTY)
    declared_tail: CellArray = field(default_factory=lambda: EMPTY)

    def as_dict(self) -> dict[str, object]:
        """For storage as JSON."""
        return {
            "at": self.at,
            "measured": self.measured.as_list(),
            "declared": self.declared.as_list(),
            "fault": [self.fault.start, self.fault.last] if self.fault else None,
            "measured_tail": self.measured_tail.tolist(),
            "declared_tail": self.declared_tail.tolist(),
        }

    @classmethod
    def from_dict(cls, stored: dict[str, object]) -> Self:
        """The carry that `as_dict` gave."""
        values: dict[str, list[int]] = {k: v for k, v in stored.items() if isinstance(v, list)}
        at = stored["at"]
        assert isinstance(at, int)
        return cls(
            at,
            TrackState.from_list(values["measured"]),
            TrackState.from_list(values["declared"]),
            Fault(*values["fault"]) if stored["fault"] else None,
            np.array(values["measured_tail"], dtype=np.uint64),
            np.array(values["declared_tail"], dtype=np.uint64),
        )


@dataclass(frozen=True, slots=True)
class Evidence:
    """The cells of a stretch by track; `ahead` are measured cells after it, which may confirm its last run."""

    measured: CellArray = field(default_factory=lambda: EMPTY)
    declared: CellArray = field(default_factory=lambda: EMPTY)
    ahead: CellArray = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True, slots=True)
class DayReading:
    """What each slot of `[first, first + len)` reads: per track, and effectively with planned work marked."""

    first: int
    measured: Readings
    declared: Readings
    effective: Readings


NOT_READ: Final = np.empty(0, dtype=np.int8)


def read_stretch(
    carry: Carry,
    evidence: Evidence,
    span: tuple[int, int],
    rule: ReadingRule,
    conventions: Conventions,
    alive: Alive | None = None,
    windows: Sequence[tuple[int, int]] = (),
) -> tuple[DayReading, Carry]:
    """Read the slots of `span`, and make the carry for what follows.

    Args:
        carry: from the stretch before, `carry.at <= span[0]`.
        evidence: all cells from `carry`'s stretch end up to the span's end, and what may confirm them.
        span: the slots `[first, end)`.
        rule: the same that the carry was made with.
        conventions: the deployment's constants.
        alive: for a transition feed, for each slot of `[carry.at, end)` whether the feed is alive.
        windows: united windows of announced work in microseconds.
    """
    first, end = span
    measured = np.concatenate((carry.measured_tail, evidence.measured))
    declared = np.concatenate((carry.declared_tail, evidence.declared))
    m = read(np.concatenate((measured, evidence.ahead)), carry.measured, carry.at, end, rule.measured)
    d = _declared(declared, carry, end, rule, alive)
    effective = combine(m, d, rule.policy)
    reading = mark_planned(effective, carry.at, windows, carry.fault, conventions)
    cut = first - carry.at
    day = DayReading(first, m[cut:], d[cut:], reading[cut:])
    # The carry stands on settled ground only: look-ahead belongs to the next stretch, under its own cut-off.
    at = settled_at(measured, carry.measured, end, rule.measured)
    settled_m, settled_d = slots_of(measured) < at, slots_of(declared) < at
    down = np.flatnonzero(effective[: at - carry.at] == Reading.DOWN) + carry.at
    return day, Carry(
        at,
        state_at(measured[settled_m], carry.measured, rule.measured),
        state_at(declared[settled_d], carry.declared, rule.declared),
        latest_fault(down, carry.fault, conventions),
        measured[~settled_m],
        declared[~settled_d],
    )


def _declared(cells: CellArray, carry: Carry, end: int, rule: ReadingRule, alive: Alive | None) -> Readings:
    d = read(cells, carry.declared, carry.at, end, rule.declared)
    if alive is not None:
        d[((d == Reading.UP) | (d == Reading.DEGRADED)) & ~alive] = Reading.UNKNOWN
    return d
