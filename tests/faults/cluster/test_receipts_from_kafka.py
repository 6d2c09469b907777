"""Durability kafka with the real processes: broker stopped and started, forwarder and gateway killed between."""

import json
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from btswatch.demo.ports import free_tcp
from stores.data_directory import DataDirectory, Mode
from stores.keys import KeyStore
from tests.kafka_topics import eventually, make_topics, records_of, settings_of
from tests.product.process import Process, ask, btswatch, metric

pytestmark = pytest.mark.service
WAIT_S = 3


class Place:
    """A gateway whose receipts wait for Kafka, and its forwarder."""

    def __init__(self, path, kafka, prefix):
        self.kafka = make_topics(settings_of(kafka, prefix), "evidence", "deadletter")
        self.port = free_tcp()
        self.url = f"http://127.0.0.1:{self.port}"
        registry = path / "registry"
        registry.mkdir()
        (registry / "enterprises.csv").write_text("id,name\nvnx,VNX\n")
        (registry / "units.csv").write_text("code,name,kind\n20,Lạng Sơn,province\n")
        (registry / "stations.csv").write_text("id,enterprise\nBTS-1,vnx\n")
        self.settings = path / "btswatch.toml"
        self.settings.write_text(f"""
form = "cluster"
data = "data"
[kafka]
bootstrap = "{kafka.bootstrap}"
prefix = "{prefix}"
timeout_s = 2
[gateway]
port = {self.port}
durability = "kafka"
kafka_wait_s = {WAIT_S}
[forwarder]
retry_most_s = 1
[status]
forwarder_port = 0
""")
        directory = DataDirectory(path / "data")
        directory.create(Mode.PRODUCTION)
        keys = KeyStore(directory.keys_path)
        keys.open()
        self.token = keys.create("vnx", actor="test", now_ms=0)[1]
        keys.close()
        self.journal = directory.journal()
        self.journal.open()
        self.sent = 0
        self.processes = []

    def forward(self):
        return self._started("forward")

    def gateway(self):
        gateway = self._started("gateway")
        eventually(lambda: ask(f"{self.url}/healthz")[0] == 200, 60)
        return gateway

    def _started(self, command):
        self.processes.append(Process(command, "--settings", self.settings))
        return self.processes[-1]

    def close(self):
        for one in self.processes:
            one.kill()
        self.journal.close()

    def content(self, count):
        now = datetime.now(UTC).isoformat()
        self.sent += count
        return json.dumps(
            [
                {
                    "specversion": "1.0",
                    "id": f"e{number}",
                    "source": "vnx/noc",
                    "type": "btswatch.status.v1",
                    "subject": "BTS-1",
                    "time": now,
                    "data": {"status": "up"},
                }
                for number in range(self.sent - count, self.sent)
            ]
        ).encode()

    def push(self, content):
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        status, text = ask(f"{self.url}/v1/events", body=content, headers=headers)
        assert status in {0, 202}, text
        return json.loads(text) if status else None

    def kept(self, receipt):
        headers = {"Authorization": f"Bearer {self.token}"}
        return json.loads(ask(f"{self.url}/v1/receipts/{receipt['receipt']}", headers=headers)[1])

    def in_kafka(self, at_least):
        """Ids of the events that the brokers have."""
        return {
            one["id"]
            for one in _events(records_of(self.kafka, "evidence", lambda f: len(_events(f)) >= at_least))
        }


def _events(records):
    return [
        one
        for record in records
        if dict(record.headers)["kind"] == b"evidence"
        for one in json.loads(record.value)
    ]


@pytest.fixture
def place(tmp_path, kafka, kafka_prefix):
    made = Place(tmp_path, kafka, kafka_prefix)
    yield made
    kafka.start()
    made.close()


@contextmanager
def pushing(place, content):
    """A push under way while the block runs; its receipt is in the list after it."""
    found = []
    thread = threading.Thread(target=lambda: found.append(place.push(content)))
    thread.start()
    try:
        yield found
    finally:
        thread.join(60)


def test_a_receipt_that_says_kafka_was_given_when_kafka_had_the_events(place):
    place.gateway()
    place.forward()
    eventually(lambda: place.push(place.content(1))["durable"] == "kafka", 60)
    for _ in range(5):
        receipt = place.push(place.content(10))
        assert (receipt["durable"], receipt["accepted"]) == ("kafka", 10)
        assert place.journal.position("forwarder") >= place.sent
        assert place.kept(receipt) == receipt
    assert place.in_kafka(place.sent) == {f"e{number}" for number in range(place.sent)}
    assert metric(place.url, "btswatch_gateway_receipts_total", durable="kafka") >= 6


def test_while_the_broker_is_stopped_receipts_say_disk_and_nothing_is_lost(place, kafka):
    gateway = place.gateway()
    place.forward()
    eventually(lambda: place.push(place.content(1))["durable"] == "kafka", 60)
    kafka.stop()
    outage = place.content(20)
    began = time.monotonic()
    first = place.push(outage)
    waited = time.monotonic() - began
    assert (first["durable"], first["accepted"]) == ("disk", 20)
    assert WAIT_S <= waited < WAIT_S + 15
    began = time.monotonic()
    others = [place.push(place.content(5)) for _ in range(10)]
    assert time.monotonic() - began < 5 * WAIT_S, "only one waits in vain, not all ten"
    assert {(one["durable"], one["accepted"]) for one in others} == {("disk", 5)}
    assert ask(f"{place.url}/readyz")[0] == 200
    assert gateway.told.count("receipts say disk") == 1
    kafka.start()
    eventually(lambda: place.push(place.content(1))["durable"] == "kafka", 60, 0.5)
    again = place.push(outage)
    assert (again["receipt"], again["duplicates"], again["durable"]) == (first["receipt"], 20, "kafka")
    assert place.kept(first) == first
    assert place.in_kafka(place.sent) == {f"e{number}" for number in range(place.sent)}
    assert gateway.told.count("receipts say kafka again") == 1


def test_a_forwarder_that_is_killed_is_waited_for_until_its_successor_has_sent(place):
    place.gateway()
    forward = place.forward()
    eventually(lambda: place.push(place.content(1))["durable"] == "kafka", 60)
    for _ in range(3):
        forward.kill()
        content = place.content(20)
        with pushing(place, content) as found:
            eventually(lambda: place.journal.last_offset() == place.sent)
            forward = place.forward()
        (receipt,) = found
        # A start takes about as long as the answer waits: either may come first, and it says which.
        assert receipt["accepted"] == 20
        if receipt["durable"] == "kafka":
            assert place.journal.position("forwarder") >= place.sent
        assert place.kept(receipt) == receipt
        assert eventually(lambda c=content: _copied(place.push(c)), 60, 0.2)["receipt"] == receipt["receipt"]
    assert place.in_kafka(place.sent) == {f"e{number}" for number in range(place.sent)}


def _copied(receipt):
    return receipt if receipt["durable"] == "kafka" else None


def test_a_gateway_killed_while_it_waits_promised_nothing_and_the_repetition_finds_the_first_receipt(place):
    gateway = place.gateway()
    content = place.content(7)
    with pushing(place, content) as found:
        eventually(lambda: place.journal.last_offset() == 7)
        gateway.kill()
    assert found == [None]
    place.forward()
    place.gateway()
    again = eventually(lambda: _copied(place.push(content)), 60, 0.2)
    assert (again["accepted"], again["duplicates"]) == (0, 7)
    first = place.kept(again)
    assert (first["receipt"], first["accepted"], first["durable"]) == (again["receipt"], 7, "disk")


def test_the_embedded_form_refuses_it_in_one_line(tmp_path):
    settings = tmp_path / "btswatch.toml"
    settings.write_text('[gateway]\ndurability = "kafka"\n')
    for command, code in (("check", 1), ("gateway", 2)):
        ended = btswatch(command, "--settings", settings)
        assert ended.returncode == code
        (line,) = ended.stderr.strip().splitlines()
        assert 'gateway.durability: "kafka" needs form = "cluster"' in line
