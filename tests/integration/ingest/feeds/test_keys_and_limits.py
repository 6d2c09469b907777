import asyncio
import gzip
import json
import time
from datetime import date

import pytest
import structlog

from stores.keys import KeyStoreError


def event(number: int = 1) -> bytes:
    return json.dumps(
        {
            "specversion": "1.0",
            "id": f"e{number}",
            "source": "vina/noc",
            "type": "btswatch.heartbeat.v1",
            "subject": "vina",
            "time": "2026-11-02T11:59:00+07:00",
            "data": {},
        }
    ).encode()


async def raw(port: int, *parts: bytes, pause_s: float = 0) -> bytes:
    """The answer to bytes on a bare connection, which is then half open at most until the server closes it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
            if pause_s:
                await asyncio.sleep(pause_s)  # the slowness is what is tried
        return await asyncio.wait_for(reader.read(65536), 10)
    finally:
        writer.close()
        await writer.wait_closed()


def head(gateway, *lines: str) -> bytes:
    all_lines = [
        "POST /v1/events HTTP/1.1",
        "Host: gateway",
        f"Authorization: Bearer {gateway.tokens['vina']}",
        *lines,
    ]
    return "\r\n".join([*all_lines, "", ""]).encode()


def wrong_tokens(good: str) -> list[str | None]:
    _, key_id, secret = good.split("_")
    return [
        None,
        "Bearer",
        "Bearer nonsense",
        "Basic dXNlcjpwYXNz",
        f"Bearer bw_{key_id}_{'0' * 64}",
        f"Bearer bw_{'0' * 10}_{secret}",
        f"Bearer bw_{key_id}_",
        f"Bearer {good}x",
        f"Bearer {good[:-1]}",
    ]


async def test_every_wrong_key_gets_the_same_answer(gateway):
    answers = []
    for token in wrong_tokens(gateway.tokens["vina"]):
        headers = {"Content-Type": "application/json", **({"Authorization": token} if token else {})}
        answers.append(await gateway.client.post("/v1/events", content=event(), headers=headers))
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert all(answer.headers["www-authenticate"].startswith("Bearer") for answer in answers)
    assert gateway.journal.last_offset() == 0
    assert gateway.journal.refused() == []


async def test_a_key_opens_for_its_own_enterprise_only(gateway):
    answer = await gateway.client.get("/v1/elements", headers=gateway.headers("mobi"))
    assert {one["id"] for one in answer.json()["elements"]} == {"MB-1", "SOLD"}


async def test_the_table_of_keys_is_read_once_in_a_while_and_not_for_each_request(gateway, monkeypatch):
    reads = []
    real = gateway.keys.all_keys
    monkeypatch.setattr(gateway.keys, "all_keys", lambda: reads.append(gateway.clock[0]) or real())
    for number in range(5):
        assert (await gateway.push(event(number))).status_code == 202
    for _ in range(5):
        headers = {"Authorization": f"Bearer bw_unknown_{'0' * 64}"}
        assert (await gateway.client.get("/v1/elements", headers=headers)).status_code == 401
    assert len(reads) == 1


async def test_a_revoked_key_is_refused_within_seconds(gateway):
    assert (await gateway.push(event(1))).status_code == 202
    key_id = gateway.tokens["vina"].split("_")[1]
    gateway.keys.revoke(key_id, actor="test", now_ms=gateway.clock[0])
    gateway.clock[0] += 2001
    assert (await gateway.push(event(2))).status_code == 401
    assert (await gateway.client.get("/v1/elements", headers=gateway.headers("mobi"))).status_code == 200


async def test_a_key_that_expires_is_refused_from_that_moment(gateway):
    expires = gateway.clock[0] + 1000
    _, token = gateway.keys.create("vina", actor="test", now_ms=gateway.clock[0], expires_ms=expires)
    gateway.tokens["vina"] = token
    assert (await gateway.push(event(1))).status_code == 202
    gateway.clock[0] = expires
    assert (await gateway.push(event(2))).status_code == 401


async def test_a_new_key_works_at_once(gateway):
    await gateway.push(event(1))
    gateway.clock[0] += 201
    _, gateway.tokens["vina"] = gateway.keys.create("vina", actor="test", now_ms=gateway.clock[0])
    assert (await gateway.push(event(2))).status_code == 202


@pytest.mark.parametrize("known", [True, False], ids=["wrong secrets", "unknown ids"])
async def test_who_tries_many_keys_has_to_wait_but_good_keys_of_that_address_do_not(gateway_at, known):
    async with gateway_at(failed_logins_per_minute=3) as gateway:
        key_id = gateway.tokens["vina"].split("_")[1]
        answers = []
        for number in range(5):
            tried = f"bw_{key_id}_{number}" if known else f"bw_{number}_{number}"
            headers = {"Authorization": f"Bearer {tried}"}
            answers.append(await gateway.client.get("/v1/elements", headers=headers))
        assert [answer.status_code for answer in answers] == [401, 401, 401, 429, 429]
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
        assert (await gateway.push(event(1))).status_code == 202


async def test_a_large_body_is_refused_before_it_is_sent(gateway):
    answer = await raw(
        gateway.port, head(gateway, "Content-Type: application/json", "Content-Length: 10000000")
    )
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer.lower()
    assert b'"code":"too_large"' in answer
    assert [(one.code, one.body) for one in gateway.journal.refused()] == [("too_large", b"")]


@pytest.mark.parametrize("kind", ["application/json", "application/cloudevents+json"])
async def test_a_large_body_of_unknown_length_is_refused_while_it_comes(gateway, kind):
    async def chunks():
        for _ in range(100):
            yield b" " * 100_000

    headers = gateway.headers(**{"Content-Type": kind})
    answer = await gateway.client.post("/v1/events", content=chunks(), headers=headers)
    assert answer.status_code == 413


async def test_ten_megabytes_in_one_line_of_a_stream_harm_no_neighbour(gateway):
    content = event(1) + b"\n" + b'{"id": "' + b"x" * 10_000_000 + b'"}\n' + event(2)
    receipt = (await gateway.push(content, "application/x-ndjson")).json()
    assert (receipt["accepted"], receipt["rejected"][0]["code"]) == (2, "too_large")
    (kept,) = gateway.journal.refused()
    assert kept.truncated
    assert len(kept.body) <= 256 * 1024


async def test_one_large_event_of_a_batch_harms_no_neighbour(gateway_at):
    async with gateway_at(max_event_bytes=1000) as gateway:
        content = b"[" + event(1) + b',"' + b"x" * 1000 + b'",' + event(2) + b"]"
        receipt = (await gateway.push(content)).json()
        assert (receipt["accepted"], receipt["rejected"][0]["code"]) == (2, "too_large")


async def test_too_many_events_are_refused_whole(gateway_at):
    async with gateway_at(max_batch_events=3) as gateway:
        answer = await gateway.push(b"[" + b",".join(event(n) for n in range(4)) + b"]")
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
        assert gateway.journal.last_offset() == 0


async def test_a_small_body_that_unpacks_to_a_huge_one_is_refused(gateway):
    bomb = gzip.compress(b" " * 50_000_000)
    headers = gateway.headers(**{"Content-Type": "application/json", "Content-Encoding": "gzip"})
    answer = await gateway.client.post("/v1/events", content=bomb, headers=headers)
    assert answer.status_code == 413


@pytest.mark.parametrize("content", [b"no gzip", gzip.compress(b"[]")[:-3], gzip.compress(b"[]") + b"more"])
async def test_broken_gzip_is_a_problem(gateway, content):
    headers = gateway.headers(**{"Content-Type": "application/json", "Content-Encoding": "gzip"})
    answer = await gateway.client.post("/v1/events", content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


async def test_other_types_and_encodings_are_named_in_the_refusal(gateway):
    for more in (
        {"Content-Type": "text/plain"},
        {},
        {"Content-Type": "application/json", "Content-Encoding": "br"},
    ):
        answer = await gateway.client.post("/v1/events", content=event(), headers=gateway.headers(**more))
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


async def test_a_body_that_stands_still_times_out(gateway_at):
    async with gateway_at(idle_timeout_s=0.1) as gateway:
        start = head(gateway, "Content-Type: application/json", "Content-Length: 1000")
        answer = await raw(gateway.port, start, b"[")
        assert answer.startswith(b"HTTP/1.1 408 ")


async def test_a_body_that_drips_times_out_too(gateway_at):
    async with gateway_at(idle_timeout_s=5, body_timeout_s=0.2) as gateway:
        start = head(gateway, "Content-Type: application/json", "Content-Length: 1000")
        began = time.monotonic()
        answer = await raw(gateway.port, start, *([b" "] * 8), pause_s=0.05)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert time.monotonic() - began < 5


async def test_what_came_before_a_break_is_stored_and_its_receipt_is_in_the_problem(gateway_at):
    async with gateway_at(idle_timeout_s=0.2) as gateway:
        lines = b"".join(event(n) + b"\n" for n in range(2000))
        start = head(gateway, "Content-Type: application/x-ndjson", "Content-Length: 10000000")
        answer = await raw(gateway.port, start, lines)
        problem = json.loads(answer.partition(b"\r\n\r\n")[2])
        assert problem["code"] == "body_timeout"
        receipt = problem["receipt"]
        assert not receipt["complete"]
        assert receipt["accepted"] == gateway.journal.last_offset() == 1000
        path = f"/v1/receipts/{receipt['receipt']}"
        assert (await gateway.client.get(path, headers=gateway.headers())).json() == receipt


async def test_a_sender_that_hangs_up_stops_nobody(gateway):
    start = head(gateway, "Content-Type: application/json", "Content-Length: 1000")
    _, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(start + b"[")
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await gateway.push(event())).status_code == 202


async def test_too_many_requests_are_told_when_to_come_again(gateway_at):
    async with gateway_at(requests_per_minute=3) as gateway:
        answers = [await gateway.push(event(n)) for n in range(4)]
        assert [answer.status_code for answer in answers] == [202, 202, 202, 429]
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
        assert answers[-1].json()["code"] == "rate_limited"
        mine = await gateway.client.get("/v1/elements", headers=gateway.headers("mobi"))
        assert mine.status_code == 200


async def test_too_many_events_a_minute_are_told_when_to_come_again(gateway_at):
    async with gateway_at(events_per_minute=5) as gateway:
        batch = b"[" + b",".join(event(n) for n in range(5)) + b"]"
        assert (await gateway.push(batch)).status_code == 202
        answer = await gateway.push(event(6))
        assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")


async def test_one_slow_key_does_not_take_every_place(gateway_at):
    async with gateway_at(max_requests_per_key=1, idle_timeout_s=5) as gateway:
        _, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        writer.write(head(gateway, "Content-Type: application/json", "Content-Length: 1000") + b"[")
        await writer.drain()
        while "btswatch_gateway_requests_in_flight 1.0" not in (await gateway.client.get("/metrics")).text:
            pass
        answer = await gateway.push(event(1))
        assert (answer.status_code, answer.json()["code"]) == (503, "busy")
        assert int(answer.headers["retry-after"]) == 1
        theirs = event(1).replace(b"vina", b"mobi")
        assert (await gateway.push(theirs, enterprise="mobi")).status_code == 202
        writer.close()
        await writer.wait_closed()
        while answer.status_code == 503:  # until its place is free again
            answer = await gateway.push(event(2))
        assert answer.status_code == 202


async def test_unknown_paths_and_methods_are_problems_too(gateway):
    absent = await gateway.client.get("/v2/events")
    assert (absent.status_code, absent.json()["code"]) == (404, "not_found")
    method = await gateway.client.get("/v1/events", headers=gateway.headers())
    assert (method.status_code, method.json()["code"]) == (405, "method_not_allowed")
    for answer in (absent, method):
        assert answer.headers["content-type"] == "application/problem+json"


async def test_elements_are_the_own_ones_in_force_today_and_show_nothing_of_the_polling(gateway):
    answer = await gateway.client.get("/v1/elements", headers=gateway.headers())
    found = {one["id"]: one for one in answer.json()["elements"]}
    assert list(found) == ["L-1", "VN-1", "VN-2"]
    assert "secret" not in answer.text
    assert "10.0.0.1" not in answer.text
    assert "MB-1" not in answer.text
    assert found["L-1"]["a_end"] == "VN-1"


class Reader:
    def __init__(self):
        self.asked = []

    def figures(self, enterprise, *, first, until, element):
        self.asked.append((enterprise, first, until, element))
        return []


async def test_figures_are_asked_for_the_caller_and_the_days(gateway_at):
    reader = Reader()
    async with gateway_at(figures=reader) as gateway:
        path = "/v1/figures?from=2026-10-01&to=2026-10-08&element=VN-1"
        assert (await gateway.client.get(path, headers=gateway.headers())).json() == []
        assert (await gateway.client.get("/v1/figures", headers=gateway.headers())).json() == []
    assert reader.asked == [
        ("vina", date(2026, 10, 1), date(2026, 10, 8), "VN-1"),
        ("vina", date(2026, 10, 27), date(2026, 11, 3), None),
    ]


@pytest.mark.parametrize(
    "query", ["from=yesterday", "from=2026-10-02&to=2026-10-02", "from=2020-01-01&to=2026-01-01"]
)
async def test_a_wrong_span_of_figures_is_a_problem(gateway, query):
    answer = await gateway.client.get(f"/v1/figures?{query}", headers=gateway.headers())
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


async def test_without_a_ledger_figures_are_unavailable(gateway):
    answer = await gateway.client.get("/v1/figures", headers=gateway.headers())
    assert (answer.status_code, answer.json()["code"]) == (503, "figures_unavailable")


async def test_ready_says_no_with_the_reason_when_the_journal_or_the_keys_are_gone(gateway, monkeypatch):
    assert (await gateway.client.get("/readyz")).json() == {"ready": True, "reasons": []}

    def broken():
        raise KeyStoreError("keys.db: disk I/O error")

    monkeypatch.setattr(gateway.keys, "all_keys", broken)
    gateway.journal.close()
    answer = await gateway.client.get("/readyz")
    assert answer.status_code == 503
    assert len(answer.json()["reasons"]) == 2
    gateway.clock[0] += 10_000
    assert (await gateway.push(event())).json()["code"] == "keys_unavailable"
    assert (await gateway.client.get("/healthz")).status_code == 200


async def test_a_fault_of_ours_is_a_problem_document(gateway, monkeypatch):
    with structlog.testing.capture_logs() as logs:
        monkeypatch.setattr(gateway.keys, "all_keys", lambda: 1 / 0)
        answer = await gateway.push(event())
        monkeypatch.undo()
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert [one["event"] for one in logs] == ["request failed"]
    assert (await gateway.push(event())).status_code == 202


async def test_accepted_refused_and_problems_are_counted(gateway):
    async def count(line: str) -> float:
        text = (await gateway.client.get("/metrics")).text
        return float(next((row.split()[-1] for row in text.splitlines() if row.startswith(line)), 0))

    accepted = (
        'btswatch_events_accepted_total{entrance="gateway",reporter="vina",type="btswatch.heartbeat.v1"}'
    )
    refused = 'btswatch_events_refused_total{code="malformed",entrance="gateway"}'
    problems = 'btswatch_gateway_problems_total{code="malformed"}'
    routes = 'btswatch_gateway_requests_total{route="/v1/events",status="2xx"}'
    before = [await count(line) for line in (accepted, refused, problems, routes)]
    await gateway.push(b"[" + event(1) + b",{]" + b"]")
    await gateway.push(b"[")
    after = [await count(line) for line in (accepted, refused, problems, routes)]
    assert [b - a for a, b in zip(before, after, strict=True)] == [1, 2, 1, 1]


async def test_the_docs_page_loads_nothing_and_runs_nothing(gateway):
    page = await gateway.client.get("/docs")
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for forbidden in ("<script", "src=", "@import", "http://", "https://"):
        assert forbidden not in page.text.replace("https://json-schema.org", "")
    assert 'id="problem-too_large"' in page.text
