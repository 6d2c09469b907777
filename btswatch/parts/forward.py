"""The forwarder as a part: one a journal, in a thread; the process ends when the thread does."""

import asyncio
import fcntl
from collections.abc import Callable
from io import FileIO

import structlog

from btswatch.cli.exits import CommandError, Exit
from btswatch.parts.part import Ending
from btswatch.settings import Settings
from ingest.forwarder import CONSUMER
from ingest.forwarder.forwarder import Forwarder
from schemas.registry import Registry
from schemas.status import Feed
from stores.data_directory import DataDirectory
from stores.journal import new_number

_LOG = structlog.get_logger()


class ForwardPart:
    """Journal to Kafka. Registry and rules (by digest) are told as they are at the start: a change needs one anyway."""

    def __init__(
        self,
        settings: Settings,
        directory: DataDirectory,
        registry: Registry,
        now_ms: Callable[[], int],
        ending: Ending,
        rules: str | None = None,
    ) -> None:
        self._directory = directory
        self._journal = directory.journal(settings.journal)
        self._ending = ending
        self._lock: FileIO | None = None
        self._watch: asyncio.Task[None] | None = None
        self._forwarder = Forwarder(
            self._journal,
            settings.kafka,
            settings.forwarder,
            in_force=lambda: (registry.digest, rules),
            reporting_changes=[
                one.id for one in registry.enterprises.values() if one.feed is Feed.TRANSITION
            ],
            number=new_number(),
            bell=directory.bell(CONSUMER),
            now_ms=now_ms,
            waited_for=directory.bell("gateway") if settings.gateway.durability == "kafka" else None,
        )

    async def start(self) -> None:
        """Go on from the journal; that brokers are away shows in `not_ready`.

        Raises:
            CommandError: another forwarder has this journal.
        """
        self._lock = self._alone()
        self._journal.open()
        self._forwarder.start()
        self._watch = asyncio.create_task(self._follow(), name="forwarder watch")

    async def stop(self, deadline_s: float) -> None:
        """Send what the journal has, store the position, close."""
        if not await asyncio.to_thread(self._forwarder.stop, deadline_s):
            _LOG.error("forwarder did not drain in time; it goes on from the journal", deadline_s=deadline_s)
            return
        if self._watch is not None:
            await self._watch
        self._journal.close()
        if self._lock is not None:
            self._lock.close()

    def not_ready(self) -> str | None:
        """Why nothing is sent at the moment."""
        return self._forwarder.not_ready()

    def _alone(self) -> FileIO:
        """The lock, which the system takes back however the process ends."""
        lock = FileIO(self._directory.path / "forwarder.lock", "a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise CommandError(
                Exit.MISUSE, f"data directory {self._directory.path}: another forwarder sends its journal"
            ) from None
        return lock

    async def _follow(self) -> None:
        await asyncio.to_thread(self._forwarder.join)
        if self._forwarder.failure is not None:
            self._ending.fail(self._forwarder.failure)
