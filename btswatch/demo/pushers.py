"""Simulated enterprises that push over real HTTP with their keys: batches, retries with back-off, receipts read."""

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Any, Final

import httpx
import structlog

from btswatch.demo.declarations import Said, Sender
from schemas.events import Submitted

_AHEAD_MS: Final = 30_000
_TIMEOUT_S: Final = 10.0
_LONGEST_PAUSE_S: Final = 30.0
_BATCH: Final = 2_000
# An enterprise's sender doesn't keep what nobody takes for ever.
_MOST_WAITING: Final = 50_000
_LOG = structlog.get_logger()


class Pusher:
    """Sends what its enterprise says, when it says it. What is not acknowledged is sent again; what is refused is not.

    Args:
        sender: what is said.
        gateway: URL of the product's gateway.
        token: the enterprise's key.
        now_ms: the clock.
        chance: spreads the retries.
        first: what is sent before all else.
    """

    def __init__(
        self,
        sender: Sender,
        gateway: str,
        token: str,
        now_ms: Callable[[], int],
        chance: Random,
        first: Iterable[Submitted] = (),
    ) -> None:
        self._sender = sender
        self._url = f"{gateway}/v1/events"
        self._token = token
        self._now_ms = now_ms
        self._chance = chance
        self._due: list[tuple[int, int, Said]] = []
        self._number = count()
        self._waiting = list(first)
        self._something = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.answers: Counter[str] = Counter()

    async def start(self) -> None:
        """Say everything as it is now, then follow the script."""
        now = self._now_ms()
        self._plan(now, now + _AHEAD_MS, whole=True)
        self._tasks = [
            asyncio.create_task(self._talk(now), name=f"{self._sender.enterprise.id} talks"),
            asyncio.create_task(self._push(), name=f"{self._sender.enterprise.id} pushes"),
        ]

    async def stop(self, deadline_s: float) -> None:  # noqa: ARG002 - it takes no time
        """Fall silent; what was not acknowledged is said again at the next start."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def not_ready(self) -> str | None:
        """Nobody asks."""
        return None

    def _plan(self, from_ms: int, to_ms: int, *, whole: bool = False) -> None:
        # From a moment before: a change at the very edge is one of this stretch.
        courses = self._sender.script.courses(from_ms - 1, to_ms)
        for one in self._sender.says(from_ms, to_ms, courses, whole=whole):
            heappush(self._due, (one.sent, next(self._number), one))

    async def _talk(self, begun: int) -> None:
        planned = begun + _AHEAD_MS
        while True:
            until = min(planned, self._due[0][0]) if self._due else planned
            await asyncio.sleep(max(0, until - self._now_ms()) / 1000)
            now = self._now_ms()
            if now >= planned:
                self._plan(planned, planned + _AHEAD_MS)
                planned += _AHEAD_MS
            while self._due and self._due[0][0] <= now:
                self._waiting.append(self._sender.event(heappop(self._due)[2]))
            if self._waiting:
                self._something.set()

    async def _push(self) -> None:
        headers = {"Authorization": f"Bearer {self._token}"}
        async with httpx.AsyncClient(timeout=_TIMEOUT_S, headers=headers, trust_env=False) as client:
            while True:
                await self._something.wait()
                self._something.clear()
                while self._waiting:
                    batch = self._waiting[:_BATCH]
                    await self._deliver(client, batch)
                    del self._waiting[: len(batch)]

    async def _deliver(self, client: httpx.AsyncClient, batch: Sequence[Submitted]) -> None:
        """Until it is acknowledged, or refused for good."""
        body = json.dumps(
            [event.model_dump(mode="json", by_alias=True, exclude_none=True) for event in batch]
        ).encode()
        pause = 0.5
        while True:
            retry_after = 0.0
            try:
                answer = await client.post(
                    self._url, content=body, headers={"Content-Type": "application/cloudevents-batch+json"}
                )
                if answer.status_code == httpx.codes.ACCEPTED:
                    self._read(answer.json())
                    return
                self.answers[str(answer.status_code)] += 1
                if answer.status_code not in (408, 429) and answer.status_code < 500:
                    _LOG.error(
                        "batch refused",
                        enterprise=self._sender.enterprise.id,
                        status=answer.status_code,
                        detail=answer.text[:200],
                    )
                    return
                retry_after = _seconds(answer.headers.get("Retry-After"))
            except httpx.HTTPError as error:
                self.answers[type(error).__name__] += 1
                _LOG.info(
                    "gateway out of reach", enterprise=self._sender.enterprise.id, error=type(error).__name__
                )
            self._forget_the_oldest()
            await asyncio.sleep(max(retry_after, pause * self._chance.uniform(0.8, 1.2)))
            pause = min(2 * pause, _LONGEST_PAUSE_S)

    def _read(self, receipt: dict[str, Any]) -> None:
        rejected = receipt.get("rejected", [])
        self.answers["accepted"] += int(receipt.get("accepted", 0))
        self.answers["rejected"] += len(rejected)
        for one in rejected[:3]:
            # Sent again it would be refused again: it is for a person to look at.
            _LOG.warning(
                "event refused",
                enterprise=self._sender.enterprise.id,
                id=one.get("id"),
                code=one.get("code"),
                detail=one.get("detail"),
            )

    def _forget_the_oldest(self) -> None:
        beyond = len(self._waiting) - _MOST_WAITING
        if beyond > 0:
            # Behind the batch that is under way.
            del self._waiting[_BATCH : _BATCH + beyond]
            self.answers["given up"] += beyond


def _seconds(text: str | None) -> float:
    return float(text) if text and text.isdigit() else 0.0
