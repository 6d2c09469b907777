"""A sink on real Kafka whose InfluxDB answers what it should not: nothing lost, nothing doubled, one alarm."""

import time
from dataclasses import replace

import pytest

from processors.sinks.consumer import SinkConsumer
from processors.sinks.dead_letters import DeadLetters
from processors.sinks.influx.sink import TOPICS, InfluxSink
from schemas.cluster_metrics import SINK_OUTAGES
from schemas.dead_letters import DeadLetter
from schemas.influx import bucket_of
from schemas.settings.sinks import SinkSettings
from stores.influx.connection import InfluxConnection
from stores.influx.errors import InfluxUnavailableError, retry_after_s
from stores.influx.writer import LineWriter
from stores.ledger import Ledger
from tests.contract.sinks import results as told
from tests.contract.sinks.results import CALENDAR, START
from tests.faults.influx.proxy import Answer, Proxy
from tests.integration.influx.conftest import REGISTRY, Bench, settings_for
from tests.kafka_topics import committed, eventually, make_topics, records_of, send, settings_of

pytestmark = pytest.mark.service
QUICK = SinkSettings(retry_s=0.1, retry_most_s=0.3, refused_retry_s=0.5, session_s=20, gather_s=0.05)
NAMES = [f"M{number}" for number in range(200)]
MANY = replace(REGISTRY, elements={name: (replace(REGISTRY.elements["S1"][0], id=name),) for name in NAMES})


@pytest.fixture
def proxy(influx):
    made = Proxy(influx.url).start()
    yield made
    made.stop()


@pytest.fixture
def fed(influx, proxy, kafka, kafka_prefix, tmp_path):
    """A sink that runs, behind the proxy; all it needs is there."""
    settings = settings_for(influx)
    topics = make_topics(settings_of(kafka, kafka_prefix), *TOPICS)
    letters = DeadLetters("influx", topics, lambda: START)
    sink = InfluxSink(
        settings.model_copy(update={"url": proxy.url, "batch_lines": 100}),
        MANY,
        CALENDAR,
        Ledger(tmp_path / "ledger.db"),
        letters,
        lambda: START + 3_600_000,
    )
    name = f"influx-{kafka_prefix}"
    consumer = SinkConsumer(
        name, TOPICS, sink, topics, QUICK, dead_letters=letters, now_ms=lambda: START + 3_600_000
    )
    consumer.name, consumer.topics, consumer.settings = name, topics, settings
    consumer.bench = Bench(settings, Ledger(tmp_path / "other.db"), MANY)
    consumer.start()
    yield consumer
    proxy.go_on.set()
    consumer.stop(20)


def figures(as_of, names=NAMES):
    return [told.figure(name, as_of=as_of, up=as_of // 1000, down=7) for name in names]


def publish(consumer, messages):
    send(
        consumer.topics,
        messages[0].topic,
        *({"key": one.key, "value": one.value, "partition": hash(one.key) % 16} for one in messages),
    )


def written(consumer, count):
    group = f"sink-{consumer.name}"
    return sum(committed(consumer.topics, group, "figures").values()) == count


def outages(consumer, kind):
    return SINK_OUTAGES.counter().labels(consumer.name, kind)._value.get()


def expected(influx, tmp_path, messages):
    """What one undisturbed run over the messages leaves."""
    bench = Bench(settings_for(influx), Ledger(tmp_path / "expected.db"), MANY)
    bench.sink.open()
    bench.sink.write(messages)
    content = bench.content()
    bench.sink.close()
    return content


def test_an_overloaded_server_is_tried_until_it_takes_all(fed, proxy, influx, tmp_path):
    said = figures(60_000)
    answers = iter(
        [
            Answer(429, headers={"Retry-After": "1"}),
            Answer(503, headers={"Retry-After": "1"}),
            Answer(500),
            Answer(502),
        ]
    )
    tries = []

    def instead(lines):
        tries.append(time.monotonic())
        # The first request of a batch goes through, so that each try breaks off in the middle.
        return next(answers, None) if len(tries) % 2 == 0 else None

    proxy.instead = instead
    publish(fed, said)
    eventually(lambda: written(fed, len(said)), 30)
    assert fed.bench.content() == expected(influx, tmp_path, said)
    assert outages(fed, "away") == 1
    assert outages(fed, "refused") == 0
    # After 429 and after 503 it was let alone for as long as it asked.
    assert tries[2] - tries[1] >= 0.95
    assert tries[4] - tries[3] >= 0.95


def test_a_server_that_is_gone_and_comes_back_gets_all(fed, proxy, influx, tmp_path):
    first, second = figures(60_000), figures(120_000)
    publish(fed, first)
    eventually(lambda: written(fed, len(first)), 30)
    proxy.stop()
    publish(fed, second)
    eventually(lambda: fed.not_ready() is not None and "InfluxDB at" in fed.not_ready(), 30)
    proxy.start()
    eventually(lambda: written(fed, len(first) + len(second)), 30)
    assert fed.bench.content() == expected(influx, tmp_path, second)
    assert outages(fed, "away") == 1


def test_a_token_that_is_refused_stops_the_sink_until_a_person_acted(fed, proxy, influx, tmp_path):
    said = figures(60_000)
    proxy.instead = lambda lines: Answer(401, "unauthorized access")
    publish(fed, said)
    eventually(lambda: fed.not_ready() is not None and "401" in fed.not_ready(), 30)
    tries = proxy.writes
    begin = time.monotonic()
    eventually(lambda: proxy.writes >= tries + 2, 10)
    # Slowly: nothing but a person changes this.
    assert time.monotonic() - begin > QUICK.refused_retry_s * 0.9
    assert outages(fed, "refused") == 1
    assert not written(fed, len(said))
    proxy.instead = lambda lines: None
    eventually(lambda: written(fed, len(said)), 30)
    assert fed.bench.content() == expected(influx, tmp_path, said)


def letters_of(consumer, count):
    records = records_of(consumer.topics, "deadletter", lambda found: len(found) >= count)
    return [DeadLetter.model_validate_json(one.value) for one in records]


def test_lines_that_are_refused_with_all_others_are_found_and_put_aside(fed, proxy, influx, tmp_path):
    said = figures(60_000)
    bad = {"M17", "M18", "M120"}

    def instead(lines):
        return (
            Answer(400, "unable to parse")
            if any(f"element={one}," in t for one in bad for t in lines)
            else None
        )

    proxy.instead = instead
    publish(fed, said)
    eventually(lambda: written(fed, len(said)), 30)
    found = letters_of(fed, len(bad))
    assert sorted(one.code for one in found) == ["rejected_by_influxdb"] * 3
    assert {told.json.loads(one.body)["figure"]["id"] for one in found} == bad
    good = [one for one in said if one.key.decode() not in bad]
    # Our own dead letters come round as points.
    eventually(lambda: len(fed.bench.values("deadletter", "count")) == 3)
    content = {key: value for key, value in fed.bench.content().items() if key[0] != "deadletter"}
    assert content == expected(influx, tmp_path, good)
    assert fed.not_ready() is None


def test_after_a_partial_write_the_rest_is_stored_and_the_lines_are_named(fed, influx, tmp_path):
    """The real server's own 422: a field that has another type there already."""
    settings = fed.settings
    eventually(lambda: fed.not_ready() is None, 30)
    series = "figure,element=M3,enterprise=E1,kind=station,unit=U1"
    with InfluxConnection(settings) as connection:
        writer = LineWriter(connection, settings)
        # Its points come into the same shard: within one the type can't change.
        assert (
            writer.write(bucket_of("figure", settings.prefix), [f"{series} outages=true {START * 1000 - 1}"])
            == []
        )
    said = figures(60_000)
    publish(fed, said[:5])
    eventually(lambda: written(fed, 5), 30)
    assert [one.code for one in letters_of(fed, 5)] == ["rejected_by_influxdb"] * 5
    assert all("field type conflict" in one.detail for one in letters_of(fed, 5))
    # In the same write: the hours of these days, in another bucket.
    assert len(fed.bench.values("availability", "up_s")) == 5
    # When nothing at all is taken it is not the messages, but the schema there: a person has to act.
    publish(fed, said[5:])
    eventually(lambda: fed.not_ready() is not None and "none of" in fed.not_ready(), 30)
    assert outages(fed, "refused") == 1
    # What came before in batches too small to tell was put aside line by line.
    count = sum(committed(fed.topics, f"sink-{fed.name}", "figures").values())
    assert 5 <= count < len(said)
    assert {one.code for one in letters_of(fed, count)} == {"rejected_by_influxdb"}


def test_a_line_of_another_type_is_put_aside_alone(influx, tmp_path):
    settings = settings_for(influx)
    bench = Bench(settings, Ledger(tmp_path / "l.db"), MANY)
    bench.sink.open()
    lines = [f"finding,rule=r{number} down_s={number}i {START * 1000}" for number in range(40)]
    lines[7] = f"finding,rule=r7 down_s=1.5 {START * 1000}"
    lines[31] = f"finding,rule=r31 down_s=true {START * 1000}"
    with InfluxConnection(settings) as connection:
        rejected = LineWriter(connection, settings).write(bucket_of("finding", settings.prefix), lines)
    assert [one.number for one in rejected] == [7, 31]
    assert all("field type conflict" in one.reason for one in rejected)
    assert len(bench.values("finding", "down_s")) == 38
    bench.sink.close()


def test_what_a_server_asks_for_is_read_in_both_its_forms():
    assert retry_after_s({"retry-after": "7"}) == 7
    assert retry_after_s({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0
    assert retry_after_s({"Retry-After": "soon"}) is None
    assert InfluxUnavailableError("x", 3.0).retry_after_s == 3.0
