"""Journal entries into the core: what counts, what is late, what is turned away and kept with its reason."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from processors.core.decode import Decoded, UndecodableError, decode, microseconds
from processors.core.province import Province, Taken
from schemas.refusal import Refusal
from stores.journal import Refused, Stored

ENTRANCE: Final = "engine"


@dataclass(frozen=True, slots=True)
class Applied:
    """An entry that the core took in: when it was observed, the local day of that, and whether it counts."""

    entry: Stored
    event: Decoded
    time_us: int
    day: int
    taken: Taken


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """An entry that the core refused."""

    entry: Stored
    code: Refusal
    detail: str

    def refused(self, now_ms: int) -> Refused:
        """As it is kept for replay."""
        return Refused(now_ms, self.entry.reporter, ENTRANCE, self.code.value, self.detail, self.entry.body)


def apply(province: Province, entries: Sequence[Stored]) -> Iterator[Applied | TurnedAway]:
    """Take the entries in, each for itself."""
    for entry, event in zip(entries, decode([entry.body for entry in entries]), strict=True):
        yield apply_one(province, entry, event)


def apply_one(province: Province, entry: Stored, event: Decoded | UndecodableError) -> Applied | TurnedAway:
    """Take one entry in that was decoded."""
    if isinstance(event, UndecodableError):
        return TurnedAway(entry, event.code, event.detail)
    return _apply_one(province, entry, event)


def _apply_one(province: Province, entry: Stored, event: Decoded) -> Applied | TurnedAway:
    try:
        taken = province.apply(event, entry.body)
        if isinstance(taken, Refusal):
            return TurnedAway(entry, taken, event["id"])
        time_us = microseconds(event["time"])
        return Applied(entry, event, time_us, province.grid.day_of(time_us), taken)
    except Exception as error:  # noqa: BLE001 - one event that the core can't take must not stop the others
        structlog.get_logger().exception("event broke the core", offset=entry.offset, id=event["id"])
        return TurnedAway(entry, Refusal.INVALID, f"{type(error).__name__}: {error}")
