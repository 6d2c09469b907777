"""Dead letters of the journal: what gateway, trap decoder and embedded engine refused on this machine."""

from collections.abc import Callable, Iterator
from typing import Final

from btswatch.dead_letters.letter import Filter, Letter, LetterError, PutBack, Settlement
from btswatch.dead_letters.received_again import received_again
from ingest.feeds.again import take_back
from ingest.feeds.judging import ENTRANCE as GATEWAY
from ingest.feeds.submission import Terms
from ingest.snmp.traps.decoder import ENTRANCE as TRAPS
from processors.core.conventions import Grid
from processors.engine.intake import ENTRANCE as ENGINE
from schemas.refusal import Refusal
from stores.entries import trap_entry
from stores.journal import Journal, JournalTransaction, Refused, Settled

# A page of bodies, each up to a mebibyte, is held in memory at once.
_PAGE: Final = 50
_CUT: Final = "only its beginning was kept: ask its sender to send it again"
_CLOSED: Final = "its day is closed, and a trap is no evidence any more"


class JournalLetters:
    """The journal's list of refused things.

    Args:
        journal: opened by the caller.
        terms_of: by what the gateway judges a reporter's events now.
        grid: which days are closed.
        now_ms: the clock.
        new_receipt: a fresh receipt id.
    """

    def __init__(
        self,
        journal: Journal,
        terms_of: Callable[[str], Terms],
        max_event_bytes: int,
        grid: Grid,
        now_ms: Callable[[], int],
        new_receipt: Callable[[], str],
    ) -> None:
        self._journal = journal
        self._terms_of = terms_of
        self._max_event_bytes = max_event_bytes
        self._grid = grid
        self._now_ms = now_ms
        self._new_receipt = new_receipt

    def letters(self, wanted: Filter) -> Iterator[Letter]:
        """See `Letters`."""
        found = self._settled() if wanted.settled else self._refused()
        return (letter for letter in found if wanted.holds(letter))

    def find(self, number: int) -> Letter | None:
        """See `Letters`."""
        for one in self._journal.refused(number - 1, 1):
            if one.number == number:
                return _letter(one)
        return next(
            (_settled_letter(one) for one in self._journal.settled(number - 1, 1) if one.number == number),
            None,
        )

    def replay(self, number: int, actor: str) -> PutBack:
        """See `Letters`. One transaction: what is accepted is off the list, and never twice."""

        def job(transaction: JournalTransaction) -> PutBack:
            refused = transaction.refused_one(number)
            if refused is None:
                raise LetterError("it is not on the list any more")
            if refused.truncated:
                raise LetterError(_CUT)
            done = self._put_back(transaction, refused)
            if done.taken:
                transaction.settle(number, "replayed", self._now_ms(), actor, done.said)
            return done

        return self._journal.write([job])[0]

    def drop(self, number: int, actor: str, reason: str) -> None:
        """See `Letters`."""

        def job(transaction: JournalTransaction) -> bool:
            return transaction.settle(number, "dropped", self._now_ms(), actor, reason)

        if not self._journal.write([job])[0]:
            raise LetterError("it is not on the list any more")

    def _put_back(self, transaction: JournalTransaction, refused: Refused) -> PutBack:
        match refused.entrance:
            case "gateway":
                return self._to_gateway(transaction, refused)
            case "traps":
                return self._to_traps(transaction, refused)
            case "engine":
                return self._to_engine(transaction, refused)
        raise LetterError(
            f"there is no entrance {refused.entrance!r} here: known are {GATEWAY}, {TRAPS}, {ENGINE}"
        )

    def _to_gateway(self, transaction: JournalTransaction, refused: Refused) -> PutBack:
        terms = self._terms_of(refused.reporter)
        took = take_back(transaction, refused, terms, self._max_event_bytes, self._new_receipt())
        if took.why is not None and not (took.accepted or took.duplicates):
            transaction.refuse_again(refused.number, took.why.code, took.why.detail)
            return PutBack(taken=False, said=f"{took.why.code}: {took.why.detail}")
        parts = [
            f"{took.accepted} accepted under receipt {took.receipt}" if took.accepted else "",
            f"{took.duplicates} were here already" if took.duplicates else "",
            f"{took.refused} refused again, as letters of their own" if took.refused else "",
        ]
        return PutBack(taken=True, said=", ".join(part for part in parts if part))

    def _to_traps(self, transaction: JournalTransaction, refused: Refused) -> PutBack:
        """As it came, with the time at which it came: the decoder tells by it whether a message is too old."""
        if self._closed(refused.at_ms):
            transaction.refuse_again(refused.number, refused.code, _CLOSED)
            return PutBack(taken=False, said=_CLOSED)
        entry = trap_entry(refused.body, received_ms=refused.at_ms, sender=refused.reporter)
        (appended,) = transaction.append([entry])
        return PutBack(taken=True, said=f"to the trap decoder, as journal offset {appended.offset}")

    def _to_engine(self, transaction: JournalTransaction, refused: Refused) -> PutBack:
        entry = received_again(refused.body, self._now_ms(), self._closed)
        if isinstance(entry, str):
            transaction.refuse_again(refused.number, Refusal.INVALID, entry)
            return PutBack(taken=False, said=f"{Refusal.INVALID}: {entry}")
        self._journal.check([entry])
        (appended,) = transaction.append([entry])
        return PutBack(taken=True, said=f"to the engine, as journal offset {appended.offset}")

    def _closed(self, at_ms: int) -> bool:
        return self._grid.is_closed(at_ms, self._now_ms())

    def _refused(self) -> Iterator[Letter]:
        after = 0
        while page := self._journal.refused(after, _PAGE):
            yield from map(_letter, page)
            after = page[-1].number

    def _settled(self) -> Iterator[Letter]:
        after = 0
        while page := self._journal.settled(after):
            yield from map(_settled_letter, page)
            after = page[-1].number


def _letter(one: Refused) -> Letter:
    return Letter(
        id=f"j{one.number}",
        at_ms=one.at_ms,
        entrance=one.entrance,
        reporter=one.reporter,
        code=one.code,
        detail=one.detail,
        body=one.body,
        truncated=one.truncated,
        tries=one.tries,
    )


def _settled_letter(one: Settled) -> Letter:
    return Letter(
        id=f"j{one.number}",
        at_ms=one.at_ms,
        entrance=one.entrance,
        reporter=one.reporter,
        code=one.code,
        detail=one.detail,
        body=None,
        settled=Settlement(one.action, one.settled_ms, one.actor, one.note),
    )
