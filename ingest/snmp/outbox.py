"""From polls to the journal: gathers entries, writes them in batches, keeps them while the journal takes none.

Bounded: beyond the bound the oldest are dropped and counted. The poller itself never waits and never fails here.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Protocol

import structlog

from schemas.metrics import POLL_EVENTS_DROPPED, POLL_EVENTS_PENDING
from stores.journal import Appended, JournalError, NewEntry, OriginRefusedError

log = structlog.get_logger()
GATHER_S = 0.2
RETRY_S = 1.0
BATCH = 2000


class EventSink(Protocol):
    """Where entries become durable; `stores.journal.GroupCommit` is one."""

    async def append(self, entries: Sequence[NewEntry], receipt: str | None = None) -> list[Appended]:
        """Returns when they are on disk.

        Raises:
            JournalError: they are not.
        """


class Outbox:
    """One per poller.

    Args:
        sink: takes the entries.
        max_pending: entries kept while it takes none.
        gather_s: how long entries wait for company; it bounds the number of transactions a second.
    """

    def __init__(self, sink: EventSink, *, max_pending: int, gather_s: float = GATHER_S) -> None:
        self._sink = sink
        self._max_pending = max_pending
        self._gather_s = gather_s
        self._pending: deque[NewEntry] = deque()
        self._something = asyncio.Event()
        self._hurry = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._refusing = False

    def put(self, entries: Iterable[NewEntry]) -> None:
        """Hand in entries; never waits."""
        self._pending.extend(entries)
        while len(self._pending) > self._max_pending:
            self._pending.popleft()
            POLL_EVENTS_DROPPED.counter().labels("journal_full").inc()
        if self._pending:
            self._something.set()

    def __len__(self) -> int:
        return len(self._pending)

    async def start(self) -> None:
        """Start writing."""
        self._task = asyncio.create_task(self._run(), name="poll-outbox")

    async def stop(self, deadline_s: float) -> bool:
        """Write what is pending; False where some was left after `deadline_s`, which is then counted as dropped."""
        if self._task is None:
            return True
        self._hurry.set()
        self._something.set()
        done, _ = await asyncio.wait({self._task}, timeout=max(0.0, deadline_s))
        if not done:
            self._task.cancel()
            await asyncio.wait({self._task})
        self._task = None
        left = len(self._pending)
        if left:
            POLL_EVENTS_DROPPED.counter().labels("stopped").inc(left)
            log.error("poll events lost at stop", events=left)
        return not left

    async def _run(self) -> None:
        while True:
            await self._something.wait()
            await self._pause(self._gather_s)
            self._something.clear()
            while self._pending:
                if not await self._write():
                    await self._pause(RETRY_S)
                    if self._hurry.is_set():
                        # No pause any more: a journal that is full stays so until somebody makes room.
                        return
            POLL_EVENTS_PENDING.gauge().set(0)
            if self._hurry.is_set():
                return

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._hurry.wait()
        except TimeoutError:
            return

    async def _write(self) -> bool:
        batch = list(islice(self._pending, BATCH))
        try:
            await self._sink.append(batch)
        except OriginRefusedError as error:
            # Waiting would not help: these entries will never be taken.
            POLL_EVENTS_DROPPED.counter().labels("origin_refused").inc(len(batch))
            log.warning("poll events refused", error=str(error), events=len(batch))
        except Exception as error:
            if not isinstance(error, JournalError):
                log.exception("poll events not written")
            POLL_EVENTS_PENDING.gauge().set(len(self._pending))
            if not self._refusing:
                log.warning("journal takes no poll events", error=str(error), pending=len(self._pending))
            self._refusing = True
            return False
        if self._refusing:
            log.info("journal takes poll events again", pending=len(self._pending))
        self._refusing = False
        # While the batch was being written the oldest may have been dropped: remove what is still there of it.
        written = set(map(id, batch))
        while self._pending and id(self._pending[0]) in written:
            self._pending.popleft()
        return True
