"""The agent `compliance`: elements' figures, keyed anew by enterprise, into enterprises' running figures and verdicts.

Two steps. The first reads `figures`, whose partitions follow elements, and sends the records on by their enterprise, as
many in a message as came together, then a tick to each partition that it wrote to. The second adds up; on a tick it
tells what changed, stores it, and acknowledges what it rests on, in that order.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, cast

import faust
import structlog
from faust.types import EventT, StreamT
from pydantic import ValidationError

from processors.compliance import NotAnElementDayError, as_json, element_day, running_figure
from processors.core.conventions import Conventions
from processors.core.enterprises import Enterprises, Standing
from processors.engine.worker.by_enterprise import ENTRANCE, LINE, ByEnterprise
from processors.engine.worker.delivery import delivered
from processors.engine.worker.messages import dead_letter
from processors.engine.worker.standstill import Standstill
from processors.engine.worker.table import COMPACTION, DeliveredTable, rows_by_partition
from processors.engine.worker.wire import headers_of, incoming
from processors.rules import Rules
from processors.running_unwatched import RunningUnwatched
from processors.running_verdicts import RunningVerdicts
from schemas.cluster_metrics import COMPLIANCE_CHECKPOINT_SECONDS, COMPLIANCE_FIGURES, COMPLIANCE_FINDINGS
from schemas.dead_letters import REPLAY_TO
from schemas.figure_record import FigureRecord
from schemas.registry import Kind, Registry
from schemas.settings.kafka import KafkaSettings
from schemas.settings.worker import WorkerSettings
from schemas.time import LocalCalendar
from schemas.topics import load_topics
from schemas.verdict import Verdict

FIGURES: Final = "figures"
BY_ENTERPRISE: Final = "enterprise_figures"
FINDINGS: Final = "findings"
DEAD_LETTERS: Final = "deadletter"
_OURS: Final = ENTRANCE.encode()
_LOG = structlog.get_logger()
# So many at once are sent on and waited for together.
_GATHERED: Final = 1_000
# How often in a checkpoint interval what came is told: enterprises' figures need not be newer than their elements'.
_PART_OF_CHECKPOINT: Final = 5


@dataclass(slots=True)
class _Hosted:
    """A partition's enterprises, and what was taken from the stream since it was told and stored last."""

    enterprises: Enterprises
    taken: list[EventT[Any]] = field(default_factory=list)
    sent: list[Any] = field(default_factory=list)


class Compliance:
    """Hosts the assigned partitions' enterprises.

    Args:
        app: the worker's app; not started yet.
        kafka: topics' prefix, and how safe the table's changelog is to be.
        settings: how often to store.
        conventions: the deployment's constants.
        standstill: see there.
        registry: weights and declared levels for verdicts.
        rules: what is judged by.
    """

    def __init__(
        self,
        app: faust.App,
        kafka: KafkaSettings,
        settings: WorkerSettings,
        conventions: Conventions,
        standstill: Standstill,
        registry: Registry,
        rules: Rules,
    ) -> None:
        self._conventions = conventions
        self._calendar = LocalCalendar(conventions.zone)
        self._standstill = standstill
        self._rules_digest = rules.digest
        self._unwatched = RunningUnwatched(registry, self._calendar)
        self._verdicts = RunningVerdicts(registry, rules, conventions.zone)
        self._prefix = kafka.prefix
        self._gather_s = settings.checkpoint_s / _PART_OF_CHECKPOINT
        topic = load_topics()[BY_ENTERPRISE]
        self._partitions = topic.partitions
        # Kafka's limit is of a packet of messages: some room for its own fields.
        self._most_bytes = topic.max_message_bytes * 9 // 10
        self._hosted: dict[int, _Hosted] = {}
        self._rows: dict[int, dict[bytes, bytes]] | None = None
        self._topics = {
            name: app.topic(kafka.topic(name), key_serializer="raw", value_serializer="raw")
            for name in (FIGURES, BY_ENTERPRISE, FINDINGS, DEAD_LETTERS)
        }
        table = app.Table(
            ENTRANCE,
            partitions=self._partitions,
            key_type=bytes,
            value_type=bytes,
            extra_topic_configs=COMPACTION | {"min.insync.replicas": str(kafka.min_insync)},
        )
        self._table = cast("DeliveredTable", table)
        app.agent(self._topics[FIGURES], name="compliance-key", concurrency=1)(self._send_on)
        app.agent(self._topics[BY_ENTERPRISE], name=ENTRANCE, concurrency=1)(self._run)
        app.on_partitions_revoked.connect(self._revoked, weak=False)

    # By enterprise

    async def _send_on(self, stream: StreamT[bytes]) -> None:
        async for events in cast("faust.Stream[bytes]", stream).take_events(_GATHERED, self._gather_s):
            self._standstill.check()
            keyed, sent = ByEnterprise(self._partitions, self._most_bytes), []
            for event in events:
                if headers_of(event.message.headers).get(REPLAY_TO, _OURS) != _OURS:
                    continue  # put back to a sink: it was taken here the first time
                value = event.message.value or b""
                try:
                    keyed.take(value)
                except ValidationError as error:
                    sent.append(await self._refuse(event, value, error.errors(include_url=False)[0]["msg"]))
            topic = self._topics[BY_ENTERPRISE]
            for one in keyed.messages():
                sent.append(  # noqa: PERF401 - a comprehension can't say what is awaited for what
                    await topic.send(key=one.key, value=one.value, partition=one.to, headers=one.headers)
                )
            # They are acknowledged when the next ones are asked for.
            await delivered(sent)

    # Adding up

    async def _run(self, stream: StreamT[bytes]) -> None:
        async for event in cast("faust.Stream[bytes]", stream).noack().events():
            self._standstill.check()
            number = event.message.partition
            hosted = self._hosted.get(number) or self._host(number)
            hosted.taken.append(event)
            if _is_control(event):
                await self._checkpoint(number, hosted)
            else:
                await self._take(hosted, event)

    async def _take(self, hosted: _Hosted, event: EventT[Any]) -> None:
        for line in (event.message.value or b"").split(LINE):
            try:
                one = element_day(FigureRecord.model_validate_json(line), self._calendar)
            except (ValidationError, NotAnElementDayError) as error:
                hosted.sent.append(await self._refuse(event, line, str(error)))
                continue
            took = hosted.enterprises.take(one.enterprise, one.kind, one.day, one.part)
            COMPLIANCE_FIGURES.counter().labels(took.value).inc()

    async def _checkpoint(self, number: int, hosted: _Hosted) -> None:
        """Findings, then state, then acknowledgements; never state without the findings that it was told by."""
        started = time.perf_counter()
        for standing in hosted.enterprises.standings():
            key = standing.enterprise.encode()
            for found in self._findings(standing, hosted.enterprises):
                hosted.sent.append(await self._topics[FINDINGS].send(key=key, value=as_json(found)))
                COMPLIANCE_FINDINGS.counter().labels(type(found).__name__.lower()).inc()
        await delivered(hosted.sent)
        hosted.sent.clear()
        self._standstill.check()
        if self._hosted.get(number) is not hosted:
            return  # revoked while findings were on their way: others go on from what is stored
        for (enterprise, kind), day, stored in hosted.enterprises.changed_days():
            self._table[_row(number, day, kind, enterprise)] = stored
        hosted.enterprises.told()
        for (enterprise, kind), day in hosted.enterprises.drop_closed():
            self._table.pop(_row(number, day, kind, enterprise), None)
        await self._table.delivered()
        if self._hosted.get(number) is not hosted:
            return
        taken, hosted.taken = hosted.taken, []
        for event in taken:
            event.ack()
        COMPLIANCE_CHECKPOINT_SECONDS.histogram().observe(time.perf_counter() - started)

    def _findings(self, standing: Standing, enterprises: Enterprises) -> Iterator[FigureRecord | Verdict]:
        whole = self._unwatched.whole(standing, enterprises)
        yield running_figure(whole, self._conventions.zone, self._rules_digest)
        yield from self._verdicts.of(standing, enterprises)

    def _host(self, number: int) -> _Hosted:
        if self._rows is None:
            self._rows = rows_by_partition(self._table)
        hosted = _Hosted(Enterprises(self._conventions))
        for key, stored in self._rows.pop(number, {}).items():
            _, day, kind, enterprise = key.decode().split("/", 3)
            hosted.enterprises.restore_day((enterprise, Kind(kind)), date.fromisoformat(day), stored)
        self._hosted[number] = hosted
        return hosted

    async def _revoked(self, *_: Any, **__: Any) -> None:
        """Whatever is not stored is dropped: whoever has the partition next reads its messages again."""
        self._hosted.clear()
        self._rows = None
        self._table.sent.clear()

    async def _refuse(self, event: EventT[Any], record: bytes, why: str) -> Any:
        """Keep a record that can't be taken, with its reason."""
        message = incoming(event)
        topic = event.message.topic.removeprefix(self._prefix)
        COMPLIANCE_FIGURES.counter().labels("refused").inc()
        _LOG.error("figure refused", topic=topic, partition=message.partition, offset=message.offset)
        letter = dead_letter(
            message, message.at_ms, "", "invalid", why, record, entrance=ENTRANCE, topic=topic
        )
        return await self._topics[DEAD_LETTERS].send(key=letter.key.encode(), value=letter.value)


def _is_control(event: EventT[Any]) -> bool:
    return headers_of(event.message.headers).get("kind") == b"control"


def _row(number: int, day: date, kind: Kind, enterprise: str) -> bytes:
    return f"{number}/{day.isoformat()}/{kind.value}/{enterprise}".encode()
