import json
import threading

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from btswatch.cli.app import run
from processors.sinks.dead_letters import DeadLetters
from processors.sinks.port import Message
from schemas.dead_letters import REPLAY_TO
from schemas.settings.kafka import KafkaSettings
from schemas.status import Track
from schemas.time import format_ms
from stores.entries import entry_of
from stores.kafka.letter_log import LetterLog
from tests.contract.dead_letters.place import Place, event, now_ms

pytestmark = pytest.mark.service
TRANSITIONS = {
    "element": "S1",
    "kind": "station",
    "enterprise": "vina",
    "day": "2026-11-02",
    "as_of": "2026-11-02T05:00:00Z",
    "changes": [],
}


@pytest.fixture
def settings(kafka, kafka_prefix):
    return KafkaSettings(bootstrap=kafka.bootstrap, prefix=kafka_prefix, timeout_s=5)


@pytest.fixture
def place(tmp_path, settings):
    toml = f'form = "cluster"\n[kafka]\nbootstrap = "{settings.bootstrap}"\nprefix = "{settings.prefix}"\ntimeout_s = 5\n'
    made = Place(tmp_path, toml)
    assert run(["topics", "apply", "--settings", str(made.settings)]) == 0
    return made


@pytest.fixture
def put_aside(settings):
    """As a worker or sink does it."""

    def call(
        body, *, entrance="availability", code="invalid", topic="evidence", partition=3, offset=41, key=b"7"
    ):
        letters = DeadLetters(entrance, settings, now_ms)
        message = Message(topic, partition, offset, key, body, {"forwarder": b"f1"}, now_ms())
        letters.send(message, code, "why")
        letters.flush()
        letters.close()

    return call


@pytest.fixture
def produce(settings):
    def call(topic, value, key=b"S1", headers=(), partition=0):
        producer = KafkaProducer(bootstrap_servers=settings.bootstrap)
        content = json.dumps(value).encode()
        sent = producer.send(
            settings.topic(topic), content, key=key, headers=list(headers), partition=partition
        )
        offset = sent.get(10).offset
        producer.close()
        return content, offset

    return call


@pytest.fixture
def in_topic(settings):
    def call(topic, partition=0):
        consumer = KafkaConsumer(
            bootstrap_servers=settings.bootstrap, isolation_level="read_committed", enable_auto_commit=False
        )
        at = TopicPartition(settings.topic(topic), partition)
        consumer.assign([at])
        consumer.seek_to_beginning(at)
        end, found = consumer.end_offsets([at])[at], []
        while consumer.position(at) < end:
            found += consumer.poll(500).get(at, [])
        consumer.close()
        return found

    return call


def archived(id_="e1", **more):
    received_ms = now_ms()
    return entry_of(event(id_, **more), received_ms=received_ms, track=Track.DECLARED, reporter="vina").body


def test_an_event_goes_back_through_the_journal_once(place, dlq, listed, put_aside):
    line = archived()
    put_aside(line, code="unknown_element")
    (letter,) = listed()
    assert (letter["id"], letter["entrance"], letter["reporter"], letter["place"]) == (
        "k0",
        "availability",
        "f1",
        "evidence/3/41",
    )
    code, out, _ = dlq("replay", "k0", "--by", "an")
    assert (code, "1 of 1 events to the journal" in out) == (0, True)
    assert dlq("replay", "k0")[0] == 1
    with place.journal() as journal:
        assert [one.body for one in journal.read(0, 10)] == [line]
    assert listed() == []
    (done,) = listed("--settled")
    assert (done["settled"]["action"], done["settled"]["by"]) == ("replayed", "an")
    assert json.loads(dlq("show", "k0", "--format", "json")[1])["body"]["id"] == "e1"


def test_broken_off_between_journal_and_topic_it_is_still_taken_once(
    place, dlq, listed, put_aside, monkeypatch
):
    put_aside(b"[" + archived("a") + b"," + archived("b") + b"]")

    def breaks(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(LetterLog, "settle", breaks)
        assert dlq("replay", "k0")[0] == 130
    assert len(place.lines()) == 2
    assert len(listed()) == 1
    code, out, _ = dlq("replay", "k0")
    assert (code, "0 of 2 events" in out) == (0, True)
    assert len(place.lines()) == 2
    assert listed() == []


def test_what_is_no_event_is_refused_again_and_stays(place, dlq, listed, put_aside):
    put_aside(b'{"id": 1}')
    code, out, _ = dlq("replay", "k0")
    assert (code, "refused: invalid" in out) == (1, True)
    assert (len(listed()), place.lines()) == (1, [])


def test_without_a_journal_events_are_put_back_elsewhere_and_said_so(dlq, put_aside, place, tmp_path):
    put_aside(archived())
    code, out, _ = dlq("replay", "k0", "--data", str(tmp_path / "none"))
    assert (code, "run it where" in out) == (1, True)
    assert dlq("replay", "k0")[0] == 0


def test_a_result_goes_to_the_sink_that_could_not_take_it_and_to_no_other(
    place, dlq, listed, put_aside, produce, in_topic
):
    body, offset = produce("transitions", TRANSITIONS, headers=[("a", b"b")])
    put_aside(body, entrance="influx", topic="transitions", partition=0, offset=offset)
    code, out, _ = dlq("replay", "k0")
    assert (code, "to influx" in out) == (0, True)
    first, again = in_topic("transitions")
    assert (again.key, again.value) == (first.key, first.value)
    assert dict(again.headers) == {"a": b"b", REPLAY_TO: b"influx"}
    assert dlq("replay", "k0")[0] == 1
    assert len(in_topic("transitions")) == 2
    assert listed() == []


def test_a_result_that_a_newer_one_has_replaced_is_not_put_back(
    place, dlq, listed, put_aside, produce, in_topic
):
    body, offset = produce("transitions", TRANSITIONS)
    put_aside(body, entrance="influx", topic="transitions", partition=0, offset=offset)
    produce("transitions", TRANSITIONS | {"day": "2026-11-03"})
    produce("transitions", TRANSITIONS | {"as_of": "2026-11-02T05:00:09Z"})
    code, out, _ = dlq("replay", "k0")
    assert (code, "newer" in out) == (0, True)
    assert len(in_topic("transitions")) == 3
    assert listed() == []


def test_a_result_that_is_gone_from_its_topic_asks_for_a_rebuild(place, dlq, listed, put_aside):
    put_aside(b"{}", entrance="influx", topic="transitions", partition=0, offset=977)
    code, out, _ = dlq("replay", "k0")
    assert (code, "btswatch rebuild" in out) == (1, True)
    assert len(listed()) == 1


def test_of_two_who_replay_at_once_one_does_and_the_other_is_told(
    place, dlq, listed, put_aside, produce, in_topic, settings, monkeypatch
):
    body, offset = produce("transitions", TRANSITIONS)
    put_aside(body, entrance="influx", topic="transitions", partition=0, offset=offset)
    with LetterLog(settings) as other:
        taken = threading.Event()
        settle = LetterLog.settle

        def slow(log, *arguments):
            if not taken.is_set():
                taken.set()
                other.take_turn()
            return settle(log, *arguments)

        monkeypatch.setattr(LetterLog, "settle", slow)
        code, out, err = dlq("replay", "k0")
    assert (code, "somebody else" in out) == (1, True), err
    assert (len(in_topic("transitions")), len(listed())) == (1, 1)
    assert dlq("replay", "k0")[0] == 0
    assert len(in_topic("transitions")) == 2


def test_a_drop_is_recorded_beside_the_letter(place, dlq, listed, put_aside):
    put_aside(b"x")
    put_aside(b"y", code="malformed")
    assert dlq("drop", "k1", "--reason", "a test", "--by", "an")[0] == 0
    assert dlq("drop", "k1", "--reason", "a test")[0] == 1
    assert [letter["id"] for letter in listed()] == ["k0"]
    (done,) = listed("--settled")
    assert (done["code"], done["settled"]["action"], done["settled"]["note"]) == (
        "malformed",
        "dropped",
        "a test",
    )


def test_filters_and_both_places_in_one_list(place, dlq, listed, put_aside):
    place.push(json.dumps(event("e", "nobody's")))
    put_aside(b"x", entrance="influx", code="malformed")
    put_aside(b"y")
    assert [letter["id"] for letter in listed()] == ["j1", "k0", "k1"]
    assert [letter["id"] for letter in listed("--entrance", "influx")] == ["k0"]
    assert [letter["id"] for letter in listed("--code", "unknown_element")] == ["j1"]
    assert [letter["id"] for letter in listed("--reporter", "f1")] == ["k0", "k1"]
    assert listed("--since", format_ms(now_ms() + 60_000)) == []


def test_a_foreign_message_in_the_topic_is_shown_with_its_bytes(place, dlq, listed, produce):
    produce("deadletter", {"what": "is this"})
    (letter,) = listed()
    assert letter["code"] == "unreadable"
    assert json.loads(dlq("show", "k0", "--format", "json")[1])["body"] == {"what": "is this"}


def test_brokers_that_do_not_answer_are_out_of_reach_and_a_missing_topic_says_what_to_do(
    tmp_path, capsys, kafka
):
    for bootstrap, words in (("127.0.0.1:1", "127.0.0.1:1"), (kafka.bootstrap, "btswatch topics apply")):
        toml = f'form = "cluster"\n[kafka]\nbootstrap = "{bootstrap}"\nprefix = "none."\ntimeout_s = 1\n'
        settings = tmp_path / "b.toml"
        settings.write_text(toml)
        code = run(["dlq", "list", "--settings", str(settings)])
        err = capsys.readouterr().err
        assert (code, err.count("\n"), words in err) == (3, 1, True), err
