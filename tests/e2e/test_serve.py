"""`btswatch serve` as an operator runs it: real agents, real traps, real pushes, its probes, its end; and bad input."""

import gzip
import json
import signal
import socket
import time
from datetime import UTC, datetime, timedelta

import pytest

from ingest.snmp.simulator.model import Behaviour
from schemas.refusal import Refusal
from stores.journal import Journal
from tests.product.installation import Installation
from tests.product.process import Process, ask, btswatch, eventually, metric

pytestmark = [pytest.mark.e2e, pytest.mark.service]


PROCESSES = ("gateway", "ingest", "engine", "console")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    made = Installation(tmp_path_factory.mktemp("serve"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def serve(place):
    running = Process("serve", "--settings", place.settings)
    try:
        eventually(
            lambda: running.lives() and {ask(f"{place.url(name)}/healthz")[0] for name in PROCESSES} == {200}
        )
        yield running
    finally:
        running.kill()


@pytest.fixture(scope="module")
def token(serve, place):
    return place.key("vnx")


def event(id_, **changes):
    now = datetime.now(UTC) - timedelta(seconds=1)
    return {
        "specversion": "1.0",
        "id": id_,
        "source": "vnx/noc",
        "type": "btswatch.status.v1",
        "subject": "S0",
        "time": now.isoformat(),
        "data": {"status": "up"},
        **changes,
    }


def push(place, token, body, kind="application/json"):
    headers = {"Authorization": f"Bearer {token}", "Content-Type": kind}
    status, text = ask(f"{place.url('gateway')}/v1/events", body=body, headers=headers)
    return status, json.loads(text)


def ids_in_the_journal(place):
    with Journal(place.data / "journal.db") as journal:
        return {
            json.loads(one.body)["id"] for one in journal.read(0, 100_000, ["event"]) if one.reporter == "vnx"
        }


def test_every_process_has_its_probes_and_its_metrics(serve, place):
    eventually(lambda: place.states().get("S0") == "up")
    own = {
        "gateway": "btswatch_poll_devices",
        "ingest": "btswatch_polls_total",
        "engine": "btswatch_engine_offset",
        "console": "btswatch_console_pages",
    }
    for name, family in own.items():
        assert ask(f"{place.url(name)}/healthz")[0] == 200
        eventually(lambda name=name: ask(f"{place.url(name)}/readyz")[0] == 200)
        metrics = f"{place.url(name)}/metrics"
        eventually(lambda url=metrics, family=family: f"# HELP {family}" in ask(url)[1])
    assert set(serve.parts()) == {"engine", "ingest", "console"}


def test_a_second_one_on_the_same_data_is_refused_with_the_first_ones_process(serve, place):
    done = btswatch("serve", "--settings", place.settings)
    assert done.returncode == 2
    assert f"in use by process {serve.pid}" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_devices_and_their_outcomes_reach_the_ledger(serve, place):
    eventually(lambda: list(place.outcomes().values()) == ["answered"] * 6)
    place.agents.set(5, behaviour=Behaviour(silent=True))
    eventually(lambda: "silent" in place.outcomes().values())
    place.agents.set(5)


def test_each_bad_event_has_its_code_and_never_harms_its_neighbours(serve, place, token):
    gateway = place.url("gateway")
    accepted = metric(gateway, "btswatch_events_accepted_total", entrance="gateway")
    assert push(place, token, json.dumps(event("taken")).encode())[1]["accepted"] == 1
    hour = timedelta(hours=1)
    now = datetime.now(UTC)
    bad = [
        (event("b1", subject="nobody"), Refusal.UNKNOWN_ELEMENT),
        (event("b2", subject="other"), Refusal.UNKNOWN_ELEMENT),
        (event("b3", source="vny/noc"), Refusal.WRONG_SOURCE),
        (event("b4", time=now.replace(tzinfo=None).isoformat()), Refusal.TIME_WITHOUT_ZONE),
        (event("b5", time=(now + 48 * hour).isoformat()), Refusal.TIME_IN_FUTURE),
        (event("b6", time=(now - 24 * 400 * hour).isoformat()), Refusal.TIME_TOO_OLD),
        (event("b7", data={"status": "wonderful"}), Refusal.INVALID),
        (event("b8", data={"status": 7}), Refusal.INVALID),
        (event("b9", data={"status": "up", "metrics": {"x": float("nan")}}), Refusal.INVALID),
        (event("b10", type="btswatch.nonsense.v1"), Refusal.UNSUPPORTED_TYPE),
        (event("b11", data={"status": "no_response"}), Refusal.NOT_ALLOWED),
        (event("taken", data={"status": "down"}), Refusal.CONFLICT),
        (["no", "event"], Refusal.MALFORMED),
    ]
    codes = {code.value for _, code in bad}
    refused = {
        code: metric(gateway, "btswatch_events_refused_total", entrance="gateway", code=code)
        for code in codes
    }
    batch = [one for n, (wrong, _) in enumerate(bad) for one in (event(f"good-{n}"), wrong)]
    lines = b"\n".join(json.dumps(one).encode() for one in batch)
    status, answer = push(place, token, lines, "application/x-ndjson")
    assert status == 202
    assert answer["accepted"] == len(bad)
    assert [(one["index"], one["code"]) for one in answer["rejected"]] == [
        (2 * n + 1, code.value) for n, (_, code) in enumerate(bad)
    ]
    assert all(one["detail"] for one in answer["rejected"])
    for code in codes:
        moved = (
            metric(gateway, "btswatch_events_refused_total", entrance="gateway", code=code) - refused[code]
        )
        assert moved == sum(wrong.value == code for _, wrong in bad)
    assert {f"good-{n}" for n in range(len(bad))} <= ids_in_the_journal(place)
    now_accepted = metric(gateway, "btswatch_events_accepted_total", entrance="gateway")
    assert now_accepted == accepted + 1 + len(bad)
    # A refused event does not occupy its id.
    assert push(place, token, json.dumps(event("b1")).encode())[1]["accepted"] == 1


@pytest.mark.parametrize(
    ("body", "kind", "wrong_key", "status", "code"),
    [
        (b'{"specversion": "1.0", "id', "application/json", False, 400, "malformed"),
        (b"[" * 100_000, "application/json", False, 400, "malformed"),
        (b"\xff\xfe\x00", "application/json", False, 400, "malformed"),
        (b" " * 11_000_000, "application/json", False, 413, "too_large"),
        (b"<xml/>", "text/xml", False, 415, "unsupported_media_type"),
        (b"[]", "application/json", True, 401, "unauthorized"),
    ],
    ids=["cut", "deep", "no text", "10 MB", "xml", "wrong key"],
)
def test_a_body_that_cannot_be_taken_is_a_coded_problem(
    serve, place, token, body, kind, wrong_key, status, code
):
    before = metric(place.url("gateway"), "btswatch_gateway_problems_total", code=code)
    used = token[:-4] + "AAAA" if wrong_key else token
    found, answer = push(place, used, body, kind)
    assert (found, answer["code"]) == (status, code)
    assert metric(place.url("gateway"), "btswatch_gateway_problems_total", code=code) == before + 1
    assert push(place, token, json.dumps(event(f"after-{time.time_ns()}")).encode())[0] == 202


def test_bad_datagrams_at_the_trap_port_are_quarantined_and_the_next_trap_is_acted_on(serve, place):
    eventually(lambda: place.states().get("L1") == "up")
    ingest = place.url("ingest")
    before = metric(ingest, "btswatch_events_refused_total", entrance="traps")
    bad = [
        b"",
        b"\x30",
        b"\x30\x84\xff\xff\xff\xff",
        b"\x30\x80" * 500,
        b"GET / HTTP/1.0\r\n\r\n",
        b"\x00" * 9000,
    ]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for datagram in bad:
            sender.sendto(datagram, ("127.0.0.1", place.trap_port))
    eventually(
        lambda: metric(ingest, "btswatch_events_refused_total", entrance="traps") >= before + len(bad) - 1
    )
    asked = metric(ingest, "btswatch_poll_requests_total", result="taken")
    place.agents.link(1, up=False)
    eventually(lambda: place.states()["L1"] == "down")
    assert metric(ingest, "btswatch_poll_requests_total", result="taken") > asked
    place.agents.link(1, up=True)
    eventually(lambda: place.states()["L1"] == "up")
    assert ask(f"{ingest}/healthz")[0] == 200


def test_a_bad_registry_is_told_with_file_row_field_and_all_at_once(tmp_path):
    registry = tmp_path / "registry"
    registry.mkdir()
    (registry / "enterprises.csv").write_text("id,name\nvnx,VNX\n")
    (registry / "units.csv").write_text("code,name,kind\n20,Lạng Sơn,province\n")
    (registry / "stations.csv").write_text(
        "id,enterprise,depends_on,lat,lon\nA,vnx,B,21.8,106.7\nB,vnx,A,21.8,106.7\nC,vnz,,21.8,106.7\nD,vnx,,nan,1\n"
    )
    done = btswatch("registry", "validate", registry)
    assert done.returncode == 1
    told = done.stdout + done.stderr
    for word in ("A -> B -> A", "vnz", "vnx", "lat"):
        assert word in told
    assert "Traceback" not in told


def test_replay_refuses_bad_lines_by_code_and_prints_the_rest(place, tmp_path):
    good = event("x", time="2026-11-02T01:00:00+07:00") | {
        "receivedtime": "2026-11-02T01:00:01+07:00",
        "track": "measured",
        "reporter": "poller",
        "source": "poller/x",
    }
    bad = [
        b'{"cut',
        b"7",
        json.dumps({**good, "subject": "nobody"}).encode(),
        json.dumps({**good, "time": "2026-11-02T01:00:00"}).encode(),
        json.dumps({**good, "data": {"status": "wonderful"}}).encode(),
    ]

    def replay(*lines):
        path = tmp_path / "events.ndjson"
        path.write_bytes(b"\n".join(lines) + b"\n")
        return btswatch(
            "replay", "--registry", place.registry, "--events", path, "--period", "day", "--format", "json",
            "--from", "2026-11-02T00:00:00+07:00", "--to", "2026-11-03T00:00:00+07:00", "--now", "2026-11-09T00:00:00+07:00",
        )  # fmt: skip

    line = json.dumps(good).encode()
    mixed = replay(*bad, line, *bad)
    assert mixed.returncode == 0
    assert mixed.stdout == replay(line).stdout
    for code in (Refusal.MALFORMED, Refusal.UNKNOWN_ELEMENT, Refusal.TIME_WITHOUT_ZONE, Refusal.INVALID):
        assert f"refused {4 if code is Refusal.MALFORMED else 2} as {code}" in mixed.stderr
    assert "Traceback" not in mixed.stderr
    cut = tmp_path / "cut.ndjson.gz"
    cut.write_bytes(gzip.compress(line * 100)[:-10])
    done = btswatch(
        "replay", "--registry", place.registry, "--events", cut, "--period", "day", "--from", "2026-11-02T00:00:00+07:00",
        "--to", "2026-11-03T00:00:00+07:00", "--now", "2026-11-09T00:00:00+07:00",
    )  # fmt: skip
    assert done.returncode == 2
    assert str(cut) in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_told_to_stop_it_drains_and_what_was_receipted_is_in_ledger_and_archive(tmp_path):
    place = Installation(tmp_path / "own")
    running = Process("serve", "--settings", place.settings)
    try:
        eventually(lambda: running.lives() and ask(f"{place.url('gateway')}/healthz")[0] == 200)
        token = place.key("vny")
        eventually(lambda: ask(f"{place.url('engine')}/healthz")[0] == 200)
        last = event("last", source="vny/noc", subject="other", data={"status": "down"})
        assert push(place, token, json.dumps(last).encode())[1]["accepted"] == 1
        assert running.stop(signal.SIGTERM, 10.0) == 0, running.told
        assert place.states()["other"] == "down"
        archived = [
            json.loads(line)
            for path in (place.data / "archive").rglob("*.ndjson.gz")
            for line in gzip.decompress(path.read_bytes()).splitlines()
        ]
        assert [one["id"] for one in archived if one["reporter"] == "vny"] == ["last"]
        with Journal(place.data / "journal.db") as journal:
            assert journal.position("engine") == journal.last_offset()
        assert "Traceback" not in running.told
    finally:
        running.kill()
        place.close()
