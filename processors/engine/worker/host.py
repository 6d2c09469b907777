"""The agent `availability`: partitions' sessions within Faust's stream, and when they are stored."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

import faust
import structlog
from faust.types import EventT, StreamT

from processors.core.conventions import Conventions
from processors.engine.live import Pace
from processors.engine.worker.delivery import delivered
from processors.engine.worker.in_force import InForceWatch
from processors.engine.worker.messages import Outgoing
from processors.engine.worker.partition import Partition
from processors.engine.worker.standstill import Standstill
from processors.engine.worker.table import DeliveredTable, declare, rows_by_partition
from processors.engine.worker.table_state import Writes
from processors.engine.worker.wire import incoming
from schemas.cluster_metrics import (
    WORKER_CHECKPOINT_SECONDS,
    WORKER_ENGINE_TIME,
    WORKER_EVENTS,
    WORKER_PARTITIONS,
    WORKER_RESULTS,
    WORKER_ROWS,
)
from schemas.registry import Registry
from schemas.settings.kafka import KafkaSettings
from schemas.settings.worker import WorkerSettings
from schemas.topics import load_topics

EVIDENCE: Final = "evidence"
_LOG = structlog.get_logger()
# While messages wait, elements would be read again and again for nothing.
_READ_EVERY_S: Final = 1.0
# In a backlog a checkpoint covers all elements: making them is to take no more than this part of the time.
_STORING: Final = 0.03
# A message that waited for so long on the brokers is one of many.
_BEHIND_MS: Final = 5_000


@dataclass(slots=True)
class _UnderWay:
    """A checkpoint between its steps: what it waits for, and what comes then.

    The steps are done at ticks, the only moments at which rows may be written; nobody waits for the brokers between.
    """

    begun: float
    awaited: Sequence[Awaitable[Any]]
    writes: Writes | None
    covers: Sequence[EventT[Any]]


@dataclass(slots=True)
class _Hosted:
    """A partition's session, and what was taken from the stream since its last checkpoint."""

    session: Partition
    stored_at: float
    checkpoint_cost_s: float = 0.0
    behind: bool = False
    told_at: float = field(default_factory=time.monotonic)
    read_at: float = 0.0
    ticked_at: float = field(default_factory=time.monotonic)
    taken: list[EventT[Any]] = field(default_factory=list)
    sent: list[Awaitable[Any]] = field(default_factory=list)
    under_way: _UnderWay | None = None
    finished: bool = False


class Availability:
    """Hosts the assigned partitions.

    Args:
        app: the worker's app; not started yet.
        kafka: topics' prefix, and how safe the table's changelog is to be.
        settings: how often to store.
        registry: who owns what.
        conventions: the deployment's constants.
        pace: how often to read what no evidence asks for.
        standstill: tells whether the process was stopped for so long that others may have its partitions.
        in_force: told what forwarders work with.
    """

    def __init__(
        self,
        app: faust.App,
        kafka: KafkaSettings,
        settings: WorkerSettings,
        registry: Registry,
        conventions: Conventions,
        pace: Pace,
        standstill: Standstill,
        in_force: InForceWatch,
    ) -> None:
        self._kafka = kafka
        self._settings = settings
        self._registry = registry
        self._conventions = conventions
        self._pace = pace
        self._standstill = standstill
        self._partitions = load_topics()[EVIDENCE].partitions
        self._hosted: dict[int, _Hosted] = {}
        self._rows: dict[int, dict[bytes, bytes]] | None = None
        self._in_force = in_force
        self._stopping = False
        self._finished = asyncio.Event()
        self._app = app
        self._topics = {
            name: app.topic(kafka.topic(name), key_serializer="raw", value_serializer="raw")
            for name in (EVIDENCE, "transitions", "figures", "states", "feeds", "deadletter")
        }
        self._table: DeliveredTable = declare(app, self._partitions, kafka.min_insync)
        self._agent = app.agent(self._topics[EVIDENCE], name="availability", concurrency=1)(self._run)
        app.on_partitions_revoked.connect(self._revoked, weak=False)

    async def drain(self, deadline_s: float) -> None:
        """Let every partition make its last checkpoint at its next tick; what has none until then is done again by others."""
        self._stopping = True
        if self._hosted:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._finished.wait(), deadline_s)

    def not_ready(self) -> str | None:
        """Whether the partitions' time goes on."""
        now = time.monotonic()
        silent = [n for n, one in self._hosted.items() if now - one.ticked_at > self._settings.silent_s]
        if silent:
            return f"no tick in partitions {sorted(silent)}: is a forwarder running?"
        return None

    async def _run(self, stream: StreamT[bytes]) -> None:
        waiting: Callable[[], bool] = lambda: not stream.channel.queue.empty()  # type: ignore[attr-defined]  # noqa: E731
        async for event in cast("faust.Stream[bytes]", stream).noack().events():
            self._standstill.check()
            await self._event(event, waiting())

    async def _event(self, event: EventT[Any], more: bool) -> None:
        number = event.message.partition
        hosted = self._hosted.get(number) or self._host(number)
        if hosted.finished:
            return
        hosted.taken.append(event)
        session, message, now = hosted.session, incoming(event), time.monotonic()
        try:
            ticked = session.take(message)
            # In a backlog elements are read now and then only: what they read now is over in a moment.
            hosted.behind = session.ahead or time.time() * 1000 - message.at_ms > _BEHIND_MS
            if not hosted.behind and (not more or now - hosted.read_at >= _READ_EVERY_S):
                session.read(due=not more)
                hosted.read_at = now
        except Exception as error:  # noqa: BLE001 - whatever it is, it is kept and stops nobody
            session.failed(message, error)
            ticked = False
        # Until it is acknowledged its place is needed, not what it said: in a backlog that would be gigabytes.
        event.value = event.message.value = None
        await self._send(hosted, session.prompt())
        if not ticked:
            return
        hosted.ticked_at = now
        self._told(number, session)
        await self._store(number, hosted)

    async def _store(self, number: int, hosted: _Hosted) -> None:
        """What can be done of the partition's checkpoint without waiting; where the worker is to stop, a last one whole.

        Results, then state, then acknowledgements: never state without the results that it was made with.
        """
        await self._advance(number, hosted, wait=self._stopping)
        if hosted.under_way is None and (self._stopping or self._due(hosted)):
            await self._begin(hosted)
            await self._advance(number, hosted, wait=self._stopping)
        if self._stopping:
            hosted.finished = True
            if all(one.finished for one in self._hosted.values()):
                self._finished.set()

    async def _advance(self, number: int, hosted: _Hosted, *, wait: bool) -> None:
        while hosted.under_way is not None:
            if wait:
                await delivered(hosted.under_way.awaited)
            elif not all(asyncio.isfuture(one) and one.done() for one in hosted.under_way.awaited):
                return
            self._standstill.check()
            if self._hosted.get(number) is not hosted:
                return  # revoked meanwhile: others go on from the last checkpoint
            await self._go_on(hosted, hosted.under_way)

    async def _begin(self, hosted: _Hosted) -> None:
        begun, now = time.perf_counter(), time.monotonic()
        tell = not hosted.behind or now - hosted.told_at >= self._settings.checkpoint_most_s
        checkpoint = hosted.session.checkpoint(tell=tell)
        if checkpoint is None:
            return
        hosted.checkpoint_cost_s = time.perf_counter() - begun
        if tell:
            hosted.told_at = now
        await self._send(hosted, checkpoint.results)
        hosted.under_way = _UnderWay(begun, hosted.sent, checkpoint.writes, hosted.taken)
        hosted.sent, hosted.taken = [], []

    async def _go_on(self, hosted: _Hosted, one: _UnderWay) -> None:
        """The step after what was awaited.

        Raises:
            KafkaError: the brokers did not take all: nothing after it may be taken for done.
        """
        await delivered(one.awaited)
        if one.writes is not None:
            hosted.under_way = _UnderWay(one.begun, self._write(one.writes), None, one.covers)
            return
        for event in one.covers:
            event.ack()
        hosted.under_way = None
        hosted.stored_at = time.monotonic()
        WORKER_CHECKPOINT_SECONDS.histogram().observe(time.perf_counter() - one.begun)

    def _due(self, hosted: _Hosted) -> bool:
        """Whether it is time for the partition's next checkpoint."""
        pause = self._settings.checkpoint_s
        if hosted.behind:
            costs = sum(one.checkpoint_cost_s for one in self._hosted.values())
            pause = max(pause, min(costs / _STORING, self._settings.checkpoint_most_s))
        return time.monotonic() >= hosted.stored_at + pause

    def _write(self, writes: Writes) -> list[Awaitable[Any]]:
        for key, value in writes.puts.items():
            self._table[key] = value
        for key in writes.deletes:
            self._table.pop(key, None)
        WORKER_ROWS.counter().inc(len(writes.puts))
        return self._table.take_sent()

    async def _send(self, hosted: _Hosted, messages: Sequence[Outgoing]) -> None:
        for one in messages:
            topic = self._topics[one.topic]
            hosted.sent.append(await topic.send(key=one.key.encode(), value=one.value))
            WORKER_RESULTS.counter().labels(one.topic).inc()

    def _host(self, number: int) -> _Hosted:
        if self._rows is None:
            self._rows = rows_by_partition(self._table)
        started = time.perf_counter()
        session = Partition(
            number,
            self._partitions,
            self._registry,
            self._conventions,
            self._pace,
            self._rows.pop(number, {}),
        )
        # Partitions that come together are not stored together.
        ago = self._settings.checkpoint_s * (1 - number / self._partitions) / 2
        hosted = self._hosted[number] = _Hosted(session, time.monotonic() - ago)
        WORKER_PARTITIONS.gauge().set(len(self._hosted))
        _LOG.info(
            "partition restored",
            partition=number,
            elements=len(session.elements),
            engine_time_ms=session.now_ms,
            seconds=round(time.perf_counter() - started, 3),
        )
        return hosted

    async def _revoked(self, *_: Any, **__: Any) -> None:
        """Whatever is not stored is dropped: whoever has the partition next reads its messages again."""
        dropped = sum(len(one.taken) for one in self._hosted.values())
        if self._hosted:
            _LOG.info("partitions revoked", partitions=sorted(self._hosted), messages_to_repeat=dropped)
        self._hosted.clear()
        self._rows = None
        self._table.take_sent()
        WORKER_PARTITIONS.gauge().set(0)
        # Whoever has them next tells of them: one that stands here would seem to hang.
        WORKER_ENGINE_TIME.gauge().clear()

    def _told(self, number: int, session: Partition) -> None:
        WORKER_ENGINE_TIME.gauge().labels(str(number)).set(session.now_ms / 1000)
        for outcome, events in session.outcomes.items():
            WORKER_EVENTS.counter().labels(outcome).inc(events)
        session.outcomes.clear()
        if session.in_force is not None:
            self._in_force.heard(session.in_force)
            session.in_force = None
