"""The sender while its broker is silent: whatever is under way, it says what is open and lets go of everything."""

import threading
import time

import pytest

from ingest.forwarder import records
from ingest.forwarder.sender import NotDeliveredError, Sender
from schemas.control import Tick
from schemas.time import from_ms
from schemas.topics import load_topics
from tests.kafka_topics import eventually

PARTITIONS = load_topics()["evidence"].partitions
pytestmark = pytest.mark.service


def tick(second):
    return records.control(Tick(received_through=from_ms(second * 1_000), forwarder="f"), PARTITIONS)


def threads():
    return [one.name for one in threading.enumerate() if "btswatch-forwarder" in one.name]


@pytest.mark.parametrize("told", [True, False], ids=["told to give up", "by its own deadline"])
def test_a_silent_broker_leaves_records_open_and_nothing_behind(kafka, settings, told):
    sender = Sender(settings.model_copy(update={"timeout_s": 1}), PARTITIONS)
    sender.deliver(tick(1), lambda: False)
    kafka.pause()
    try:
        began = time.monotonic()
        with pytest.raises(NotDeliveredError) as refused:
            sender.deliver(tick(2), lambda: told)
        assert time.monotonic() - began < 6
        assert refused.value.open == tick(2)
        eventually(lambda: threads() == [], 10)
    finally:
        kafka.resume()
    sender.deliver(tick(3), lambda: False)
    sender.close()
    eventually(lambda: threads() == [], 10)
