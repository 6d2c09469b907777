"""Topics on a real broker for tests: made under a prefix of the test's own, filled, and read back."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition

from schemas.settings.kafka import KafkaSettings
from schemas.topics import load_topics
from stores.kafka.connection import connection, reading_connection
from stores.kafka.topics import Topics


def settings_of(kafka: Any, prefix: str) -> KafkaSettings:
    return KafkaSettings(bootstrap=kafka.bootstrap, prefix=prefix, timeout_s=5)


def make_topics(settings: KafkaSettings, *names: str) -> KafkaSettings:
    """Those of the catalogue; all of them where none is named. Returns the settings."""
    catalogue = {name: topic for name, topic in load_topics().items() if not names or name in names}
    with Topics(settings, catalogue) as topics:
        topics.apply()
    return settings


@contextmanager
def producer_to(settings: KafkaSettings) -> Iterator[KafkaProducer]:
    producer = KafkaProducer(**reading_connection(settings))
    try:
        yield producer
    finally:
        producer.close(timeout=5)


def send(settings: KafkaSettings, topic: str, *messages: dict[str, Any]) -> None:
    """Each a mapping of KafkaProducer.send's arguments; acknowledged when it returns."""
    with producer_to(settings) as producer:
        sent = [producer.send(settings.topic(topic), **message) for message in messages]
        for one in sent:
            one.get(timeout=60)


def put_back(settings: KafkaSettings, topic: str, **message: Any) -> None:
    """Send one message in a transaction, as `btswatch dlq replay` does."""
    producer = KafkaProducer(**reading_connection(settings), transactional_id=f"{settings.prefix}dlq")
    try:
        producer.init_transactions()
        producer.begin_transaction()
        producer.send(settings.topic(topic), **message)
        producer.commit_transaction()
    finally:
        producer.close(timeout=5)


def records_of(
    settings: KafkaSettings, topic: str, until: Callable[[Sequence[Any]], bool], within_s: float = 60
) -> list[Any]:
    """All records of the topic from its beginning, read until they are enough."""
    consumer = KafkaConsumer(**reading_connection(settings), auto_offset_reset="earliest")
    found: list[Any] = []
    try:
        name = settings.topic(topic)
        consumer.assign([TopicPartition(name, number) for number in consumer.partitions_for_topic(name)])
        end = time.monotonic() + within_s
        while not until(found):
            assert time.monotonic() < end, f"only {len(found)} records of {topic} within {within_s} s"
            for records in consumer.poll(timeout_ms=200).values():
                found += records
    finally:
        consumer.close()
    return found


def committed(settings: KafkaSettings, group: str, topic: str) -> dict[int, int]:
    """What the group has committed, by partition; those without are absent."""
    consumer = KafkaConsumer(
        **reading_connection(settings), group_id=settings.group(group), enable_auto_commit=False
    )
    try:
        name = settings.topic(topic)
        at = {n: consumer.committed(TopicPartition(name, n)) for n in consumer.partitions_for_topic(name)}
    finally:
        consumer.close()
    return {number: offset for number, offset in at.items() if offset is not None}


def delete_before(settings: KafkaSettings, topic: str, *, partition: int, offset: int) -> None:
    """As retention does in time."""
    admin = KafkaAdminClient(**connection(settings))
    try:
        admin.delete_records({TopicPartition(settings.topic(topic), partition): offset})
    finally:
        admin.close()


def eventually(what: Callable[[], Any], within_s: float = 60, every_s: float = 0.05) -> Any:
    """The first true value that it gives."""
    end = time.monotonic() + within_s
    while True:
        found = what()
        if found:
            return found
        assert time.monotonic() < end, f"not within {within_s} s"
        time.sleep(every_s)
