"""What the gateway has to do with the audit chain: its head for the receipts, and the receipts' anchors."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from processors.receipt_anchors import anchor, anchored
from schemas.audit import AuditKind
from stores.journal import Journal, JournalError, new_number
from stores.ledger import Ledger, audit
from stores.ledger.database import LedgerClosedError, SchemaMismatchError

_LOG = structlog.get_logger()
_REFRESH_S: Final = 5.0
# An anchor's proofs are made from so many digests at most; and a busy gateway's list of receipts is not outrun.
MOST_AT_ONCE: Final = 10_000


class Chain:
    """The chain as a gateway sees it. The ledger may be away: what waits is anchored when it is back.

    Args:
        ledger: open, or opened when it is used.
        journal: open; whose receipts are anchored.
        now_ms: the clock.
        anchor_s: longest time between two anchors while there are receipts.
        refresh_s: how often the head is read.
    """

    def __init__(
        self,
        ledger: Ledger,
        journal: Journal,
        now_ms: Callable[[], int],
        *,
        anchor_s: float,
        refresh_s: float = _REFRESH_S,
    ) -> None:
        self._ledger = ledger
        self._journal = journal
        self._now_ms = now_ms
        self._anchor_ms = int(anchor_s * 1000)
        self._refresh_s = refresh_s
        self._task: asyncio.Task[None] | None = None
        self._head: str | None = None
        self._number: int | None = None
        self._away = False

    def head(self) -> str | None:
        """The head that was read last; None until one was."""
        return self._head

    def start(self) -> None:
        """Begin; needs a running loop."""
        self._task = asyncio.create_task(self._run(), name="audit chain")

    async def stop(self) -> None:
        """What was not anchored is so after the next start."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def follow(self) -> None:
        """Anchor what is due, and read the head. Blocks for the ledger."""
        if self._number is None:
            self._number = self._journal.number(new_number())
        while self._anchor(self._number):
            pass
        with self._ledger.reading() as connection:
            self._head = audit.head(connection)

    def _anchor(self, journal: int) -> bool:
        """Whether there may be more to anchor at once."""
        with self._ledger.reading() as connection:
            done = anchored(connection, journal)
            last = audit.newest(connection, AuditKind.RECEIPTS.value, f"journal:{journal}")
        waiting = self._journal.receipts(done, MOST_AT_ONCE)
        full = len(waiting) == MOST_AT_ONCE
        now_ms = self._now_ms()
        if waiting and (full or last is None or now_ms - last.at_ms >= self._anchor_ms):
            anchor(self._ledger, journal, waiting, now_ms)
            return full
        return False

    async def _run(self) -> None:
        while True:
            working = asyncio.get_running_loop().run_in_executor(None, self._try)
            try:
                await asyncio.shield(working)
            except asyncio.CancelledError:
                # The stores are closed next: not under a thread that works with them.
                await working
                raise
            await asyncio.sleep(self._refresh_s)

    def _try(self) -> None:
        try:
            self.follow()
            if self._away:
                _LOG.info("audit chain followed again")
            self._away = False
        except (SQLAlchemyError, SchemaMismatchError, LedgerClosedError, JournalError) as error:
            if not self._away:
                _LOG.warning("audit chain not followed; tried again", error=str(error).splitlines()[0])
            self._away = True
