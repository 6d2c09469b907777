"""One request's events on their way to disk: judged, appended, refused, receipted, in one transaction a chunk."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

import structlog

from ingest.feeds.auth import Caller
from ingest.feeds.body import Chunk
from ingest.feeds.copies import Copies
from ingest.feeds.judging import ENTRANCE, Bad, Good, by_outcome, judge_chunk
from ingest.feeds.limits import RateLimits
from ingest.feeds.problems import Code, ProblemError
from ingest.feeds.receipts import Receipt, Tally
from ingest.feeds.submission import Terms
from schemas.indicators import Indicators
from schemas.metrics import EVENTS_ACCEPTED, EVENTS_REFUSED, GATEWAY_RECEIPTS
from schemas.refusal import Refusal
from schemas.registry import Registry
from schemas.settings.gateway import GatewaySettings
from schemas.time import LocalCalendar
from stores.journal import Appended, JournalError, JournalTransaction, Origin, Outcome, Refused

T = TypeVar("T")
_BESIDE_BODY: Final = 400
_RETRY_S: Final = 5
# A receipt whose gateway was killed in the waiting: nobody was answered with it. So long after, it stays as it is.
_OPEN_MS: Final = 30_000
# The fault is in the body, not in the connection: it is kept for replay.
_FAULTS_OF_BODY: Final = {Code.MALFORMED: Refusal.MALFORMED, Code.TOO_LARGE: Refusal.TOO_LARGE}


class JournalWriter(Protocol):
    """One transaction for several callers; `stores.journal.GroupCommit` is one."""

    async def write(self, job: Callable[[JournalTransaction], T], size: int) -> T:
        """What `job` returned, once that is on disk. It may run twice."""


@dataclass(frozen=True, slots=True)
class _Stored:
    """What one transaction did; `last` is the highest journal offset that one of its events has, new or repeated."""

    tally: Tally
    accepted: Sequence[Good]
    refused: Sequence[Bad]
    last: int


@dataclass(slots=True)
class _Run:
    """One request under way."""

    caller: Caller
    receipt: str
    began_ms: int
    tally: Tally
    registry: Registry
    head: str | None
    next_index: int = field(default=0)
    last: int = field(default=0)

    def answer(self, tally: Tally, *, complete: bool = True) -> Receipt:
        """The receipt with these counts."""
        return tally.receipt(self.receipt, self.began_ms, complete=complete, head=self.head)


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes the events of enterprises into the journal.

    Attributes:
        registry: the registry in force now.
        new_id: a fresh receipt id.
        origin: None for live events; a demonstration may mark its own.
        head: the audit chain's head as it is known now.
        indicators: those that a measurement may be of; None: any name is taken.
        copies: waited for before the answer; None: the disk is enough.
    """

    journal: JournalWriter
    registry: Callable[[], Registry]
    calendar: LocalCalendar
    settings: GatewaySettings
    limits: RateLimits
    now_ms: Callable[[], int]
    new_id: Callable[[], str]
    origin: Origin | None = None
    head: Callable[[], str | None] = lambda: None
    indicators: Indicators | None = None
    copies: Copies | None = None

    async def take(self, caller: Caller, chunks: AsyncIterator[Chunk]) -> Receipt:
        """Everything good on disk, everything bad refused, and the receipt of it.

        A chunk is stored when the next one has come, so that the last one's transaction holds the receipt too.

        Raises:
            ProblemError: the body, a limit or the journal ended the request; where events are on disk
                already, its member `receipt` tells of them.
        """
        tally = Tally(self.settings.max_listed)
        run = _Run(caller, self.new_id(), self.now_ms(), tally, self.registry(), self.head())
        try:
            waiting: Chunk = []
            async for chunk in chunks:
                if waiting:
                    await self._store(run, waiting, last=False)
                waiting = chunk
            await self._store(run, waiting, last=True)
        except ProblemError as problem:
            await self._break_off(run, problem)
            raise
        receipt = await self._receipt(run)
        GATEWAY_RECEIPTS.counter().labels(receipt.durable).inc()
        return receipt

    async def _receipt(self, run: _Run) -> Receipt:
        """The answer, once Kafka has the events where that is wanted: what is kept of it says the same."""
        receipt = run.answer(run.tally)
        if self.copies is None or not run.last or not await self.copies.hold(run.last):
            return receipt
        copied = receipt.model_copy(update={"durable": "kafka"})
        if receipt.receipt != run.receipt:
            return copied  # the first one's, which stays as it is
        body = copied.model_dump_json().encode()
        try:
            kept = await self.journal.write(
                lambda transaction: transaction.settle_receipt(receipt.receipt, body),
                _BESIDE_BODY + len(body),
            )
        except JournalError as error:
            structlog.get_logger().error("receipt stays as it was on disk", error=str(error))
            return receipt
        return copied if kept else receipt

    async def _store(self, run: _Run, chunk: Chunk, *, last: bool) -> None:
        if chunk:
            self.limits.count_events(run.caller.key_id, len(chunk))
        now_ms = self.now_ms()
        good, bad = await judge_chunk(chunk, run.next_index, self._terms(run, now_ms), self.origin)
        reporter = run.caller.enterprise
        open_until_ms = None if self.copies is None else now_ms + self.copies.wait_ms + _OPEN_MS

        def job(transaction: JournalTransaction) -> _Stored:
            answers = transaction.append([one.entry for one in good], run.receipt)
            accepted, refused, tally = by_outcome(run.tally.copy(), good, bad, answers)
            if refused:
                transaction.refuse([one.refused(now_ms, reporter) for one in refused])
            if last:
                receipt = run.answer(tally)
                body = receipt.model_dump_json().encode()
                # One that is answered under another's id changes nothing of that one.
                mine = receipt.receipt == run.receipt
                until = open_until_ms if mine else None
                transaction.save_receipt(receipt.receipt, reporter, run.began_ms, body, until)
            return _Stored(tally, accepted, refused, _last_of(answers))

        stored = await self._write(job, sum(_BESIDE_BODY + 2 * len(frame.raw) for frame in chunk))
        run.tally = stored.tally
        run.last = max(run.last, stored.last)
        run.next_index += len(chunk)
        for one in stored.accepted:
            EVENTS_ACCEPTED.counter().labels(ENTRANCE, reporter, one.type).inc()
        for each in stored.refused:
            EVENTS_REFUSED.counter().labels(ENTRANCE, each.why.code).inc()

    def _terms(self, run: _Run, now_ms: int) -> Terms:
        return Terms(
            run.caller.enterprise,
            run.registry,
            self.calendar,
            now_ms,
            self.settings.max_future_s * 1000,
            self.settings.max_age_s * 1000,
            self.indicators,
        )

    async def _break_off(self, run: _Run, problem: ProblemError) -> None:
        """Note what became of a request that did not come to its end."""
        code = _FAULTS_OF_BODY.get(problem.code)
        reporter, now_ms = run.caller.enterprise, self.now_ms()
        receipt = run.answer(run.tally, complete=False)
        if code is None and not run.tally.events:
            return

        def job(transaction: JournalTransaction) -> None:
            if code is not None:
                # Only what was read in whole can be replayed.
                cut = code is not Refusal.MALFORMED or not problem.kept
                transaction.refuse(
                    [Refused(now_ms, reporter, ENTRANCE, code, problem.detail, problem.kept, truncated=cut)]
                )
            if run.tally.events:
                body = receipt.model_dump_json().encode()
                transaction.save_receipt(receipt.receipt, reporter, run.began_ms, body)

        if run.tally.events:
            problem.extra["receipt"] = receipt.model_dump(mode="json")
        if code is not None:
            EVENTS_REFUSED.counter().labels(ENTRANCE, code).inc()
        await self._write(job, _BESIDE_BODY + len(problem.kept))

    async def _write(self, job: Callable[[JournalTransaction], T], size: int) -> T:
        try:
            return await self.journal.write(job, size)
        except JournalError as error:
            structlog.get_logger().error("journal takes nothing", error=str(error))
            raise ProblemError(
                Code.JOURNAL_UNAVAILABLE, "nothing of this was stored", retry_after_s=_RETRY_S
            ) from error


def _last_of(answers: Sequence[Appended]) -> int:
    """The highest offset of those that stand in the journal; 0 where none does."""
    return max((one.offset or 0 for one in answers if one.outcome is not Outcome.CONFLICT), default=0)
