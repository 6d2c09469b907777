"""A duty to hand something in by a deadline, as a table of states. No clock: `now` is an argument."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class DutyState(StrEnum):
    """Vietnamese: chưa đến hạn, đã nhận, nhận muộn, quá hạn, đã đính chính."""

    PENDING = "pending"
    RECEIVED = "received"
    LATE = "late"
    OVERDUE = "overdue"
    CORRECTED = "corrected"


class DutyEvent(StrEnum):
    """What moves a duty on."""

    RECEIPT = "receipt"
    DEADLINE = "deadline"


TABLE: Final[Mapping[tuple[DutyState, DutyEvent], DutyState]] = {
    (DutyState.PENDING, DutyEvent.RECEIPT): DutyState.RECEIVED,
    (DutyState.PENDING, DutyEvent.DEADLINE): DutyState.OVERDUE,
    (DutyState.RECEIVED, DutyEvent.RECEIPT): DutyState.CORRECTED,
    (DutyState.RECEIVED, DutyEvent.DEADLINE): DutyState.RECEIVED,
    (DutyState.OVERDUE, DutyEvent.RECEIPT): DutyState.LATE,
    (DutyState.LATE, DutyEvent.RECEIPT): DutyState.CORRECTED,
    (DutyState.CORRECTED, DutyEvent.RECEIPT): DutyState.CORRECTED,
    (DutyState.CORRECTED, DutyEvent.DEADLINE): DutyState.CORRECTED,
}


@dataclass(frozen=True, slots=True)
class DutyStanding:
    """How a duty stands. `first_ms` is the first receipt; `late_ms` how long after the deadline it came or has not come."""

    state: DutyState
    first_ms: int | None
    late_ms: int


def standing(deadline_ms: int, receipts_ms: Sequence[int], now_ms: int) -> DutyStanding:
    """How the duty stands at `now`; the deadline is the first instant that is too late. Later receipts don't exist yet."""
    receipts = sorted(at for at in receipts_ms if at <= now_ms)
    events = [(at, DutyEvent.RECEIPT) for at in receipts]
    if deadline_ms <= now_ms:
        # What comes at the deadline's very instant comes after it.
        events.append((deadline_ms, DutyEvent.DEADLINE))
        events.sort(key=lambda one: (one[0], one[1] is DutyEvent.RECEIPT))
    state = DutyState.PENDING
    for _, event in events:
        state = TABLE[state, event]
    first = receipts[0] if receipts else None
    return DutyStanding(state, first, max(0, (first if first is not None else now_ms) - deadline_ms))
