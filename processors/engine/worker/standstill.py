"""Whether this process was stopped for so long that its partitions may be others' by now."""

import threading
import time
from typing import Final

_EVERY_S: Final = 0.5


class StoodStillError(Exception):
    """The process did not run for longer than its session lasts (suspended, or its machine was)."""


class Standstill:
    """A thread that does nothing but run: if it didn't, nothing did.

    A worker that wakes up after its session has ended does not know it yet, and would write its old state over the new
    owner's. It is to end instead, and to be started again.

    Args:
        limit_s: how long the session lasts.
    """

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._ran_at = time.monotonic()
        self._longest_s = 0.0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to watch."""
        self._ran_at = time.monotonic()
        self._thread = threading.Thread(target=self._watch, name="standstill", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Watch no longer."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def check(self) -> None:
        """Go on only if the process ran all the time.

        Raises:
            StoodStillError: it didn't.
        """
        if self._thread is None:
            return
        stood_s = max(self._longest_s, time.monotonic() - self._ran_at)
        if stood_s > self._limit_s:
            raise StoodStillError(f"the process stood still for {stood_s:.1f} s: others have its partitions")

    def _watch(self) -> None:
        while not self._stop.wait(_EVERY_S):
            now = time.monotonic()
            self._longest_s = max(self._longest_s, now - self._ran_at)
            self._ran_at = now
