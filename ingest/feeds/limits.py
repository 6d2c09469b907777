"""How much one sender may ask for: rates per key, failures per address, requests at the same time."""

import math
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from ingest.feeds.problems import Code, ProblemError
from schemas.metrics import GATEWAY_IN_FLIGHT
from schemas.settings.gateway import GatewaySettings


class RateLimits:
    """Sliding windows of a minute, in this process's memory."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._requests = RateLimitItemPerMinute(settings.requests_per_minute)
        self._events = RateLimitItemPerMinute(settings.events_per_minute)
        self._failures = RateLimitItemPerMinute(settings.failed_logins_per_minute)

    @cached_property
    def _windows(self) -> SlidingWindowCounterRateLimiter:
        # Its storage starts a thread when it is made: not before it is needed.
        return SlidingWindowCounterRateLimiter(MemoryStorage())

    def count_request(self, key_id: str) -> None:
        """One request of a key.

        Raises:
            ProblemError: too many; with Retry-After.
        """
        if not self._windows.hit(self._requests, "requests", key_id):
            raise self._refusal(self._requests, "requests", key_id)

    def count_events(self, key_id: str, number: int) -> None:
        """Some events of a key, before they are stored.

        Raises:
            ProblemError: too many; with Retry-After.
        """
        if not self._windows.hit(self._events, "events", key_id, cost=number):
            raise self._refusal(self._events, "events", key_id)

    def count_failure(self, address: str) -> None:
        """An unknown or wrong key came from the address.

        Raises:
            ProblemError: too many did; with Retry-After.
        """
        if not self._windows.hit(self._failures, "failures", address):
            raise self._refusal(self._failures, "failures", address)

    def _refusal(self, item: RateLimitItem, what: str, who: str) -> ProblemError:
        reset = self._windows.get_window_stats(item, what, who).reset_time
        # The library keeps wall-clock time of its own.
        wait = max(1, math.ceil(reset - time.time()))
        return ProblemError(
            Code.RATE_LIMITED, f"at most {item.amount} {what} a minute", retry_after_s=wait, close=True
        )


class Places:
    """Requests served at the same time, in all and per key: one slow sender never takes every place."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._most = settings.max_requests
        self._most_per_key = settings.max_requests_per_key
        self._taken: Counter[str] = Counter()

    @contextmanager
    def place(self, key_id: str) -> Iterator[None]:
        """A place for one request.

        Raises:
            ProblemError: all are taken.
        """
        if self._taken.total() >= self._most or self._taken[key_id] >= self._most_per_key:
            raise ProblemError(
                Code.BUSY, "as many requests as allowed are being served", retry_after_s=1, close=True
            )
        self._taken[key_id] += 1
        GATEWAY_IN_FLIGHT.gauge().inc()
        try:
            yield
        finally:
            GATEWAY_IN_FLIGHT.gauge().dec()
            self._taken[key_id] -= 1
            if not self._taken[key_id]:
                del self._taken[key_id]
