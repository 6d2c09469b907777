"""What a part is, several parts as one, and running one as a process until it is told to stop."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Final, Protocol

import structlog

from btswatch.status_server import StatusServer

SUPERVISED: Final = "BTSWATCH_SUPERVISED"
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
    *,
    stop_s: float,
    status: StatusServer | None = None,
    started: Callable[[], None] | None = None,
) -> None:
    """Run a part until SIGTERM, SIGINT, or the end of the process that supervises us."""
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    if os.environ.get(SUPERVISED):
        await _follow_supervisor(told)
    await part.start()
    if status is not None:
        status.start(part.not_ready)
    if started is not None:
        started()
    try:
        await told.wait()
    finally:
        await part.stop(stop_s)
        if status is not None:
            status.stop()


class _EndOfInput(asyncio.Protocol):
    def __init__(self, told: asyncio.Event) -> None:
        self._told = told

    def eof_received(self) -> bool:
        self._told.set()
        return False

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the base's signature
        self._told.set()


async def _follow_supervisor(told: asyncio.Event) -> None:
    """Our standard input is a pipe from the supervisor: it ends with it, also when it is killed."""
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: _EndOfInput(told), sys.stdin)
