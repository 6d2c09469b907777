"""The embedded engine, and the closing of days beside it."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable
from typing import Final

import structlog

from btswatch.ledger import ledger_of
from btswatch.parts.archive_upkeep import ArchiveUpkeep
from btswatch.parts.closing import count
from btswatch.parts.part import Ending
from btswatch.settings import Settings
from processors.closing import ENGINE
from processors.engine.embedded import EmbeddedEngine, Stores
from schemas.registry import Registry
from schemas.time import LocalCalendar
from stores.data_directory import DataDirectory

_LOG = structlog.get_logger()
_CLOSING_EVERY_S: Final = 300.0


class EnginePart:
    """Journal to ledger and archive, in a thread; the process ends when the thread does."""

    def __init__(
        self,
        settings: Settings,
        directory: DataDirectory,
        registry: Registry,
        now_ms: Callable[[], int],
        ending: Ending,
    ) -> None:
        self._journal = directory.journal(settings.journal)
        self._ledger = ledger_of(settings, directory)
        self._archive = directory.archive(LocalCalendar(settings.zone))
        self._upkeep = ArchiveUpkeep(self._archive, self._ledger)
        self._ending = ending
        self._watch: asyncio.Task[None] | None = None
        self._engine = EmbeddedEngine(
            Stores(self._journal, self._ledger, self._archive),
            registry,
            settings.conventions(),
            settings.engine,
            bell=directory.bell(ENGINE),
            told=directory.bell("console"),
            now_ms=now_ms,
        )

    async def start(self) -> None:
        """Open the stores and go on from the ledger."""
        self._journal.open()
        self._ledger.open()
        self._archive.open()
        self._engine.start()
        self._watch = asyncio.create_task(self._follow(), name="engine watch")
        self._upkeep.start()

    async def stop(self, deadline_s: float) -> None:
        """Take in what the journal has, write everything, close."""
        await self._upkeep.stop()
        drained = await asyncio.to_thread(self._engine.stop)
        if not drained:
            _LOG.error("engine did not drain in time; it goes on from the ledger", deadline_s=deadline_s)
            return
        if self._watch is not None:
            await self._watch
        self._archive.close()
        self._ledger.close()
        self._journal.close()

    def not_ready(self) -> str | None:
        """Whether its thread lives."""
        return f"engine: {self._engine.failure!r}" if self._engine.failure else None

    async def _follow(self) -> None:
        await asyncio.to_thread(self._engine.join)
        if self._engine.failure is not None:
            self._ending.fail(self._engine.failure)


class ClosingPart:
    """Closes days in a process of its own, so that a long catch-up delays no live figure.

    Args:
        arguments: the command that closes.
        due: whether there is a day to close; asked in a thread, so that a process is started only for something.
    """

    def __init__(self, arguments: tuple[str, ...], due: Callable[[], bool]) -> None:
        self._arguments = arguments
        self._due = due
        self._task: asyncio.Task[None] | None = None
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Look for days to close, now and then."""
        self._task = asyncio.create_task(self._run(), name="closing")

    async def stop(self, deadline_s: float) -> None:
        """Stop a closing that is under way: what is half done is done again later."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), deadline_s)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()

    def not_ready(self) -> str | None:
        """Closing late is no reason to take the engine for broken."""
        return None

    async def _run(self) -> None:
        while True:
            try:
                due = await asyncio.to_thread(self._due)
            except Exception as error:  # noqa: BLE001 - a store that is busy now answers the next time
                _LOG.error("closing not looked for; it is tried again", error=repr(error))
                due = False
            if due:
                await self._close()
            await asyncio.sleep(_CLOSING_EVERY_S)

    async def _close(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "btswatch",
            *self._arguments,
            stdout=asyncio.subprocess.PIPE,
            preexec_fn=_give_way,
        )
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            count(line)
        if code := await self._process.wait():
            _LOG.error("closing failed; it is tried again", exit_code=code, again_in_s=_CLOSING_EVERY_S)


def _give_way() -> None:
    os.nice(10)
