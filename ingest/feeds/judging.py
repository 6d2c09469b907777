"""One chunk's events judged, and what the journal made of those that are good."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from ingest.feeds.body import Chunk
from ingest.feeds.framing import Frame
from ingest.feeds.receipts import RejectedEvent, RepeatedEvent, Tally
from ingest.feeds.submission import Rejected, Terms, judge
from schemas.refusal import Refusal
from schemas.status import Track
from stores.entries import entry_of
from stores.journal import Appended, NewEntry, Origin, Outcome, Refused

ENTRANCE: Final = "gateway"
CONFLICT: Final = "this id was used with another content: a changed event needs a new id"
# Events judged before the loop's other work, the polls, gets its turn again: some milliseconds.
_JUDGED_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class Good:
    """An event of the request's place `index` that may be appended."""

    index: int
    frame: Frame
    type: str
    entry: NewEntry

    def conflict(self) -> "Bad":
        """It, where the journal has another content under its id."""
        return Bad(self.index, self.frame, Rejected(Refusal.CONFLICT, CONFLICT, self.entry.id))


@dataclass(frozen=True, slots=True)
class Bad:
    """An event that is refused, and why."""

    index: int
    frame: Frame
    why: Rejected

    def listed(self) -> RejectedEvent:
        """As the receipt lists it."""
        return RejectedEvent.model_construct(
            index=self.index, id=self.why.id, code=self.why.code, detail=self.why.detail
        )

    def refused(self, at_ms: int, reporter: str) -> Refused:
        """As it is kept for replay."""
        raw, cut = self.frame.raw, self.frame.oversized
        return Refused(at_ms, reporter, ENTRANCE, self.why.code, self.why.detail, raw, truncated=cut)


async def judge_chunk(
    chunk: Chunk, first: int, terms: Terms, origin: Origin | None
) -> tuple[list[Good], list[Bad]]:
    """Judge the chunk's events, which are numbered from `first` on; others get their turn meanwhile."""
    good: list[Good] = []
    bad: list[Bad] = []
    for index, frame in enumerate(chunk, first):
        judged = _judged(index, frame, terms, origin)
        if isinstance(judged, Good):
            good.append(judged)
        else:
            bad.append(judged)
        if index % _JUDGED_AT_ONCE == _JUDGED_AT_ONCE - 1:
            await asyncio.sleep(0)
    return good, bad


def _judged(index: int, frame: Frame, terms: Terms, origin: Origin | None) -> Good | Bad:
    try:
        event = judge(frame, terms)
        if isinstance(event, Rejected):
            return Bad(index, frame, event)
        entry = entry_of(
            event,
            received_ms=terms.now_ms,
            track=Track.DECLARED,
            reporter=terms.reporter,
            origin=origin,
        )
    except Exception:  # noqa: BLE001 - logged; its neighbours must not suffer
        structlog.get_logger().exception("event could not be judged", reporter=terms.reporter, index=index)
        return Bad(index, frame, Rejected(Refusal.INVALID, "this event can't be processed", None))
    return Good(index, frame, event.type, entry)


def by_outcome(
    tally: Tally, good: Sequence[Good], bad: Sequence[Bad], answers: Sequence[Appended]
) -> tuple[list[Good], list[Bad], Tally]:
    """Who was accepted, who refused, and the tally with both counted on."""
    accepted: list[Good] = []
    refused = list(bad)
    for one, answer in zip(good, answers, strict=True):
        match answer.outcome:
            case Outcome.ACCEPTED:
                accepted.append(one)
                tally.accepted += 1
            case Outcome.DUPLICATE:
                tally.repeat(
                    RepeatedEvent.model_construct(index=one.index, id=one.entry.id, receipt=answer.receipt)
                )
            case Outcome.CONFLICT:
                refused.append(one.conflict())
    refused.sort(key=lambda each: each.index)
    for each in refused:
        tally.reject(each.listed())
    return accepted, refused, tally
