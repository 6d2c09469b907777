"""The journal's consumer `traps`: raw datagrams become evidence, polls, or entries in quarantine."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from ingest.snmp.traps import state
from ingest.snmp.traps.authentication import Authentication, Reading
from ingest.snmp.traps.clocks import Clocks
from ingest.snmp.traps.identity import write_durably
from ingest.snmp.traps.notification import Passed, Quarantined, TrapRefusal
from ingest.snmp.traps.ports import PollNow
from ingest.snmp.traps.rules import Evidence, TrapRules
from ingest.snmp.traps.senders import Senders
from schemas.events import StatusEvent
from schemas.events.status import StatusData
from schemas.metrics import EVENTS_REFUSED, TRAPS_DECODED, TRAPS_WRITES_FAILED
from schemas.settings.traps import TrapSettings
from schemas.status import Track
from schemas.time import from_ms
from stores.entries import entry_of
from stores.journal import GroupCommit, Journal, JournalError, JournalTransaction, NewEntry, Refused, Stored

CONSUMER = "traps"
ENTRANCE = "traps"
# Another process may receive for the same journal: its traps are found without being told.
_LOOK_S = 5.0
# Behind this many entries of others the position moves without a trap, so that the journal can be trimmed.
_IDLE_ENTRIES = 10_000


@dataclass(slots=True)
class _Batch:
    """What came of some traps; written in one transaction with the position."""

    offset: int
    entries: list[NewEntry] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    poll: set[str] = field(default_factory=set)
    outcomes: Counter[str] = field(default_factory=Counter)


class TrapDecoder:
    """Decodes what the receiver put into the journal, from where it stood: a crash loses nothing and repeats nothing.

    Evidence, quarantine and the position are written in one transaction.
    """

    def __init__(
        self,
        settings: TrapSettings,
        journal: Journal,
        writer: GroupCommit,
        *,
        authentication: Authentication,
        clocks: Clocks,
        senders: Senders,
        rules: TrapRules,
        polls: PollNow,
        state_path: Path,
        now_ms: Callable[[], int],
    ) -> None:
        self._settings = settings
        self._journal = journal
        self._writer = writer
        self._something = asyncio.Event()
        self._clean = True
        self._authentication = authentication
        self._clocks = clocks
        self._senders = senders
        self._rules = rules
        self._polls = polls
        self._state_path = state_path
        self._now_ms = now_ms
        self._position = 0
        self._saved_ms = 0
        self._saved_offset = 0
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    @property
    def position(self) -> int:
        """The journal offset up to which traps are dealt with."""
        return self._position

    async def start(self) -> None:
        """Go on where the last run ended."""
        await asyncio.to_thread(self._recover)
        self._stopping = False
        self._task = asyncio.create_task(self._run(), name="traps-decode")

    async def stop(self, deadline_s: float) -> bool:
        """Deal with the traps that are in the journal; False where that took longer than `deadline_s`.

        What is left then is decoded after the next start.
        """
        if self._task is None:
            return True
        self._stopping = True
        self.wake()
        done, _ = await asyncio.wait({self._task}, timeout=deadline_s)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None
        await self._save()
        return bool(done)

    def wake(self) -> None:
        """There are traps in the journal."""
        self._something.set()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(_LOOK_S):
                await self._something.wait()
        except TimeoutError:
            return

    def _recover(self) -> None:
        """Bring the senders' clocks to the position: reading old traps again, without acting on them."""
        self._journal.register(CONSUMER)
        self._position = self._journal.position(CONSUMER)
        after = state.load(self._state_path, self._clocks)
        if after > self._position:
            after = 0  # of another journal
        self._saved_offset = after
        while entries := self._journal.read(after, self._settings.batch, ["trap"]):
            for stored in entries:
                if stored.offset > self._position:
                    return
                self._authentication.read(stored.body, stored.received_ms)
            after = entries[-1].offset

    async def _run(self) -> None:
        while True:
            try:
                more = await self._step()
            except JournalError as error:
                TRAPS_WRITES_FAILED.counter().labels(type(error).__name__).inc()
                structlog.get_logger().warning("decoded traps can't be written", error=str(error))
                if self._stopping:
                    return
                await asyncio.sleep(self._settings.retry_s)
                continue
            if not more:
                if self._stopping:
                    return
                await self._wait()

    async def _step(self) -> bool:
        """One batch; whether there may be more."""
        self._something.clear()
        end, entries = await asyncio.to_thread(self._look)
        if not entries:
            if end - self._position > _IDLE_ENTRIES or (self._stopping and end > self._position):
                await self._commit(_Batch(end))
            return False
        batch = _Batch(entries[-1].offset)
        self._clean = False
        for stored in entries:
            self._take(stored, batch)
        await self._commit(batch)
        return True

    def _look(self) -> tuple[int, list[Stored]]:
        end = self._journal.last_offset()
        return end, self._journal.read(self._position, self._settings.batch, ["trap"])

    async def _commit(self, batch: _Batch) -> None:
        def job(transaction: JournalTransaction) -> None:
            transaction.append(batch.entries)
            if batch.refused:
                transaction.refuse(batch.refused)
            transaction.commit(CONSUMER, batch.offset)

        size = sum(len(e.body) for e in batch.entries) + sum(len(r.body) for r in batch.refused)
        await self._until_written(job, size)
        self._position = batch.offset
        self._clean = True
        for outcome, count in batch.outcomes.items():
            TRAPS_DECODED.counter().labels(outcome).inc(count)
        for refused in batch.refused:
            EVENTS_REFUSED.counter().labels(ENTRANCE, refused.code).inc()
        if batch.poll:
            self._polls.request(frozenset(batch.poll))
        if self._now_ms() - self._saved_ms >= 1000 * self._settings.state_interval_s:
            await self._save()

    async def _until_written(self, job: Callable[[JournalTransaction], None], size: int) -> None:
        """Tried again with the same batch: it was read once, and reading it twice would take it for a replay."""
        while True:
            try:
                await self._writer.write(job, size)
            except JournalError as error:
                if self._stopping:
                    raise
                TRAPS_WRITES_FAILED.counter().labels(type(error).__name__).inc()
                structlog.get_logger().warning("decoded traps can't be written", error=str(error))
                await asyncio.sleep(self._settings.retry_s)
            else:
                return

    def _take(self, stored: Stored, batch: _Batch) -> None:
        try:
            reading = self._authentication.read(stored.body, stored.received_ms)
            outcome = self._act(stored, reading, batch)
        except Exception:  # noqa: BLE001 - a fault of ours in one trap must not stop the others
            structlog.get_logger().exception("a trap can't be decoded", offset=stored.offset)
            outcome = self._quarantine(
                stored, Quarantined(TrapRefusal.FAILED, f"journal offset {stored.offset}"), batch
            )
        batch.outcomes[outcome] += 1

    def _act(self, stored: Stored, reading: Reading, batch: _Batch) -> str:
        if isinstance(reading, Passed):
            return reading.value
        if isinstance(reading, Quarantined):
            return self._quarantine(stored, reading, batch)
        sender = self._senders.find(stored.reporter)
        if sender is None:
            address = stored.reporter.rpartition(":")[0]
            detail = f"{address} is no agent of the registry"
            return self._quarantine(stored, Quarantined(TrapRefusal.UNKNOWN_SENDER, detail), batch)
        verdict = self._rules.judge(sender, reading)
        batch.entries += [self._entry(stored, verdict.name or "", each) for each in verdict.evidence]
        batch.poll |= verdict.poll
        log = structlog.get_logger()
        log.debug("trap", sender=stored.reporter, oid=reading.oid, name=verdict.name, user=reading.user)
        if verdict.evidence:
            return "evidence"
        if verdict.poll:
            return "poll"
        return "noted" if verdict.name else "unlisted"

    @staticmethod
    def _quarantine(stored: Stored, why: Quarantined, batch: _Batch) -> str:
        batch.refused.append(
            Refused(stored.received_ms, stored.reporter, ENTRANCE, why.code, why.detail, stored.body)
        )
        return "quarantined"

    def _entry(self, stored: Stored, name: str, said: Evidence) -> NewEntry:
        assessment = said.assessment
        status = assessment.status
        if status is None:
            raise ValueError("evidence without a status")
        reporter = self._settings.reporter
        event = StatusEvent(
            specversion="1.0",
            # From the journal's offset: the same trap makes the same event, however often it is decoded.
            id=f"trap-{stored.offset}-{said.element}",
            source=f"{reporter}/{said.device}",
            subject=said.element,
            time=from_ms(stored.received_ms),
            type="btswatch.status.v1",
            data=StatusData(
                status=status,
                cause=assessment.cause,
                metrics=dict(assessment.metrics) or None,
                detail=f"{name}: {assessment.detail}" if assessment.detail else name,
            ),
        )
        return entry_of(
            event,
            received_ms=stored.received_ms,
            track=Track.MEASURED,
            reporter=reporter,
            remember=False,
        )

    async def _save(self) -> None:
        """Not after a batch that was read and not written: the clocks would take it for a replay."""
        if self._position == self._saved_offset or not self._clean:
            return
        content, offset = state.dump(self._position, self._clocks), self._position
        try:
            await asyncio.to_thread(write_durably, self._state_path, content)
        except OSError as error:
            # The journal rebuilds it.
            structlog.get_logger().warning("trap state can't be saved", error=str(error))
            return
        self._saved_offset = offset
        self._saved_ms = self._now_ms()
