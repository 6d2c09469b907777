"""What `btswatch dlq replay` puts back reaches the one sink that it is meant for."""

import pytest

from processors.sinks.consumer import SinkConsumer
from schemas.dead_letters import REPLAY_TO
from tests.kafka_topics import eventually, send

from .conftest import QUICK

pytestmark = pytest.mark.service


class Target:
    def __init__(self):
        self.values = []

    def open(self):
        pass

    def close(self):
        pass

    def idle(self, now_ms):
        pass

    def write(self, messages):
        assert messages
        self.values += [one.value for one in messages]


def test_a_message_that_is_put_back_is_taken_by_the_sink_it_names_and_passed_over_by_others(settings):
    names = ("influx", "ledger")
    targets = {name: Target() for name in names}
    running = [
        SinkConsumer(name, ("transitions",), target, settings, QUICK, now_ms=lambda: 0)
        for name, target in targets.items()
    ]
    again = {"headers": [(REPLAY_TO, b"influx")]}
    for one in running:
        one.start()
    try:
        send(settings, "transitions", {"value": b"again", "partition": 0, **again})
        send(settings, "transitions", {"value": b"last", "partition": 0})
        eventually(lambda: all(b"last" in target.values for target in targets.values()), 40)
    finally:
        for one in running:
            assert one.stop(20)
    assert {name: target.values for name, target in targets.items()} == {
        "influx": [b"again", b"last"],
        "ledger": [b"last"],
    }
