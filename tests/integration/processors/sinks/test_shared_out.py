"""The group's sharing out anew, through the library's client on a real broker, however short the polls are."""

import pytest
from kafka import KafkaAdminClient

from processors.sinks.broker import Broker
from schemas.settings.sinks import SinkSettings
from stores.kafka.connection import connection, reading_connection
from tests.kafka_topics import eventually, make_topics, settings_of

pytestmark = pytest.mark.service
LIMITS = SinkSettings(session_s=6)


@pytest.fixture
def broker(kafka, kafka_prefix, monkeypatch):
    """A sink's consumer that looks for changed topics all the time, not each five minutes."""
    monkeypatch.setattr(
        "processors.sinks.broker.reading_connection",
        lambda settings: reading_connection(settings) | {"metadata_max_age_ms": 50},
    )
    settings = make_topics(settings_of(kafka, kafka_prefix), "findings")
    made = Broker("ledger", ("findings",), settings, LIMITS, None)
    made.open()
    yield made
    made.close()


def test_a_sharing_out_that_outlasts_a_poll_is_taken_up_by_the_next_one(broker, kafka, kafka_prefix):
    """Changed topics make the leader join again; its client forgot the answer where a poll ended before it came."""

    def has(count):
        broker.poll(0.001, 500, hold=False)
        broker.still_ours([])
        return broker.trouble() is None and len(broker._consumer.assignment()) == count

    eventually(lambda: has(4), every_s=0)
    admin = KafkaAdminClient(**connection(settings_of(kafka, kafka_prefix)))
    try:
        for count in (5, 6):
            admin.create_partitions({f"{kafka_prefix}findings": count})
            eventually(lambda count=count: has(count), within_s=10, every_s=0)
    finally:
        admin.close()
