"""Fetches for the worker only what it takes at that moment.

Faust (0.15.3) gives its fetcher the set of active partitions, and empties it when a rebalance begins, while a fetch still
waits. To the fetcher (aiokafka 0.14) an empty set means all partitions: it hands out rows of the new assignment, Faust
throws them away, and they are not fetched again. Where nothing of a partition was acknowledged yet, that was evidence; where
a table was just being read again, it was state.
"""

import time
from collections.abc import Set as AbstractSet
from typing import Any, Final

from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Transport
from faust.types import TP

# What becomes wanted while a fetch waits is seen by the next look.
_LOOK_EVERY_S: Final = 0.1


class Wanted:
    """The partitions that are taken at the moment of the question. Never falsy: none are none.

    A rebalance begins with all partitions revoked, in the fetching thread; until it is over, with the table restored and
    the positions set to what was acknowledged, only changelogs are read.
    """

    def __init__(self, consumer: Any, active: AbstractSet[TP]) -> None:
        self._consumer = consumer
        self._active = active

    def __contains__(self, at: TP) -> bool:
        app = self._consumer.app
        if not self._consumer.flow_active or at not in self._active:
            return False
        return not app.rebalancing or at.topic in app.tables.changelog_topics


class _Thread(AIOKafkaConsumerThread):
    async def _fetch_records(
        self, consumer: Any, active_partitions: Any, timeout: float | None = None, max_records: int | None = None  # noqa: ASYNC109 - Faust's own signature
    ) -> Any:  # fmt: skip
        wanted = Wanted(self.consumer, active_partitions)
        end = time.monotonic() + (timeout or 0.0)
        while self.consumer.flow_active and (left := end - time.monotonic()) > 0:
            found = await super()._fetch_records(
                consumer, wanted, timeout=min(left, _LOOK_EVERY_S), max_records=max_records  # type: ignore[arg-type]  # of a set the fetcher asks only what is in it
            )  # fmt: skip
            if found:
                return found
        return {}


class _Consumer(Consumer):
    def _new_consumer_thread(self) -> AIOKafkaConsumerThread:
        return _Thread(self, loop=self.loop, beacon=self.beacon)


class WorkerTransport(Transport):
    """Faust's own, with the fetching above."""

    Consumer = _Consumer
