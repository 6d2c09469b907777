"""How a worker speaks to Kafka: Faust's own transport, but for two moments at which evidence would be lost by it.

It fetches only what it takes. Faust (0.15.3) gives its fetcher the set of active partitions, and empties it when a rebalance
begins, while a fetch still waits. To the fetcher (aiokafka 0.14) an empty set means all partitions: it hands out rows of the new
assignment, Faust throws them away, and they are not fetched again. Where nothing of a partition was acknowledged yet, that was
evidence; where a table was just being read again, it was state.

It sends nothing after it stood still: what waits in its buffers then are old rows, and would be written over the new owner's.
"""

import time
from collections.abc import Awaitable, Callable
from collections.abc import Set as AbstractSet
from typing import Any, Final, cast

from aiokafka.errors import KafkaError
from aiokafka.protocol.produce import ProduceRequest
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Producer, Transport
from faust.types import TP, AppT
from yarl import URL

from processors.engine.worker.standstill import Standstill, StoodStillError

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


class SentTooLateError(KafkaError):  # type: ignore[misc] # the library has no types
    """The process stood still between making a message and sending it; it was not sent."""


class _Producer(Producer):
    def _new_producer(self, transactional_id: str | None = None) -> Any:
        made = super()._new_producer(transactional_id)
        made.client.send = _while_running(
            made.client.send, cast("WorkerTransport", self.transport).standstill
        )
        return made


def _while_running(
    send: Callable[..., Awaitable[Any]], standstill: Standstill
) -> Callable[..., Awaitable[Any]]:
    async def checked(node_id: int, request: Any, **named: Any) -> Any:
        if isinstance(request, ProduceRequest):
            try:
                standstill.check()
            except StoodStillError as error:
                raise SentTooLateError(str(error)) from error
        return await send(node_id, request, **named)

    return checked


class WorkerTransport(Transport):
    """Faust's own, with the fetching and the sending above.

    Args:
        servers: the brokers.
        app: the worker's app.
        standstill: tells whether the process was stopped for so long that others may have its partitions.
    """

    Consumer = _Consumer
    Producer = _Producer

    def __init__(self, servers: list[URL], app: AppT, standstill: Standstill) -> None:
        super().__init__(servers, app)
        self.standstill = standstill
