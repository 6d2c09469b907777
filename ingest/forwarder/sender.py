"""Delivery to the brokers: every record is acknowledged by all copies, or told to be open."""

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError

from ingest.forwarder.records import EVIDENCE, Record
from schemas.settings.kafka import KafkaSettings
from stores.kafka.connection import reading_connection
from stores.kafka.letting_go import let_go
from stores.kafka.reasons import told

# How often it is asked, while records are under way, whether to give up.
_LOOK_S: Final = 0.2
# Several messages of a partition travel together up to here; far below the topics' limit for such a packet.
_PACKET_BYTES: Final = 256 << 10
# A delivery's own time, in timeouts; and when it is given up here, should the library forget it.
_DELIVERY: Final = 2
_GIVEN_UP: Final = 3


class NotDeliveredError(Exception):
    """Some records are not acknowledged; they may have arrived all the same.

    Attributes:
        open: those, in their order.
        reason: for logs and readiness.
    """

    def __init__(self, records: Sequence[Record], reason: str) -> None:
        super().__init__(reason)
        self.open = list(records)
        self.reason = reason


class Sender:
    """A producer that is made anew after every failure.

    Args:
        settings: the way to Kafka.
        partitions: how many the topic `evidence` has to have.
    """

    def __init__(self, settings: KafkaSettings, partitions: int) -> None:
        self._settings = settings
        self._partitions = partitions
        self._producer: Any = None

    def deliver(self, records: Sequence[Record], give_up: Callable[[], bool]) -> None:
        """Send all; all are acknowledged when it returns.

        Args:
            records: no two of them may depend on each other's order.
            give_up: asked while waiting.

        Raises:
            NotDeliveredError: with those that are open.
        """
        try:
            producer = self._opened()
            under_way = [(record, self._send(producer, record)) for record in records]
        except KafkaError as error:
            self.close()
            raise NotDeliveredError(records, told(error)) from error
        until = time.monotonic() + _GIVEN_UP * self._settings.timeout_s
        left: list[Record] = []
        failure: KafkaError | None = None
        for record, future in under_way:
            try:
                self._wait(future, lambda: give_up() or time.monotonic() >= until)
            except KafkaError as error:
                left.append(record)
                failure = failure or error
        if failure is not None:
            # Its successor begins with a clean slate; what is under way may still arrive, and is known by its offsets.
            self.close()
            raise NotDeliveredError(left, told(failure)) from failure

    def close(self) -> None:
        """Give the connection back; what is under way is given up."""
        if self._producer is not None:
            producer, self._producer = self._producer, None
            let_go(producer)

    def _opened(self) -> Any:
        if self._producer is None:
            timeout_ms = int(self._settings.timeout_s * 1000)
            producer = KafkaProducer(
                **reading_connection(self._settings),
                client_id="btswatch-forwarder",
                acks="all",
                enable_idempotence=True,
                linger_ms=5,
                batch_size=_PACKET_BYTES,
                max_block_ms=timeout_ms,
                delivery_timeout_ms=_DELIVERY * timeout_ms,
            )
            try:
                self._check(producer)
            except BaseException:
                let_go(producer)
                raise
            self._producer = producer
        return self._producer

    def _check(self, producer: Any) -> None:
        topic = self._settings.topic(EVIDENCE)
        found = producer.partitions_for(topic)
        if found is None or len(found) != self._partitions:
            has = f"has {len(found)} partitions" if found else "is missing"
            raise WrongTopicError(
                f"the topic {topic} {has}, wanted are {self._partitions}: btswatch topics diff"
            )

    def _send(self, producer: Any, record: Record) -> Any:
        return producer.send(
            self._settings.topic(record.topic),
            value=record.value,
            key=record.key,
            headers=list(record.headers),
            partition=record.partition,
        )

    def _wait(self, future: Any, give_up: Callable[[], bool]) -> None:
        while True:
            gave_up = give_up()
            try:
                future.get(timeout=0 if gave_up else _LOOK_S)
            except KafkaTimeoutError:
                # Done with it: the delivery's own time is over. Else it is only not yet known.
                if future.is_done or gave_up:
                    raise
            else:
                return


class WrongTopicError(KafkaError):  # type: ignore[misc] # the library has no types
    """The topic is not as the catalogue wants it: shards would lie on other partitions."""
