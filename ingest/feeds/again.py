"""What the gateway refused, put before it once more: what is valid by now is accepted, the rest refused again.

In one transaction of the journal, so that nothing is accepted or listed twice, whenever it breaks off.
"""

from dataclasses import dataclass

from ingest.feeds.framing import CutError, Frame, cut_json
from ingest.feeds.judging import CONFLICT, ENTRANCE
from ingest.feeds.receipts import Receipt, Tally
from ingest.feeds.submission import Rejected, Terms, judge
from schemas.refusal import Refusal
from schemas.status import Track
from schemas.time import from_ms
from stores.entries import entry_of
from stores.journal import JournalTransaction, NewEntry, Outcome, Refused

_LISTED = 100


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What became of it: events by outcome, and why the first refused one was refused.

    Attributes:
        receipt: under which the reporter finds what was accepted now; None where nothing was.
    """

    accepted: int
    duplicates: int
    refused: int
    why: Rejected | None
    receipt: str | None


def take_back(
    transaction: JournalTransaction, refused: Refused, terms: Terms, max_event_bytes: int, receipt: str
) -> TakenBack:
    """Judge a refused body by today's terms, and append what is valid.

    Of a body of several events those that are refused again are listed on their own; a body with nothing valid in it
    is not listed anew: that is the caller's to note on the one that is listed.
    """
    tally = Tally(_LISTED)
    bad: list[tuple[Frame, Rejected]] = []
    good: list[tuple[Frame, NewEntry]] = []
    for frame, judged in _judged(refused.body, terms, max_event_bytes):
        if isinstance(judged, Rejected):
            bad.append((frame, judged))
        else:
            good.append((frame, judged))
    answers = transaction.append([entry for _, entry in good], receipt)
    for (frame, entry), answer in zip(good, answers, strict=True):
        match answer.outcome:
            case Outcome.ACCEPTED:
                tally.accepted += 1
            case Outcome.DUPLICATE:
                tally.duplicates += 1
            case Outcome.CONFLICT:
                bad.append((frame, Rejected(Refusal.CONFLICT, CONFLICT, entry.id)))
    if tally.accepted:
        _keep_receipt(transaction, tally, terms, receipt)
    if bad and tally.events:
        transaction.refuse(
            [
                Refused(
                    terms.now_ms, refused.reporter, ENTRANCE, why.code, why.detail, frame.raw, frame.oversized
                )
                for frame, why in bad
            ]
        )
    return TakenBack(
        tally.accepted,
        tally.duplicates,
        len(bad),
        bad[0][1] if bad else None,
        receipt if tally.accepted else None,
    )


def _judged(body: bytes, terms: Terms, max_event_bytes: int) -> list[tuple[Frame, NewEntry | Rejected]]:
    try:
        frames = list(cut_json(body, max_event_bytes))
    except CutError as error:
        return [(Frame(body), Rejected(Refusal.MALFORMED, str(error), None))]
    return [(frame, _entry(frame, terms)) for frame in frames]


def _entry(frame: Frame, terms: Terms) -> NewEntry | Rejected:
    event = judge(frame, terms)
    if isinstance(event, Rejected):
        return event
    return entry_of(event, received_ms=terms.now_ms, track=Track.DECLARED, reporter=terms.reporter)


def _keep_receipt(transaction: JournalTransaction, tally: Tally, terms: Terms, receipt: str) -> None:
    """Whoever sends an accepted event again is answered with this receipt, so it has to exist."""
    body = Receipt(
        receipt=receipt,
        received=from_ms(terms.now_ms),
        accepted=tally.accepted,
        duplicates=tally.duplicates,
        rejected=[],
        rejected_total=0,
        repeated=[],
    )
    transaction.save_receipt(receipt, terms.reporter, terms.now_ms, body.model_dump_json().encode())
