"""The consumer's side towards Kafka: which partitions are ours, what comes from them, what is committed."""

import time
from collections.abc import Iterable, Sequence
from typing import Any, Final

import structlog
from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.errors import CommitFailedError, KafkaError, KafkaTimeoutError

from processors.sinks.moves import Moves
from processors.sinks.port import Message, OwnPositions
from schemas.cluster_metrics import SINK_BROKER_FAILED, SINK_DROPPED, SINK_LAG, SINK_LOST
from schemas.settings.kafka import KafkaSettings
from schemas.settings.sinks import SinkSettings
from schemas.topics import load_topics
from stores.kafka.connection import reading_connection
from stores.kafka.reasons import told

_CLOSE_MS: Final = 2_000
_MEASURE_EVERY_S: Final = 5.0


class Broker:
    """One consumer of a group, or, for a sink with positions of its own, of all partitions alone.

    Not for several threads, but for the notices of moved partitions, which come from the client's own thread.
    """

    def __init__(
        self,
        name: str,
        topics: Sequence[str],
        settings: KafkaSettings,
        limits: SinkSettings,
        own: OwnPositions | None,
    ) -> None:
        self._name = name
        self._topics = tuple(topics)
        self._settings = settings
        self._limits = limits
        self._own = own
        self._log = structlog.get_logger().bind(sink=name)
        self._consumer: Any = None
        self._moves = Moves()
        self._begun: dict[Any, int] = {}
        self._next: dict[Any, int] = {}
        # There gaps between offsets are the rule.
        self._compacted = {t for t in topics if load_topics()[t].retention.cleanup == "compact"}
        self._to_commit: dict[Any, int] = {}
        self._committed: dict[Any, int] = {}
        self._paused = False
        self._measure_at = 0.0
        self._silent: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is a consumer."""
        return self._consumer is not None

    def open(self) -> None:
        """Join the group, or take all partitions.

        Raises:
            KafkaError: no broker answers, or none lets us in.
        """
        limits = self._limits
        consumer = KafkaConsumer(
            **reading_connection(self._settings),
            client_id=f"btswatch-sink-{self._name}",
            group_id=self._settings.group(f"sink-{self._name}"),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_poll_records=min(limits.batch_messages, 500),
            max_poll_interval_ms=int(limits.most_poll_s * 1000),
            session_timeout_ms=int(limits.session_s * 1000),
            heartbeat_interval_ms=int(limits.session_s * 1000 / 4),
            # What the client reads ahead is memory too.
            fetch_max_bytes=limits.batch_bytes,
            max_partition_fetch_bytes=min(limits.batch_bytes, 1 << 20),
        )
        try:
            _must_exist(consumer, map(self._settings.topic, self._topics))
            if self._own is None:
                consumer.subscribe(
                    [self._settings.topic(topic) for topic in self._topics], listener=self._moves
                )
            else:
                self._take_all(consumer, self._own)
        except BaseException:
            consumer.close(autocommit=False, timeout_ms=_CLOSE_MS)
            raise
        self._consumer = consumer

    def close(self) -> None:
        """Leave the group; what is not committed comes again."""
        if self._consumer is not None:
            self._consumer.close(autocommit=False, timeout_ms=_CLOSE_MS)
            self._consumer = None
        self._moves = Moves()
        for known in (self._to_commit, self._committed, self._begun, self._next):
            known.clear()
        self._paused = False
        self._silent = None

    def poll(self, wait_s: float, most: int, *, hold: bool) -> list[Message]:
        """What has come within `wait_s`; with `hold` partitions are paused, so that only a move of them brings any."""
        self._pause(hold)
        coordinator = self._consumer._coordinator  # noqa: SLF001 - the library has no public way to either
        if self._moves.under_way:
            # Where changed topics were why it joined anew, the client forgets that it waits for the group's answer if a
            # poll ends before that: it would stay without partitions and heartbeats until topics change once more.
            coordinator.request_rejoin()
        else:
            # While a heartbeat is due the client asks itself again and again without a pause, which would last as long
            # as a broker that hangs.
            wait_s = min(wait_s, coordinator.time_to_next_poll())
        found = self._consumer.poll(timeout_ms=max(0, int(wait_s * 1000)), max_records=max(1, min(most, 500)))
        return [self._message(record) for records in found.values() for record in records]

    def took(self, messages: Iterable[Message]) -> None:
        """Note how far reading is, and tell of what the brokers deleted before we had read it."""
        for one in messages:
            at = self._partition(one)
            wanted = self._next.get(at)
            if wanted is None:
                # What comes before it is done: by whoever had the partition, or long ago.
                self._begun[at] = one.offset
                wanted = self._committed_before(at)
            if wanted is not None and one.offset > wanted and one.topic not in self._compacted:
                self._skipped(one, wanted)
            self._next[at] = one.offset + 1

    def _skipped(self, found: Message, wanted: int) -> None:
        """Offsets that nothing came of: deleted first, or ends of transactions, of which a reader sees nothing."""
        at = self._partition(found)
        timeout_ms = int(self._settings.timeout_s * 1000)
        try:
            begin: int = self._consumer.beginning_offsets([at], timeout_ms=timeout_ms)[at]
        except KafkaError as error:
            # Nobody can tell which: rather an alarm too many.
            self._failed(error)
            begin = found.offset
        if begin > wanted:
            self._lost(found.topic, found.partition, wanted, min(begin, found.offset))

    def _committed_before(self, at: Any) -> int | None:
        if self._own is not None:
            return None  # compared when its partitions were taken
        try:
            found: int | None = self._consumer.committed(at, timeout_ms=int(self._settings.timeout_s * 1000))
        except KafkaError as error:
            self._failed(error)
            return None
        return found

    def _lost(self, topic: str, partition: int, first: int, available: int) -> None:
        SINK_LOST.counter().labels(self._name, topic).inc(available - first)
        self._log.error(
            "the brokers deleted messages before they were read: what they told is missing here",
            topic=topic,
            partition=partition,
            first_missing=first,
            first_present=available,
        )
        if self._own is not None:
            self._own.lost(topic, partition, first, available)

    def still_ours(self, messages: Iterable[Message]) -> list[Message]:
        """Those of partitions that we kept since the last poll; the others come again, to us or to another."""
        lost, shared_out = self._moves.take()
        before = list(messages)
        if not lost and not shared_out:
            return before
        ours = self._consumer.assignment()
        for known in (self._to_commit, self._committed, self._begun, self._next):
            for at in [at for at in known if at in lost or at not in ours]:
                del known[at]
        kept = [m for m in before if (at := self._partition(m)) in ours and at not in lost]
        SINK_DROPPED.counter().labels(self._name).inc(len(before) - len(kept))
        return kept

    @property
    def moving(self) -> bool:
        """Whether it is just being decided whose partitions are: nothing is written then."""
        return self._moves.under_way

    def written(self, messages: Iterable[Message]) -> None:
        """Note what the next commit says."""
        for one in messages:
            partition = self._partition(one)
            self._to_commit[partition] = max(self._to_commit.get(partition, 0), one.offset + 1)

    def commit(self, *, wait: bool = False) -> None:
        """Tell the group what is written. What fails is told with the next commit."""
        if self._consumer is None:
            return
        if self._own is not None:
            self._to_commit = {
                self._named(topic, partition): offset
                for (topic, partition), offset in self._own.positions().items()
            }
        new = {at: offset for at, offset in self._to_commit.items() if self._committed.get(at) != offset}
        new = {at: offset for at, offset in new.items() if at in self._consumer.assignment()}
        if new:
            offsets = {at: OffsetAndMetadata(offset, "", -1) for at, offset in new.items()}
            try:
                self._consumer.commit(
                    offsets, timeout_ms=int(self._settings.timeout_s * 1000) if wait else 2_000
                )
                self._committed |= new
            except (CommitFailedError, KafkaTimeoutError) as error:
                # The partitions are moving, or the broker is away: poll says what becomes of them.
                self._failed(error)
        self._measure()

    def trouble(self) -> str | None:
        """Why nothing can come to us."""
        if self._consumer is None:
            return "not connected"
        if self.moving or not self._consumer.assignment():
            return "no partitions: being shared out, or all with other processes of this sink"
        return self._silent

    def _measure(self) -> None:
        if time.monotonic() < self._measure_at:
            return
        self._measure_at = time.monotonic() + _MEASURE_EVERY_S
        ours = self._consumer.assignment()
        try:
            # Asked for, since what fetches bring along grows old while partitions are paused.
            ends = self._consumer.end_offsets(ours, timeout_ms=2_000) if ours else {}
            done = {at: self._done(at) for at in ours}
        except KafkaError as error:
            self._failed(error)
            self._answers(f"the brokers don't answer: {told(error)}")
            return
        self._answers(None)
        SINK_LAG.gauge().labels(self._name).set(sum(max(0, ends[at] - (done[at] or 0)) for at in ends))

    def _done(self, at: Any) -> int | None:
        """Up to where all is written. Where all that came is, what lies behind it was looked at too: ends of transactions."""
        written = self._committed.get(at) or self._begun.get(at)
        if written is not None and written != self._next.get(at):
            return written
        reached: int | None = self._consumer.position(at, timeout_ms=100)
        return reached

    def _answers(self, trouble: str | None) -> None:
        if trouble is not None and self._silent is None:
            self._log.error("brokers don't answer; nothing can come until they do", error=trouble)
        elif trouble is None and self._silent is not None:
            self._log.warning("brokers answer again")
        self._silent = trouble

    def _failed(self, error: KafkaError) -> None:
        SINK_BROKER_FAILED.counter().labels(self._name, type(error).__name__).inc()

    def _pause(self, hold: bool) -> None:
        # A partition that was just assigned is not paused yet: each time all are named.
        if hold:
            self._consumer.pause(*self._consumer.assignment())
        elif self._paused:
            self._consumer.resume(*self._consumer.paused())
        self._paused = hold

    def _take_all(self, consumer: Any, own: OwnPositions) -> None:
        ours = []
        for topic in self._topics:
            name = self._settings.topic(topic)
            ours += [TopicPartition(name, number) for number in sorted(consumer.partitions_for_topic(name))]
        first = consumer.beginning_offsets(ours)
        consumer.assign(ours)
        known = {self._named(topic, number): offset for (topic, number), offset in own.positions().items()}
        for at in ours:
            begin, next_offset = first[at], known.get(at, 0)
            if at in known and begin > next_offset:
                self._lost(self._plain(at.topic), at.partition, next_offset, begin)
            consumer.seek(at, max(begin, next_offset))

    def _message(self, record: Any) -> Message:
        return Message(
            topic=self._plain(record.topic),
            partition=record.partition,
            offset=record.offset,
            key=record.key,
            value=record.value or b"",
            headers=dict(record.headers or ()),
            at_ms=record.timestamp,
        )

    def _partition(self, message: Message) -> Any:
        return self._named(message.topic, message.partition)

    def _named(self, topic: str, partition: int) -> Any:
        return TopicPartition(self._settings.topic(topic), partition)

    def _plain(self, topic: str) -> str:
        return topic.removeprefix(self._settings.prefix)


def _must_exist(consumer: Any, topics: Iterable[str]) -> None:
    for name in topics:
        if not consumer.partitions_for_topic(name):
            raise TopicMissingError(f"no topic {name}: run btswatch topics apply")


class TopicMissingError(KafkaError):  # type: ignore[misc] # the library has no types
    """A topic that the catalogue names is not on the brokers."""
