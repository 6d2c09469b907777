"""The journal with its group commit, and its upkeep: what nobody needs any more is forgotten."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

import structlog

from schemas.settings.journal import JournalSettings
from stores.data_directory import DataDirectory
from stores.journal import GroupCommit, Journal, JournalError

_LOG = structlog.get_logger()
_UPKEEP_S: Final = 60.0


class JournalPart:
    """Open while the process runs; the other parts of the process append through `group`.

    `keep_for` is a reader that may come later for the first time: what it has not read stays until then.
    """

    def __init__(
        self,
        directory: DataDirectory,
        settings: JournalSettings,
        now_ms: Callable[[], int],
        keep_for: str | None = None,
    ) -> None:
        self._settings = settings
        self._keep_for = keep_for
        self._now_ms = now_ms
        self.journal: Journal = directory.journal(settings)
        self.group = GroupCommit(self.journal, max_pending_bytes=settings.max_pending_bytes)
        self._upkeep: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Open the journal and take entries."""
        self.journal.open()
        if self._keep_for is not None:
            self.journal.register(self._keep_for)
        await self.group.start()
        self._upkeep = asyncio.create_task(self._keep(), name="journal upkeep")

    async def stop(self, deadline_s: float) -> None:
        """Write what was taken, then close."""
        if self._upkeep is not None:
            self._upkeep.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._upkeep
        if not await self.group.stop(deadline_s):
            _LOG.error("journal did not drain in time", deadline_s=deadline_s)
        self.journal.close()

    def not_ready(self) -> str | None:
        """Whether there is room and the file answers."""
        try:
            used, most = self.journal.used_bytes(), self.journal.max_bytes
        except JournalError as error:
            return f"journal: {error}"
        return f"journal: full, {used} of {most} bytes" if used >= most else None

    async def _keep(self) -> None:
        while True:
            try:
                now_ms = self._now_ms()
                await asyncio.to_thread(self.journal.trim, now_ms - self._settings.retention_s * 1000)
                await asyncio.to_thread(self.journal.forget_identities, now_ms)
                await asyncio.to_thread(self.journal.close_receipts, now_ms)
            except JournalError as error:
                _LOG.error("journal upkeep failed", error=str(error))
            await asyncio.sleep(_UPKEEP_S)
