import json

import pytest
from pydantic import ValidationError

from schemas.events import ARCHIVED, SUBMITTED
from schemas.status import Track
from schemas.time import to_ms
from stores.entries import entry_of, trap_entry

STATUS = {
    "specversion": "1.0",
    "id": "e1",
    "source": "viettel/noc",
    "type": "btswatch.status.v1",
    "subject": "LSN-0001",
    "time": "2026-11-02T12:00:57.427+07:00",
    "data": {"status": "down", "cause": "power", "metrics": {"b": 5, "a": 1.5}, "detail": "Lạng Sơn\n\u2028"},
}
WINDOW = {"from": "2026-11-02T00:00:00Z", "to": "2026-11-02T01:00:00Z"}
OTHERS = [
    {"type": "btswatch.heartbeat.v1"},
    {"type": "btswatch.heartbeat.v1", "data": {}},
    {
        "type": "btswatch.maintenance.v1",
        "data": {"action": "announce", "notice": "n", "elements": ["a"], **WINDOW},
    },
    {
        "type": "btswatch.measurement.v1",
        "data": {
            "service": "s",
            "indicator": "i",
            "unit": "u",
            "period": WINDOW,
            "numerator": 1,
            "denominator": 2,
        },
    },
    {"type": "btswatch.report.v1", "data": {"duty": "d", "period": "2026-Q3", "values": {"x": 1}}},
    {
        "type": "btswatch.inspection.v1",
        "data": {"station": "s", "kind": "emf", "result": "pass", "inspector": "i"},
    },
]


def made(event, **rest):
    given = {"received_ms": 1_793_600_000_123, "track": Track.DECLARED, "reporter": "viettel"} | rest
    return entry_of(event, **given)


def test_the_line_is_one_line_of_compact_json_that_reads_back_as_the_archived_event():
    entry = made(STATUS)
    assert b"\n" not in entry.body
    assert b'": ' not in entry.body
    assert "Lạng Sơn".encode() in entry.body
    archived = ARCHIVED.validate_json(entry.body)
    submitted = SUBMITTED.validate_python(STATUS)
    assert (
        archived.model_dump(exclude={"receivedtime", "track", "reporter", "origin"}) == submitted.model_dump()
    )
    assert to_ms(archived.receivedtime) == entry.received_ms == 1_793_600_000_123
    assert (archived.track, archived.reporter, archived.origin) == (Track.DECLARED, "viettel", None)
    assert "origin" not in json.loads(entry.body)
    assert (entry.kind, entry.reporter, entry.source, entry.id) == ("event", "viettel", "viettel/noc", "e1")


@pytest.mark.parametrize("rest", OTHERS, ids=lambda rest: rest["type"])
def test_every_type_reads_back(rest):
    envelope = {key: value for key, value in STATUS.items() if key not in {"type", "data"}}
    assert ARCHIVED.validate_json(made(envelope | rest).body).type == rest["type"]


def test_marked_history_carries_its_origin_in_the_line_and_beside_it():
    entry = made(STATUS, origin="simulated")
    assert entry.origin == "simulated"
    assert ARCHIVED.validate_json(entry.body).origin == "simulated"


def test_spelling_order_and_the_receivers_additions_do_not_change_the_digest():
    respelt = dict(reversed(STATUS.items()))
    respelt["data"] = {**STATUS["data"], "metrics": {"a": 1.5, "b": 5.0}}
    respelt["time"] = "2026-11-02T12:00:57.427000+07:00"
    digest = made(STATUS).digest
    assert made(respelt).digest == digest
    assert made(SUBMITTED.validate_python(STATUS), received_ms=5, reporter="x").digest == digest
    assert made(STATUS, origin="imported").digest == digest


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "LSN-0002"},
        {"time": "2026-11-02T12:00:57.428+07:00"},
        {"data": {"status": "down"}},
        {"data": {"status": "up"}},
    ],
)
def test_another_content_has_another_digest(change):
    assert made(STATUS | change).digest != made(STATUS).digest


def test_an_entry_can_do_without_identity():
    assert not made(STATUS, remember=False).identified
    assert made(STATUS).identified
    assert not trap_entry(b"\x30", received_ms=1, sender="10.0.0.1:162").identified


def test_what_is_no_submitted_event_is_refused():
    with pytest.raises(ValidationError):
        made(STATUS | {"track": "measured"})
    archived = ARCHIVED.validate_json(made(STATUS).body)
    with pytest.raises(TypeError, match="already archived"):
        made(archived)


def test_a_trap_is_kept_as_it_came():
    entry = trap_entry(b"\x30\x00\xff", received_ms=7, sender="10.0.0.1:162")
    assert (entry.kind, entry.reporter, entry.body, entry.received_ms) == (
        "trap",
        "10.0.0.1:162",
        b"\x30\x00\xff",
        7,
    )
