"""What a part is, several parts as one, and running one as a process until it is told to stop."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Protocol

import structlog

from btswatch.status_server import StatusServer
from btswatch.supervise import SUPERVISED

_LOG = structlog.get_logger()


def system_now_ms() -> int:
    """The machine's clock, milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


class Part(Protocol):
    """Something that is started, does its work, and is stopped within a deadline."""

    async def start(self) -> None:
        """Ready for work when it returns."""

    async def stop(self, deadline_s: float) -> None:
        """Finish what is under way; what isn't done in time is given up, never half done."""

    def not_ready(self) -> str | None:
        """Why it can't do its work at the moment; None when it can."""


class Ending:
    """Why a process is to end: it was told to, or a part of it failed.

    Attributes:
        failure: what a part failed of.
        given_up: a part could not end in time; what it left under way is not worth waiting for.
    """

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self.failure: BaseException | None = None
        self.given_up = False

    def tell(self) -> None:
        """An orderly end."""
        self._event.set()

    def fail(self, failure: BaseException) -> None:
        """A part can't go on; its supervisor starts the process again."""
        self.failure = self.failure or failure
        self._event.set()

    async def wait(self) -> None:
        """Until one of both."""
        await self._event.wait()


class PartFailedError(Exception):
    """A part ended by itself."""


class Together:
    """Parts started in order and stopped in the reverse order, one deadline for all."""

    def __init__(self, *parts: Part) -> None:
        self._parts = parts
        self._running: list[Part] = []

    async def start(self) -> None:
        """Start all; if one can't, those before it are stopped again."""
        for part in self._parts:
            try:
                await part.start()
            except BaseException:
                await self.stop(2.0)
                raise
            self._running.append(part)

    async def stop(self, deadline_s: float) -> None:
        """Stop all that run, each with what is left of the time."""
        end = time.monotonic() + deadline_s
        while self._running:
            part = self._running.pop()
            try:
                await part.stop(max(0.1, (end - time.monotonic()) / (len(self._running) + 1)))
            except Exception:  # noqa: BLE001 - one part's trouble must not keep the others from stopping
                _LOG.exception("part did not stop cleanly", part=type(part).__name__)

    def not_ready(self) -> str | None:
        """The first part's reason."""
        return next((reason for part in self._parts if (reason := part.not_ready())), None)


async def run_until_told(
    part: Part,
    ending: Ending,
    *,
    stop_s: float,
    status: StatusServer | None = None,
    started: Callable[[], None] | None = None,
) -> None:
    """Run a part until SIGTERM, SIGINT, the end of the process that supervises us, or its own failure.

    Raises:
        PartFailedError: the part ended by itself.
    """
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.tell)
    if os.environ.get(SUPERVISED):
        await _follow_supervisor(ending)
    await part.start()
    try:
        if status is not None:
            status.start(part.not_ready)
        if started is not None:
            started()
        await ending.wait()
    finally:
        await part.stop(stop_s)
        if status is not None:
            status.stop()
    if ending.failure is not None:
        raise PartFailedError(str(ending.failure)) from ending.failure


class _EndOfInput(asyncio.Protocol):
    def __init__(self, ending: Ending) -> None:
        self._ending = ending

    def eof_received(self) -> bool:
        self._ending.tell()
        return False

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the base's signature
        self._ending.tell()


async def _follow_supervisor(ending: Ending) -> None:
    """Our standard input is a pipe from the supervisor: it ends with it, also when it is killed."""
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: _EndOfInput(ending), sys.stdin)
