"""`btswatch sink ledger` as a process on real Kafka and PostgreSQL: a wrong password, kill -9 in the middle of batches."""

import json
import os
import random
import time
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from btswatch.demo.ports import free_tcp
from processors.sinks.dead_letters import DeadLetters
from processors.sinks.ledger import LedgerSink
from schemas.settings.kafka import KafkaSettings
from schemas.topics import load_topics, partition_of, shard_of
from stores.data_directory import DataDirectory, Mode
from stores.ledger import Ledger
from tests.contract.sinks import results as told
from tests.contract.sinks.results import CALENDAR, ENTERPRISES, START, content
from tests.kafka_topics import committed, eventually, make_topics, producer_to, records_of, settings_of
from tests.product.process import Process, ask

pytestmark = pytest.mark.service
# A killed process keeps its partitions for the session's length, and longer where it died while they were shared out.
PATIENCE_S = 120
TOPICS = ("transitions", "figures", "states", "feeds", "findings")


class Place:
    """Settings of a cluster whose results come from here, and the sink's process."""

    def __init__(self, path, kafka, prefix, url):
        self.kafka = make_topics(settings_of(kafka, prefix), *TOPICS, "deadletter")
        self.port = free_tcp()
        registry = path / "registry"
        registry.mkdir()
        names = "".join(f"{name},{name},{one.heartbeat_s}\n" for name, one in ENTERPRISES.items())
        (registry / "enterprises.csv").write_text(f"id,name,heartbeat_s\n{names}")
        (registry / "units.csv").write_text("code,name,kind\n20,Lạng Sơn,province\n")
        (registry / "stations.csv").write_text("id,enterprise\nS1,E1\n")
        self.path = path / "btswatch.toml"
        self.text = f"""
form = "cluster"
data = {json.dumps(str(path / "data"))}
registry = {json.dumps(str(registry))}
[kafka]
bootstrap = "{kafka.bootstrap}"
prefix = "{prefix}"
timeout_s = 20
[sinks]
batch_messages = 10
gather_s = 0.02
retry_most_s = 1
refused_retry_s = 0.5
session_s = 6
most_poll_s = 20
[status]
ledger_sink_port = {self.port}
"""
        self.processes = []
        self.use(url)
        DataDirectory(path / "data").create(Mode.PRODUCTION)

    def use(self, url):
        self.path.write_text(f"{self.text}[ledger]\nurl = {json.dumps(url)}\n")

    def send(self, lanes):
        """Each lane in its order, lanes among each other as they come."""
        catalogue = load_topics()
        dice, at = random.Random(5), [0] * len(lanes)
        with producer_to(self.kafka) as producer:
            while any(n < len(lane) for n, lane in zip(at, lanes, strict=True)):
                chosen = dice.randrange(len(lanes))
                if at[chosen] < len(lanes[chosen]):
                    one = lanes[chosen][at[chosen]]
                    at[chosen] += 1
                    partition = partition_of(shard_of(one.key.decode()), catalogue[one.topic].partitions)
                    producer.send(
                        self.kafka.topic(one.topic),
                        value=one.value,
                        key=one.key,
                        partition=partition,
                    )
            producer.flush()

    def process(self):
        return Process("sink", "ledger", "--settings", self.path)

    def until(self, process, holds):
        """What is waited for; where it does not come, what the process says of itself."""
        try:
            return eventually(lambda: process.lives() and holds(), PATIENCE_S)
        except AssertionError as error:
            state = ask(f"http://127.0.0.1:{self.port}/readyz")
            raise AssertionError(
                f"{error}; {state}; written {self.written()}; it told:\n{process.told}"
            ) from error
        finally:
            self.processes.append(process)

    def writes(self):
        """Whether the process that runs has written a batch."""
        return "btswatch_sink_messages_total{" in ask(f"http://127.0.0.1:{self.port}/metrics")[1]

    def written(self):
        return sum(sum(committed(self.kafka, "sink-ledger", topic).values()) for topic in TOPICS)


@pytest.fixture
def url(postgres):
    return postgres.new_database()


@pytest.fixture
def place(tmp_path, kafka, kafka_prefix, url):
    made = Place(tmp_path, kafka, kafka_prefix, url)
    yield made
    for process in made.processes:
        process.kill()


def test_a_wrong_password_shows_in_readiness_and_is_mended_without_a_restart(place, url, postgres):
    import psycopg

    role = f"writer_{place.port}"
    with psycopg.connect(postgres.dsn(), autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'old'")
        connection.execute(f"ALTER DATABASE {make_url(url).database} OWNER TO {role}")
    wrong = make_url(url).set(username=role, password="secret-new")
    place.use(wrong.render_as_string(hide_password=False))
    place.send([[told.state(), told.message("figures", b"{")]])
    process = place.process()
    ready = f"http://127.0.0.1:{place.port}/readyz"
    status, said = place.until(
        process, lambda: found if "authentication failed" in (found := ask(ready))[1] else None
    )
    assert status == 503
    assert "secret-new" not in said
    with psycopg.connect(postgres.dsn(), autocommit=True) as connection:
        connection.execute(f"ALTER ROLE {role} PASSWORD 'secret-new'")
    place.until(process, lambda: ask(ready)[0] == 200)
    place.until(process, lambda: place.written() == 2)
    (letter,) = records_of(place.kafka, "deadletter", lambda found: len(found) == 1)
    assert json.loads(letter.value)["code"] == "malformed"
    assert process.stop() == 0
    assert "secret-new" not in process.told
    # One line when it began, one when it was over.
    assert sum("a person has to act" in line for line in process.lines) == 1
    assert sum("takes messages again" in line for line in process.lines) == 1
    ledger = Ledger(url)
    ledger.open()
    with ledger.reading() as connection:
        assert connection.execute(text("SELECT element FROM element_state")).scalars().all() == ["S1"]
    ledger.close()


def undisturbed(path, lanes):
    ledger = Ledger(path)
    sink = LedgerSink(
        ledger,
        ENTERPRISES,
        CALENDAR,
        DeadLetters("ledger", KafkaSettings(), lambda: START),
        lambda: None,
    )
    sink.open()
    sink.write([one for lane in lanes for one in lane])
    found = content(ledger)
    sink.close()
    return found


def test_killed_in_the_middle_of_batches_nothing_is_lost_or_doubled(place, url, tmp_path):
    lanes = told.history(random.Random(2), minutes=60)
    count = sum(map(len, lanes))
    place.send(lanes)
    ledger = Ledger(url)
    ledger.open()

    def content_now():
        return content(ledger, without=("revision", "updated_ms"))

    wanted = undisturbed(tmp_path / "one.db", lanes)
    process = place.process()
    # Once it writes, at any moment.
    place.until(process, place.writes)
    time.sleep(random.random() * 0.05)
    process.kill()
    assert content_now() != wanted, "all was written before the kill"
    process = place.process()
    place.until(process, lambda: content_now() == wanted)
    place.until(process, lambda: place.written() == count)
    assert process.stop() == 0
    assert content_now() == wanted
    ledger.close()


def resident_mb(process):
    return int(Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def test_half_an_hour_without_the_database_costs_no_memory_and_nothing(
    tmp_path, kafka, kafka_prefix, postgres_server
):
    """What 300 elements make in 30 minutes: a figure and a state every five."""
    url = postgres_server.new_database()
    place = Place(tmp_path, kafka, kafka_prefix, url)
    place.text = place.text.replace("batch_messages = 10", "batch_messages = 200")
    place.use(url)
    lanes = [
        [
            one(f"S{n}", as_of=minute * 60_000)
            for minute in range(5, 35, 5)
            for one in (told.figure, told.state)
        ]
        for n in range(300)
    ]
    process = place.process()
    try:
        place.send([[told.state("S1", as_of=1)]])
        place.until(process, lambda: place.written() == 1)
        before = highest = resident_mb(process)
        postgres_server.server.stop()
        place.send(lanes)
        process.line("target is out of reach")
        for _ in range(20):
            highest = max(highest, resident_mb(process))
            time.sleep(0.1)
        assert place.written() == 1
        postgres_server.server.start()
        count = 1 + sum(map(len, lanes))
        place.until(process, lambda: place.written() == count)
        highest = max(highest, resident_mb(process))
        assert process.stop() == 0
    finally:
        process.kill()
    assert highest < before + 60
    assert sum("target is out of reach" in line for line in process.lines) == 1
    ledger = Ledger(url)
    ledger.open()
    found = content(ledger)
    ledger.close()
    assert found == undisturbed(tmp_path / "one.db", [[told.state("S1", as_of=1)], *lanes])
