"""When Kafka has what this journal holds: answers wait for the forwarder's position, for a while and in vain only once.

The forwarder is another process. It stores its position once every copy is acknowledged, and rings.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Final

import structlog

from schemas.metrics import GATEWAY_KAFKA_SECONDS
from stores.doorbell import Doorbell
from stores.journal import JournalError

_LOG = structlog.get_logger()
# A forwarder that was killed between storing and ringing costs its waiters so much.
_LOOK_AGAIN_S: Final = 1.0


class Copies:
    """Waits for the forwarder on behalf of one event loop's requests.

    Args:
        position: the journal offset up to which the brokers have acknowledged all; blocks for a read.
        bell: rung by the forwarder; bound between `start` and `stop`.
        wait_s: how long a request waits at most.
    """

    def __init__(self, position: Callable[[], int], bell: Doorbell, wait_s: float) -> None:
        self._read = position
        self._bell = bell
        self._wait_s = wait_s
        self._position = 0
        self._missed = 0
        self._waiting: dict[asyncio.Future[bool], int] = {}
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def wait_ms(self) -> int:
        """How long a request waits at most."""
        return int(self._wait_s * 1000)

    def start(self) -> None:
        """Bind the bell; needs a running loop."""
        self._bell.open()
        self._task = asyncio.create_task(self._run(), name="copies")

    async def stop(self) -> None:
        """Answer who waits with what is known; later ones don't wait."""
        if self._task is None:
            return
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self._task = None
        self._release(last=True)
        self._bell.close()

    async def hold(self, offset: int) -> bool:
        """Whether Kafka has all up to and including `offset`; waits for it, but not while others wait in vain.

        After one request has waited its whole time, the next ones are answered at once until the forwarder has passed
        that one's events: brokers that are away must not fill the gateway's places with requests that wait.
        """
        if self._missed > self._position:
            await self._look()
        if offset <= self._position:
            return True
        if self._task is None or self._missed > self._position:
            return False
        began = time.monotonic()
        waiter: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting[waiter] = offset
        self._wanted.set()
        try:
            async with asyncio.timeout(self._wait_s):
                held = await waiter
        except TimeoutError:
            self._miss(offset)
            return False
        finally:
            self._waiting.pop(waiter, None)
        if held:
            GATEWAY_KAFKA_SECONDS.histogram().observe(time.monotonic() - began)
        return held

    async def _run(self) -> None:
        while True:
            await self._wanted.wait()
            await self._look()
            self._release()
            if self._waiting:
                await self._bell.wait_async(_LOOK_AGAIN_S)
            else:
                self._wanted.clear()

    async def _look(self) -> None:
        try:
            position = await asyncio.to_thread(self._read)
        except JournalError as error:
            _LOG.error("forwarder's position can't be read", error=str(error))
            return
        if self._position < self._missed <= position:
            _LOG.warning("receipts say kafka again", offset=position)
        self._position = max(self._position, position)

    def _release(self, *, last: bool = False) -> None:
        for waiter, offset in list(self._waiting.items()):
            held = offset <= self._position
            if not waiter.done() and (held or last):
                waiter.set_result(held)
                del self._waiting[waiter]

    def _miss(self, offset: int) -> None:
        if self._missed <= self._position:
            _LOG.error(
                "receipts say disk: the forwarder has not passed their events in time",
                offset=offset,
                forwarder=self._position,
                waited_s=self._wait_s,
            )
        self._missed = max(self._missed, offset)
