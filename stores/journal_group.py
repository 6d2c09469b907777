"""Group commit: many asyncio callers, one transaction, one wait for the disk."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from schemas.metrics import JOURNAL_PENDING_BYTES
from stores.journal_entry import Appended, NewEntry, Refused
from stores.journal_errors import JournalStoppedError
from stores.journal_store import Journal
from stores.journal_transaction import JournalTransaction

T = TypeVar("T")
DEFAULT_PENDING_BYTES = 32 << 20
# What an entry costs beside its body while it waits.
_ENTRY_BYTES = 400


@dataclass(slots=True)
class _Call:
    job: Callable[[JournalTransaction], Any]
    size: int
    answer: asyncio.Future[Any]


class _Room:
    """How many bytes may wait at once; callers beyond that stand in line, first come first served."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.used = 0
        self._line: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def take(self, size: int) -> None:
        if not self._line and self._fits(size):
            self.used += size
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append((size, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self.give(size)  # the room came at the same moment as the cancellation
            raise

    def give(self, size: int) -> None:
        self.used -= size
        while self._line:
            wanted, turn = self._line[0]
            if not turn.done():
                if not self._fits(wanted):
                    return
                self.used += wanted
                turn.set_result(None)
            self._line.popleft()

    def close(self, error: Exception) -> None:
        """Send away who stands in line: none of theirs was taken yet."""
        while self._line:
            _, turn = self._line.popleft()
            if not turn.done():
                turn.set_exception(error)

    def _fits(self, size: int) -> bool:
        # What is larger than the whole room goes alone, otherwise it would wait for ever.
        return self.used == 0 or self.used + size <= self._limit


class GroupCommit:
    """Writes to the journal for the callers of one event loop.

    While one transaction waits for the disk, the calls that come in meanwhile gather for the next. Each call is
    all or nothing; a call that fails does not take the others of its transaction with it.

    Args:
        journal: opened by the caller, who also closes it after `stop`.
        max_pending_bytes: bound of what waits; callers beyond it wait for their turn (backpressure).
    """

    def __init__(self, journal: Journal, *, max_pending_bytes: int = DEFAULT_PENDING_BYTES) -> None:
        self._journal = journal
        self._max_pending_bytes = max_pending_bytes
        self._room = _Room(max_pending_bytes)
        self._calls: list[_Call] = []
        self._something = asyncio.Event()
        self._thread: ThreadPoolExecutor | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = False

    async def start(self) -> None:
        """Start the writer thread."""
        self._stopping = False
        self._room = _Room(self._max_pending_bytes)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
        self._task = asyncio.create_task(self._run(self._thread), name="journal")

    async def stop(self, deadline_s: float) -> bool:
        """Take no more calls and write those that wait; False where that took longer than `deadline_s`.

        Calls that still wait for room, and those that could not be written in time, get a `JournalStoppedError`:
        not acknowledged, so their senders try again (one that was with the disk already may be found there then).
        """
        if self._task is None or self._thread is None:
            return True
        self._stopping = True
        self._room.close(self._stopped())
        self._something.set()
        done, _ = await asyncio.wait({self._task}, timeout=deadline_s)
        if not done:
            self._task.cancel()
            await asyncio.wait({self._task})
            for call in self._calls:
                _fail(call, self._stopped())
            self._calls.clear()
        self._thread.shutdown(wait=bool(done))
        self._task = self._thread = None
        return bool(done)

    async def append(self, entries: Sequence[NewEntry], receipt: str | None = None) -> list[Appended]:
        """Like `Journal.append`: returns when the entries are on disk.

        Raises:
            JournalStoppedError: stopped before it was written.
            OriginRefusedError, JournalFullError, JournalError: see `Journal.append`.
        """
        self._journal.check(entries)
        size = sum(_ENTRY_BYTES + len(entry.body) for entry in entries)
        return await self.write(lambda transaction: transaction.append(entries, receipt), size)

    async def refuse(self, *refused: Refused) -> None:
        """Like `Journal.refuse`."""
        size = sum(_ENTRY_BYTES + len(each.body) for each in refused)
        await self.write(lambda transaction: transaction.refuse(refused), size)

    async def save_receipt(self, receipt: str, reporter: str, at_ms: int, body: bytes) -> None:
        """Like `Journal.save_receipt`."""
        await self.write(
            lambda transaction: transaction.save_receipt(receipt, reporter, at_ms, body),
            _ENTRY_BYTES + len(body),
        )

    async def write(self, job: Callable[[JournalTransaction], T], size: int) -> T:
        """Run `job` in the next transaction; what it returned, once that is on disk.

        With it a caller can append, keep the receipt that tells of it and note what was refused in one go.
        The job runs in the writer thread, and twice if another one of its transaction fails.

        Args:
            job: the caller's part of the transaction; entries' origins are the caller's to `check`.
            size: about how many bytes it holds in memory while it waits.
        """
        if self._stopping or self._task is None:
            raise self._stopped()
        await self._room.take(size)
        if self._stopping:
            self._room.give(size)
            raise self._stopped()
        # From here to handing in the call nothing is awaited: `_run` sees every call before it ends.
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._calls.append(_Call(job, size, answer))
        self._something.set()
        JOURNAL_PENDING_BYTES.gauge().set(self._room.used)
        return await answer

    async def _run(self, thread: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._something.wait()
            self._something.clear()
            calls, self._calls = self._calls, []
            if not calls:
                if self._stopping:
                    return
                continue
            try:
                outcomes = await loop.run_in_executor(thread, self._write_all, calls)
            except asyncio.CancelledError:
                for call in calls:
                    _fail(call, self._stopped())
                raise
            for call, outcome in zip(calls, outcomes, strict=True):
                self._room.give(call.size)
                if isinstance(outcome, _Failure):
                    _fail(call, outcome.error)
                elif not call.answer.done():
                    call.answer.set_result(outcome)
            JOURNAL_PENDING_BYTES.gauge().set(self._room.used)
            if self._calls or self._stopping:
                self._something.set()

    def _write_all(self, calls: Sequence[_Call]) -> Sequence[Any]:
        try:
            return self._journal.write([call.job for call in calls])
        except Exception as error:  # noqa: BLE001 - each caller gets it, or its own
            if len(calls) == 1:
                return [_Failure(error)]
        # One of them spoilt it: each alone, so that each gets its own answer.
        return [self._write_all([call])[0] for call in calls]

    def _stopped(self) -> JournalStoppedError:
        return JournalStoppedError(self._journal.path, "group commit is stopped")


@dataclass(frozen=True, slots=True)
class _Failure:
    error: Exception


def _fail(call: _Call, error: Exception) -> None:
    if not call.answer.done():
        call.answer.set_exception(error)
