"""Partitions that move between the processes of a sink, as the client's own thread tells of them."""

import threading
from typing import Any

from kafka import ConsumerRebalanceListener


class Moves(ConsumerRebalanceListener):  # type: ignore[misc] # the library has no types
    """Remembers what the client's own thread tells of partitions.

    A sharing out begins with the notice that all partitions are revoked, also of those that stay with us: these keep
    their place, so what was read of them must be kept too. Only who was given up by the group begins at the commits.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lost: set[Any] = set()
        self._shared_out = False
        self.under_way = False

    def take(self) -> tuple[set[Any], bool]:
        """Since the last time: partitions that we lost, and whether they were shared out anew."""
        with self._lock:
            told, self._lost, self._shared_out = (self._lost, self._shared_out), set(), False
        return told

    def on_partitions_revoked(self, revoked: Any) -> None:  # noqa: ARG002 - the base's signature
        """The group begins to share out anew."""
        self.under_way = True

    def on_partitions_lost(self, lost: Any) -> None:
        """The group has given us up, and others may have read on."""
        with self._lock:
            self._lost |= set(lost)
        self.under_way = True

    def on_partitions_assigned(self, assigned: Any) -> None:  # noqa: ARG002 - the base's signature
        """It is known whose they are."""
        with self._lock:
            self._shared_out = True
        self.under_way = False
