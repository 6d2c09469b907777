"""Messages that a part could not take go to the topic `deadletter`, before it says that it has dealt with them."""

import base64
from collections.abc import Callable
from typing import Any, Final

from kafka import KafkaProducer
from kafka.errors import KafkaError

from processors.sinks.port import Message, TargetUnavailableError
from schemas.cluster_metrics import SINK_DEAD_LETTERS
from schemas.dead_letters import DeadLetter
from schemas.settings.kafka import KafkaSettings
from schemas.time import from_ms
from schemas.topics import load_topics
from stores.kafka.connection import reading_connection
from stores.kafka.letting_go import let_go
from stores.kafka.reasons import told

TOPIC: Final = "deadletter"
# Of a message near the limit, what base64 and the other fields leave room for.
_BODY_BYTES: Final = int(load_topics()[TOPIC].max_message_bytes * 0.7)


class DeadLetters:
    """Collects dead letters and delivers them on `flush`.

    Args:
        entrance: the part that could not take them, such as `influx`.
        settings: the way to Kafka.
        now_ms: the clock.
    """

    def __init__(self, entrance: str, settings: KafkaSettings, now_ms: Callable[[], int]) -> None:
        self.entrance = entrance
        self._settings = settings
        self._now_ms = now_ms
        self._waiting: list[DeadLetter] = []
        self._producer: Any = None

    def send(self, message: Message, code: str, detail: str, *, body: bytes | None = None) -> None:
        """Put a message aside with its reason; `body` instead where only a part of it could not be taken."""
        reporter = message.headers.get("forwarder", b"").decode("utf-8", "replace")[:200]
        whole = message.value if body is None else body
        if len(whole) > _BODY_BYTES:
            detail = f"{detail} (cut from {len(whole)} bytes)"
        letter = DeadLetter(
            at=from_ms(self._now_ms()),
            entrance=self.entrance,
            reporter=reporter,
            code=code,
            detail=detail.replace("\x00", " ")[:1000],
            topic=message.topic,
            partition=message.partition,
            offset=message.offset,
            body=base64.b64encode(whole[:_BODY_BYTES]),
        )
        self._waiting.append(letter)

    def clear(self) -> None:
        """Forget what waits: the messages come again."""
        self._waiting.clear()

    def flush(self) -> None:
        """Deliver what waits.

        Raises:
            TargetUnavailableError: the brokers did not confirm all; it waits on.
        """
        if not self._waiting:
            return
        timeout_s = self._settings.timeout_s
        try:
            if self._producer is None:
                self._producer = KafkaProducer(
                    **reading_connection(self._settings),
                    max_block_ms=int(timeout_s * 1000),
                    delivery_timeout_ms=int(timeout_s * 2000),
                    max_request_size=2 * _BODY_BYTES,
                )
            topic = self._settings.topic(TOPIC)
            sent = [
                self._producer.send(topic, one.model_dump_json().encode(), key=str(one.code).encode())
                for one in self._waiting
            ]
            for future in sent:
                future.get(timeout=timeout_s * 3)
        except KafkaError as error:
            self.close()
            raise TargetUnavailableError(f"dead letters not delivered: {told(error)}") from error
        for one in self._waiting:
            SINK_DEAD_LETTERS.counter().labels(self.entrance, str(one.code)).inc()
        self._waiting.clear()

    def close(self) -> None:
        """Give the connection back; what waits is kept."""
        if self._producer is not None:
            producer, self._producer = self._producer, None
            let_go(producer)
