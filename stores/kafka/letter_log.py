"""The topic `deadletter`: what parts of the cluster could not take, and who has dealt with it since.

A letter's number is its offset. Dealing with one adds a message to the same topic, in one transaction with what is put
back; its name fences others, so that of two who replay the same letter one does and the other is told.
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import InvalidProducerEpochError, KafkaError, ProducerFencedError
from pydantic import ValidationError

from schemas.dead_letters import DeadLetter, Settled
from schemas.settings.kafka import KafkaSettings
from schemas.time import from_ms
from stores.kafka.connection import reading_connection
from stores.kafka.letting_go import let_go
from stores.kafka.reasons import told

TOPIC: Final = "deadletter"
_CONTROL: Final = "control"
_POLL_MS: Final = 500


class LetterLogError(ConnectionError):
    """The brokers can't be used, or the topic is not there."""


class FencedError(Exception):
    """Somebody else deals with letters at the same moment."""


@dataclass(frozen=True, slots=True)
class Record:
    """A message as it stands in a topic of the catalogue."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    at_ms: int


class LetterLog:
    """One reader and writer of the topic, for one command."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._consumer: Any = None
        self._producer: Any = None

    def open(self) -> None:
        """Connect.

        Raises:
            LetterLogError: no broker answers, none lets us in, or there is no such topic.
        """
        try:
            self._consumer = KafkaConsumer(
                **reading_connection(self._settings),
                client_id="btswatch-dlq",
                isolation_level="read_committed",
                enable_auto_commit=False,
            )
            known = self._consumer.partitions_for_topic(self._settings.topic(TOPIC))
        except (KafkaError, OSError) as error:
            raise LetterLogError(f"kafka {self._settings.bootstrap}: {told(error)}") from error
        if not known:
            name = self._settings.topic(TOPIC)
            raise LetterLogError(
                f"kafka {self._settings.bootstrap}: no topic {name}: run btswatch topics apply"
            )

    def close(self) -> None:
        """Give the connections back."""
        if self._producer is not None:
            let_go(self._producer)
        if self._consumer is not None:
            self._consumer.close(autocommit=False)
        self._producer = self._consumer = None

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def settled(self) -> dict[int, Settled]:
        """What is dealt with, by the letter's number; the first word on a letter is the one that holds."""
        found: dict[int, Settled] = {}
        for record in self._records(TOPIC, 0, 0):
            if _is_control(record) and (one := _settled(record)) is not None:
                found.setdefault(one.letter, one)
        return found

    def letters(self) -> Iterator[tuple[int, DeadLetter]]:
        """Every letter with its number, oldest first."""
        for record in self._records(TOPIC, 0, 0):
            letter = _letter(record)
            if letter is not None:
                yield record.offset, letter

    def letter(self, number: int) -> DeadLetter | None:
        """The letter of this number."""
        found = self.record(TOPIC, 0, number)
        return None if found is None else _letter(found)

    def record(self, topic: str, partition: int, offset: int) -> Record | None:
        """A message of any topic, while the brokers keep it."""
        first = next(self._records(topic, partition, offset), None)
        return first if first is not None and first.offset == offset else None

    def after(self, record: Record) -> Iterator[Record]:
        """Later messages of the same key."""
        for one in self._records(record.topic, record.partition, record.offset + 1):
            if one.key == record.key:
                yield one

    def take_turn(self) -> None:
        """From here on nobody else's dealings go through; theirs that are under way are taken back.

        Raises:
            LetterLogError: the brokers can't be used.
        """
        if self._producer is not None:
            return
        try:
            producer = KafkaProducer(
                **reading_connection(self._settings),
                client_id="btswatch-dlq",
                transactional_id=f"{self._settings.prefix}dlq",
                max_block_ms=int(self._settings.timeout_s * 1000),
            )
            self._producer = producer
            producer.init_transactions()
        except KafkaError as error:
            raise LetterLogError(f"kafka {self._settings.bootstrap}: {told(error)}") from error

    def settle(self, settled: Settled, again: Record | None = None) -> None:
        """Note what was done, and with it put the message back into its partition, or neither.

        Raises:
            FencedError: another one has taken the turn.
            LetterLogError: the brokers can't be used; whether it went through is told by `settled`.
        """
        producer = self._producer
        if producer is None:
            raise RuntimeError("take_turn comes first")
        try:
            producer.begin_transaction()
            sent = []
            if again is not None:
                sent.append(
                    producer.send(
                        self._settings.topic(again.topic),
                        again.value,
                        key=again.key,
                        headers=list(again.headers),
                        partition=again.partition,
                    )
                )
            sent.append(
                producer.send(
                    self._settings.topic(TOPIC),
                    settled.model_dump_json().encode(),
                    key=b"settled",
                    headers=[("kind", _CONTROL.encode())],
                    partition=0,
                )
            )
            for one in sent:
                one.get(timeout=self._settings.timeout_s)
            producer.commit_transaction()
        except KafkaError as error:
            if _is_fenced(error):
                raise FencedError("somebody else deals with dead letters now; try again") from error
            raise LetterLogError(f"kafka {self._settings.bootstrap}: {told(error)}") from error

    def _records(self, topic: str, partition: int, first: int) -> Iterator[Record]:
        """From offset `first` to what is the end now; only one iteration at a time."""
        consumer = self._consumer
        if consumer is None:
            raise RuntimeError("the log is not open")
        at = TopicPartition(self._settings.topic(topic), partition)
        try:
            consumer.assign([at])
            end = consumer.end_offsets([at])[at]
            consumer.seek(at, max(first, consumer.beginning_offsets([at])[at]))
            while consumer.position(at) < end:
                for record in consumer.poll(timeout_ms=_POLL_MS).get(at, ()):
                    if record.offset >= end:
                        return
                    yield Record(
                        topic,
                        partition,
                        record.offset,
                        record.key,
                        record.value or b"",
                        tuple(record.headers or ()),
                        record.timestamp,
                    )
        except KafkaError as error:
            raise LetterLogError(f"kafka {self._settings.bootstrap}: {told(error)}") from error


def _is_fenced(error: KafkaError) -> bool:
    """The client wraps what it was told before into another error."""
    return any(
        isinstance(one, ProducerFencedError | InvalidProducerEpochError) for one in (error, *error.args)
    )


def _is_control(record: Record) -> bool:
    return ("kind", _CONTROL.encode()) in record.headers


def _letter(record: Record) -> DeadLetter | None:
    if _is_control(record):
        return None
    try:
        return DeadLetter.model_validate_json(record.value)
    except ValidationError as error:
        return _unreadable(record, error)


def _unreadable(record: Record, error: ValidationError) -> DeadLetter:
    """A letter of another release or of a foreign hand is shown too, by its own bytes."""
    return DeadLetter(
        at=from_ms(record.at_ms),
        entrance="unknown",
        reporter="",
        code="unreadable",
        detail=str(error.errors(include_url=False, include_input=False)[0]["msg"]),
        body=base64.b64encode(record.value),
    )


def _settled(record: Record) -> Settled | None:
    try:
        return Settled.model_validate_json(record.value)
    except ValueError:
        # A later release's: it says something that we don't know.
        return None
