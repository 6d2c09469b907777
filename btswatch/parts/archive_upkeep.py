"""The archive's upkeep: what belongs to closed days is made one file per family, with its digests in a manifest.

In the process that has the archive open for writing, and in a thread of low priority, so that no live figure waits.
"""

import asyncio
import contextlib
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from schemas.metrics import ARCHIVE_MERGE_FAILED, ARCHIVE_MERGED
from stores.archive import Archive, ArchiveError
from stores.ledger import Ledger, closings

_LOG = structlog.get_logger()
_EVERY_S: Final = 60.0


class ArchiveUpkeep:
    """Merges the days that are closed: all at the start, then whenever another one was closed.

    Args:
        archive: nothing is done until it is open for writing.
        ledger: open; says which days are closed.
        every_s: seconds between two looks at the ledger.
    """

    def __init__(self, archive: Archive, ledger: Ledger, *, every_s: float = _EVERY_S) -> None:
        self._archive = archive
        self._ledger = ledger
        self._every_s = every_s
        self._done: date | None = None
        self._stopping = threading.Event()
        # Its own, since a thread that gave way can't take it back.
        self._thread = ThreadPoolExecutor(1, "archive-upkeep", initializer=_give_way)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; needs a running loop."""
        self._stopping.clear()
        self._task = asyncio.create_task(self._run(), name="archive upkeep")

    async def stop(self) -> None:
        """A merge under way is given up at its next line; the archive is as it was before it."""
        self._stopping.set()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        self._thread.shutdown()

    def merge_closed(self) -> None:
        """Merge every closed day that has parts, late ones too. A day that fails is tried again at the next start or close."""
        if not self._archive.is_open:
            return
        with self._ledger.reading() as connection:
            last = closings.last_closed(connection)
        if last is None or last == self._done:
            return
        for day in self._archive.days():
            if day > last or self._stopping.is_set():
                break
            try:
                merged = self._archive.merge(day, self._stopping.is_set)
            except ArchiveError as error:
                ARCHIVE_MERGE_FAILED.counter().labels(type(error).__name__).inc()
                _LOG.error("day not merged", day=day.isoformat(), error=str(error))
                continue
            if merged:
                ARCHIVE_MERGED.counter().inc()
        if not self._stopping.is_set():
            self._done = last

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            working = loop.run_in_executor(self._thread, self._work)
            try:
                await asyncio.shield(working)
            except asyncio.CancelledError:
                # The archive is closed next: not under a thread that writes to it.
                await working
                raise
            await asyncio.sleep(self._every_s)

    def _work(self) -> None:
        try:
            self.merge_closed()
        except SQLAlchemyError as error:
            _LOG.error("archive upkeep: ledger not read", error=str(error).splitlines()[0])


def _give_way() -> None:
    if sys.platform == "linux":  # elsewhere priorities belong to whole processes
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
