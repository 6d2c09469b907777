"""Every example event through a worker's partition, twice: what each becomes, and that a repetition changes nothing."""

import json
from importlib.resources import as_file
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ingest.forwarder import records
from ingest.forwarder.batching import sort_out
from processors.core.conventions import Conventions
from processors.engine.embedded import pace_of
from processors.engine.worker import evidence_intake
from processors.engine.worker.partition import Partition
from processors.engine.worker.polls_together import take_together
from processors.engine.worker.wire import Incoming
from schemas.control import Tick
from schemas.examples import RECEIVED, load, load_events, registry_directory
from schemas.settings.engine import EngineSettings
from schemas.status import Track
from schemas.time import from_ms, parse_rfc3339, to_ms
from stores.entries import entry_of
from stores.journal import Stored
from stores.registry.load import load as load_registry
from tests.contract.engine.wire import FORWARDER, Told

RECEIVED_MS = to_ms(parse_rfc3339(RECEIVED))
ACCEPTED = [one for one in load_events() if one.code is None]


@pytest.fixture(scope="module")
def registry():
    with as_file(registry_directory()) as directory:
        return load_registry(Path(directory))


class Wire:
    """One partition with everything in it, and all that it told."""

    def __init__(self, registry) -> None:
        self.session = Partition(0, 1, registry, Conventions(), pace_of(EngineSettings()), {})
        self.told = Told()
        self.number = 0
        self.now_ms = RECEIVED_MS

    def put(self, kind: str, key: bytes, value: bytes, offsets: bytes = b"") -> None:
        headers = {"kind": kind.encode(), "forwarder": FORWARDER.encode(), "offsets": offsets}
        self.session.take(Incoming(0, self.number, key, value, headers, self.now_ms))
        self.number += 1

    def tick(self) -> dict[bytes, bytes]:
        self.now_ms += 1000
        said = Tick(received_through=from_ms(self.now_ms), forwarder=FORWARDER)
        self.put("control", b"control", said.model_dump_json().encode())
        self.session.read()
        self.told.take(self.session.prompt())
        checkpoint = self.session.checkpoint()
        assert checkpoint is not None
        self.told.take(checkpoint.results)
        return checkpoint.writes.puts

    def events(self, bodies: list[bytes]) -> None:
        entries = [
            Stored(offset, "event", json.loads(body)["reporter"], RECEIVED_MS, body)
            for offset, body in enumerate(bodies, 1)
        ]
        for wave in sort_out(entries, 1, 900_000).waves:
            for batch in wave:
                for one in records.evidence(batch, FORWARDER):
                    self.put(batch.kind, one.key, one.value, dict(one.headers)["offsets"])


@pytest.fixture
def wire(registry):
    return Wire(registry)


def archived(example) -> bytes:
    track = Track.DECLARED if example.reporter in {"viettel", "vnpt"} else Track.MEASURED
    event = json.loads(example.body)
    return entry_of(event, received_ms=RECEIVED_MS, track=track, reporter=example.reporter).body


def test_every_accepted_example_is_taken_once_however_often_it_comes(wire):
    bodies = [archived(one) for one in ACCEPTED]
    wire.tick()
    wire.events(bodies)
    wire.tick()
    states, figures = dict(wire.told.states), dict(wire.told.figures)
    counted, letters = wire.told.accepted(), list(wire.told.letters)
    assert states
    assert sum(accepted + refused for accepted, refused in counted.values()) > 5
    wire.events(bodies)
    rows = wire.tick()
    assert wire.told.accepted() == counted
    assert wire.told.letters == letters
    assert {name: _lasting(one) for name, one in wire.told.states.items()} == {
        name: _lasting(one) for name, one in states.items()
    }
    assert wire.told.figures.keys() == figures.keys()
    assert rows


@pytest.mark.parametrize("name", ["tick", "in_force"])
def test_control_examples_are_understood_and_others_are_put_aside(wire, name):
    for example in load(name):
        before = len(wire.told.letters)
        wire.put("control", b"control", example.body)
        wire.tick()
        assert (len(wire.told.letters) > before) is (example.code is not None), example.id


@pytest.mark.parametrize(
    ("kind", "value", "offsets"),
    [
        ("evidence", b"[", b"1"),
        ("evidence", b"{}", b"1"),
        ("evidence", b"[{}]", b""),
        ("evidence", b"[{},{}]", b"1"),
        ("evidence", b"\xff\x00", b"1"),
        ("control", b"null", b""),
        ("control", b'{"control":"other"}', b""),
        ("control", b'{"control":"tick","received_through":"9999-12-31T23:59:59Z","forwarder":"f"}', b""),
        ("nothing", b"[]", b"1"),
        ("copy", b"", b"x"),
    ],
)
def test_a_message_that_is_none_is_put_aside_with_its_reason_and_stops_nobody(wire, kind, value, offsets):
    wire.tick()
    wire.put(kind, b"7", value, offsets)
    wire.events([archived(one) for one in ACCEPTED if one.contract == "status.v1"])
    wire.tick()
    letter = wire.told.letters[0]
    assert (letter["code"], letter["entrance"], letter["offset"]) == ("malformed", "availability", 1)
    assert wire.told.states


def test_a_bad_event_takes_none_of_its_batch_with_it(wire):
    wire.tick()
    good = archived(next(one for one in ACCEPTED if one.contract == "status.v1"))
    for number, bad in enumerate([b"{}", b'{"type":"x"}', b'[{"a":1},{"b":2}]', b"1"]):
        offsets = f"{3 * number + 1},{3 * number + 2},{3 * number + 3}".encode()
        wire.put("evidence", b"9", b"[" + b",".join([good, bad, good]) + b"]", offsets)
    wire.tick()
    assert len(wire.told.letters) == 4
    assert sum(accepted for accepted, _ in wire.told.accepted().values()) in (0, 8)
    assert wire.session.outcomes["counted"] == 8


def test_an_event_that_was_received_when_no_calendar_has_a_day_takes_none_of_its_batch_with_it(wire):
    wire.tick()
    good = archived(next(one for one in ACCEPTED if one.contract == "status.v1"))
    bad = json.dumps(json.loads(good) | {"receivedtime": "9999-12-31T23:59:59.000Z"}).encode()
    wire.put("evidence", b"9", b"[" + b",".join([good, bad, good]) + b"]", b"1,2,3")
    wire.tick()
    assert wire.session.outcomes == {"counted": 2, "invalid": 1}
    assert [one["code"] for one in wire.told.letters] == ["invalid"]


def test_what_came_before_the_first_tick_is_taken_although_a_message_of_it_breaks_the_program(
    wire, monkeypatch
):
    good = archived(next(one for one in ACCEPTED if one.contract == "status.v1"))
    taken = evidence_intake.EvidenceIntake.take

    def breaks_over_the_first(intake, session, kind, message, now_ms):
        if message.offset == 0:
            raise ZeroDivisionError("made up")
        taken(intake, session, kind, message, now_ms)

    monkeypatch.setattr(evidence_intake.EvidenceIntake, "take", breaks_over_the_first)
    for number in (1, 2):
        wire.put("evidence", b"9", b"[" + good + b"]", b"%d" % number)
    wire.tick()
    assert wire.session.outcomes == {"failed": 1, "counted": 1}
    assert [(one["code"], one["offset"]) for one in wire.told.letters] == [("failed", 0)]


def test_a_message_that_breaks_the_program_is_kept_whole_with_what_broke(wire):
    wire.tick()
    message = Incoming(0, 77, b"7", b"x" * 2_000_000, {"kind": b"evidence", "offsets": b"1"}, wire.now_ms)
    wire.session.failed(message, ZeroDivisionError("a\x00b"))
    wire.tick()
    (letter,) = wire.told.letters
    assert (letter["code"], letter["partition"], letter["offset"]) == ("failed", 0, 77)
    # As much of it as a message holds, and that is said.
    assert letter["detail"] == "ZeroDivisionError: a b (cut from 2000000 bytes)"
    assert 800_000 < len(letter["body"]) < 900_000


def _lasting(state: dict) -> dict:
    return {name: value for name, value in state.items() if name != "as_of"}


def test_of_polls_taken_together_only_the_message_that_breaks_the_program_is_put_aside(wire, monkeypatch):
    bodies = [
        entry_of(
            {
                "specversion": "1.0",
                "id": f"p{number}",
                "source": "poller-1/snmp/x",
                "type": "btswatch.status.v1",
                "subject": next(iter(wire.session.elements)),
                "time": from_ms(RECEIVED_MS - 60_000 + number * 1000).isoformat(),
                "data": {"status": "up"},
            },
            received_ms=RECEIVED_MS,
            track=Track.MEASURED,
            reporter="poller-1",
        ).body
        for number in range(16)
    ]
    wire.tick()
    wire.session.outcomes.clear()

    def breaks_over_the_second(session, waiting, now_ms):
        if any(b"p15" in one.message.value for one in waiting):
            raise ZeroDivisionError("made up")
        return take_together(session, waiting, now_ms)

    monkeypatch.setattr(evidence_intake, "take_together", breaks_over_the_second)
    for first in (0, 8):
        offsets = b",".join(b"%d" % number for number in range(first + 1, first + 9))
        wire.put("evidence", b"1", b"[" + b",".join(bodies[first : first + 8]) + b"]", offsets)
    with capture_logs() as logs:
        wire.tick()
    assert wire.session.outcomes == {"counted": 8, "failed": 1}
    assert [one["code"] for one in wire.told.letters] == ["failed"]
    assert [line["event"] for line in logs] == [
        "polls broke the worker; taken message by message",
        "message broke the worker",
    ]
