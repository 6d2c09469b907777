"""The consumer that feeds sinks, on a real broker: nothing is lost, and nothing is committed before it is written."""

import threading
import time
from collections import Counter
from contextlib import ExitStack, contextmanager

import pytest

from processors.sinks import broker
from processors.sinks.consumer import SinkConsumer, TargetRefusedError, TargetUnavailableError
from processors.sinks.dead_letters import DeadLetters
from schemas.cluster_metrics import SINK_DROPPED, SINK_LAG, SINK_LOST, SINK_OUTAGES
from schemas.dead_letters import DeadLetter
from schemas.settings.sinks import SinkSettings
from tests.kafka_topics import (
    committed,
    delete_before,
    eventually,
    make_topics,
    put_back,
    records_of,
    send,
    settings_of,
)

from .conftest import QUICK

pytestmark = pytest.mark.service


class Target:
    """A sink whose target can be taken away; remembers what reached it."""

    def __init__(self):
        self.error = None
        self.written = []
        self.largest = 0
        self.tries = 0
        self.letters = None
        self.bad = ()

    def open(self):
        pass

    def close(self):
        pass

    def idle(self, now_ms):
        pass

    def write(self, messages):
        self.tries += 1
        self.largest = max(self.largest, len(messages))
        if self.error:
            raise self.error
        for one in messages:
            if one.value in self.bad:
                self.letters.send(one, "invalid", "not to our taste")
            else:
                self.written.append(one.value)


@pytest.fixture
def consumer_of(settings, request):
    """Makes consumers of one group on `transitions`."""

    def make(target, limits=QUICK, kafka=settings):
        target.letters = DeadLetters("tester", kafka, lambda: 0)
        name = f"tester-{request.node.name[:40]}"
        consumer = SinkConsumer(
            name, ("transitions",), target, kafka, limits, dead_letters=target.letters, now_ms=lambda: 0
        )
        consumer.name = name
        return consumer

    return make


@contextmanager
def running(*consumers):
    with ExitStack() as stack:
        for one in consumers:
            one.start()
            stack.callback(lambda one=one: stopped(one))
        yield


def stopped(consumer):
    assert consumer.stop(20)
    assert consumer.failure is None


def messages(first, count):
    return [{"value": b"%d" % n, "partition": n % 16} for n in range(first, first + count)]


def values(first, count):
    return {b"%d" % n for n in range(first, first + count)}


def count_of(spec, *labels):
    made = spec.counter() if spec.kind == "counter" else spec.gauge()
    return made.labels(*labels)._value.get()


def test_a_target_that_is_away_costs_nothing_and_nothing_is_committed_early(settings, consumer_of):
    send(settings, "transitions", *messages(0, 160))
    target = Target()
    # A poll may take no longer than this: only polling during the outage keeps it in the group.
    limits = QUICK.model_copy(update={"most_poll_s": 1.5, "batch_messages": 40})
    consumer = consumer_of(target, limits)
    group = f"sink-{consumer.name}"
    with running(consumer):
        eventually(lambda: len(target.written) == 160)
        eventually(lambda: sum(committed(settings, group, "transitions").values()) == 160)
        target.error = TargetUnavailableError("gone fishing")
        send(settings, "transitions", *messages(160, 800))
        eventually(lambda: consumer.not_ready() == f"sink {consumer.name}: gone fishing")
        tries = target.tries
        threading.Event().wait(3.5)
        assert target.tries > tries
        assert sum(committed(settings, group, "transitions").values()) == 160
        assert len(consumer._pending) <= 40 + 500
        target.error = None
        eventually(lambda: len(target.written) == 960)
        eventually(lambda: consumer.not_ready() is None)
    assert Counter(target.written) == dict.fromkeys(values(0, 960), 1)
    assert count_of(SINK_OUTAGES, consumer.name, "away") == 1
    assert sum(committed(settings, group, "transitions").values()) == 960


def test_partitions_that_move_in_an_outage_lose_nothing_and_what_went_is_let_go(settings, consumer_of):
    first, second = Target(), Target()
    first.error = TargetUnavailableError("away")
    send(settings, "transitions", *messages(0, 800))
    one, other = consumer_of(first), consumer_of(second)
    with running(one):
        eventually(lambda: len(one._pending) >= 800)
        with running(other):
            eventually(lambda: len(second.written) == 400)
            eventually(lambda: len(one._pending) == 400)
            first.error = None
            eventually(lambda: len(first.written) == 400)
        # Its partitions come back; what it wrote was committed, so nothing comes twice.
        send(settings, "transitions", *messages(800, 160))
        eventually(lambda: len(first.written) >= 560)
    assert Counter(first.written + second.written) == dict.fromkeys(values(0, 960), 1)
    assert count_of(SINK_DROPPED, one.name) == 400


def test_a_target_that_refuses_us_is_told_so_and_tried_more_slowly(settings, consumer_of):
    target = Target()
    target.error = TargetRefusedError("401: no such token")
    send(settings, "transitions", *messages(0, 16))
    consumer = consumer_of(target, QUICK.model_copy(update={"refused_retry_s": 1.0}))
    with running(consumer):
        eventually(lambda: "401" in (consumer.not_ready() or ""))
        tries = target.tries
        threading.Event().wait(0.7)
        assert target.tries <= tries + 1
        target.error = None
        eventually(lambda: len(target.written) == 16)
    assert count_of(SINK_OUTAGES, consumer.name, "refused") == 1


def test_what_the_sink_puts_aside_is_delivered_before_it_is_committed(settings, consumer_of):
    target = Target()
    target.bad = {b"3"}
    send(settings, "transitions", *messages(0, 16))
    consumer = consumer_of(target)
    with running(consumer):
        eventually(lambda: len(target.written) == 15)
        (letter,) = records_of(settings, "deadletter", lambda found: found)
    told = DeadLetter.model_validate_json(letter.value)
    assert (told.entrance, told.code, told.topic, told.partition, told.body) == (
        "tester",
        "invalid",
        "transitions",
        3,
        b"3",
    )
    assert sum(committed(settings, f"sink-{consumer.name}", "transitions").values()) == 16


def test_without_its_dead_letter_a_message_is_not_committed(kafka, kafka_prefix, consumer_of):
    # The topic of the dead letters is missing: they can't be delivered.
    settings = make_topics(settings_of(kafka, kafka_prefix + "x."), "transitions")
    settings = settings.model_copy(update={"timeout_s": 1.0})
    target = Target()
    target.bad = {b"0"}
    send(settings, "transitions", {"value": b"0", "partition": 0})
    consumer = consumer_of(target, kafka=settings)
    with running(consumer):
        eventually(lambda: "dead letters not delivered" in (consumer.not_ready() or ""))
        assert committed(settings, f"sink-{consumer.name}", "transitions") == {}
        make_topics(settings, "deadletter")
        eventually(lambda: committed(settings, f"sink-{consumer.name}", "transitions") == {0: 1})


def test_brokers_that_go_and_come_back_are_used_again(kafka, settings, consumer_of):
    target = Target()
    send(settings, "transitions", *messages(0, 32))
    consumer = consumer_of(target)
    with running(consumer):
        eventually(lambda: len(target.written) == 32)
        kafka.stop()
        eventually(lambda: consumer.not_ready() is not None)
        spent = time.process_time()
        threading.Event().wait(2)
        assert time.process_time() - spent < 0.6, "waiting for brokers takes no processor"
        kafka.start()
        send(settings, "transitions", *messages(32, 32))
        eventually(lambda: set(target.written) == values(0, 64), 40)
        eventually(lambda: consumer.not_ready() is None)
        SINK_LAG.gauge().labels(consumer.name).set(-1)
        eventually(lambda: count_of(SINK_LAG, consumer.name) >= 0)
        assert count_of(SINK_LAG, consumer.name) == 0
    assert sum(committed(settings, f"sink-{consumer.name}", "transitions").values()) == 64


@pytest.mark.parametrize(("away", "back"), [("kill", "start"), ("pause", "resume")])
@pytest.mark.parametrize("own_positions", [False, True])
def test_while_brokers_do_not_answer_it_is_not_ready(
    kafka, settings, consumer_of, archiving, away, back, own_positions
):
    target = Target()
    consumer = archiving() if own_positions else consumer_of(target)
    with running(consumer):
        eventually(lambda: consumer.not_ready() is None, 40)
        getattr(kafka, away)()
        try:
            eventually(consumer.not_ready, 20)
        finally:
            getattr(kafka, back)()
        eventually(lambda: consumer.not_ready() is None, 40)


def test_waiting_for_target_and_brokers_at_once_takes_no_processor(kafka, settings, consumer_of):
    target = Target()
    target.error = TargetUnavailableError("away")
    send(settings, "transitions", *messages(0, 32))
    consumer = consumer_of(target)
    with running(consumer):
        eventually(lambda: target.tries > 1)
        kafka.stop()
        try:
            threading.Event().wait(8)
            spent = time.process_time()
            threading.Event().wait(3)
            assert time.process_time() - spent < 0.6
        finally:
            kafka.start()
        target.error = None
        eventually(lambda: set(target.written) == values(0, 32), 60)


def test_waiting_for_a_broker_that_hangs_takes_no_processor(kafka, settings, consumer_of):
    target = Target()
    target.error = TargetUnavailableError("away")
    send(settings, "transitions", *messages(0, 32))
    limits = SinkSettings(retry_s=0.1, retry_most_s=4, session_s=6, gather_s=0.05)
    consumer = consumer_of(target, limits)
    with running(consumer):
        eventually(lambda: target.tries > 1)
        kafka.pause()
        try:
            spent = time.process_time()
            # Heartbeats are due and not answered after a quarter of the session.
            threading.Event().wait(6)
            assert time.process_time() - spent < 0.5
        finally:
            kafka.resume()
        target.error = None
        eventually(lambda: set(target.written) == values(0, 32), 60)


def test_a_topic_that_is_missing_is_told_and_waited_for(kafka, kafka_prefix, consumer_of):
    settings = settings_of(kafka, kafka_prefix + "y.")
    target = Target()
    consumer = consumer_of(target, kafka=settings)
    with running(consumer):
        eventually(lambda: "run btswatch topics apply" in (consumer.not_ready() or ""))
        make_topics(settings, "transitions", "deadletter")
        send(settings, "transitions", *messages(0, 3))
        eventually(lambda: len(target.written) == 3)


def test_messages_that_the_brokers_deleted_first_are_told_of_and_reading_goes_on(settings, consumer_of):
    target = Target()
    send(settings, "transitions", *({"value": b"%d" % n, "partition": 5} for n in range(3)))
    with running(consumer_of(target)):
        eventually(lambda: len(target.written) == 3)
    send(settings, "transitions", *({"value": b"%d" % n, "partition": 5} for n in range(3, 9)))
    delete_before(settings, "transitions", partition=5, offset=7)
    later = consumer_of(target)
    with running(later):
        eventually(lambda: len(target.written) == 5)
    assert target.written == [b"0", b"1", b"2", b"7", b"8"]
    assert count_of(SINK_LOST, later.name, "transitions") == 4


def test_what_a_transaction_leaves_between_messages_is_no_message_that_was_deleted(settings, consumer_of):
    target = Target()
    consumer = consumer_of(target)
    with running(consumer):
        # As `btswatch dlq` puts messages back: behind each of them the end of its transaction has an offset too.
        for number in range(3):
            put_back(settings, "transitions", value=b"%d" % number, partition=5)
            eventually(lambda number=number: len(target.written) == number + 1)
    assert count_of(SINK_LOST, consumer.name, "transitions") == 0
    later = consumer_of(target)
    with running(later):
        put_back(settings, "transitions", value=b"3", partition=5)
        eventually(lambda: len(target.written) == 4)
    assert count_of(SINK_LOST, later.name, "transitions") == 0


def test_behind_a_transaction_nothing_waits_to_be_written(settings, consumer_of, monkeypatch):
    monkeypatch.setattr(broker, "_MEASURE_EVERY_S", 0.2)
    target = Target()
    consumer = consumer_of(target)
    with running(consumer):
        send(settings, "transitions", {"value": b"0", "partition": 5})
        put_back(settings, "transitions", value=b"1", partition=5)
        eventually(lambda: len(target.written) == 2)
        eventually(lambda: committed(settings, f"sink-{consumer.name}", "transitions").get(5))
        eventually(lambda: count_of(SINK_LAG, consumer.name) == 0)
