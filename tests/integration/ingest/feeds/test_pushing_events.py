import gzip
import json

import pytest

from schemas.events import ARCHIVED


def event(number: int = 1, **changes):
    return {
        "specversion": "1.0",
        "id": f"e{number}",
        "source": "vina/noc",
        "type": "btswatch.status.v1",
        "subject": "VN-1",
        "time": "2026-11-02T11:59:00+07:00",
        "data": {"status": "down", "cause": "power"},
        **changes,
    }


def body(*events) -> bytes:
    return json.dumps(list(events)).encode()


def other(kind: str, data: dict, number: int = 1, **changes):
    return event(number, **{"type": kind, "subject": "vina", "data": data, **changes})


async def test_an_accepted_event_is_in_the_journal_when_the_answer_comes(gateway):
    answer = await gateway.push(json.dumps(event()).encode(), "application/cloudevents+json")
    assert answer.status_code == 202, answer.text
    receipt = answer.json()
    assert (receipt["accepted"], receipt["duplicates"], receipt["rejected"]) == (1, 0, [])
    (stored,) = gateway.journal.read(0, 10)
    archived = ARCHIVED.validate_json(stored.body)
    assert archived.track == "declared"
    assert archived.reporter == "vina"
    assert archived.subject == "VN-1"


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("application/cloudevents-batch+json", body(event(1), event(2))),
        ("application/json; charset=utf-8", body(event(1), event(2))),
        ("application/x-ndjson", b"\n".join(json.dumps(event(n)).encode() for n in (1, 2)) + b"\n\n"),
        ("application/x-ndjson", b"\r\n".join(json.dumps(event(n)).encode() for n in (1, 2))),
    ],
)
async def test_batches_and_streams_are_taken_in_every_form(gateway, kind, content):
    answer = await gateway.push(content, kind)
    assert answer.json()["accepted"] == 2
    assert len(gateway.journal.read(0, 10)) == 2


async def test_a_compressed_batch_is_taken(gateway):
    headers = gateway.headers(**{"Content-Type": "application/json", "Content-Encoding": "gzip"})
    content = gzip.compress(body(event(1), event(2)))
    answer = await gateway.client.post("/v1/events", content=content, headers=headers)
    assert answer.json()["accepted"] == 2


def measured(to):
    data = {
        "service": "mobile_voice",
        "indicator": "dropped_calls",
        "unit": "20",
        "numerator": 1,
        "denominator": 9,
    }
    return data | {"period": {"from": "2026-10-01T00:00:00+07:00", "to": to}}


def reported(period, duty="quality_quarterly"):
    return {"duty": duty, "period": period, "values": {}}


REFUSALS = [
    (event(subject="NO-SUCH"), "unknown_element"),
    (event(subject="MB-1"), "unknown_element"),
    (event(subject="SOLD"), "unknown_element"),
    (event(source="mobi/noc"), "wrong_source"),
    (event(source="vina"), "wrong_source"),
    (event(source="vinaphone/noc"), "wrong_source"),
    (event(time="2026-11-02T11:59:00"), "time_without_zone"),
    (event(time="2026-11-02T12:01:00.001+07:00"), "time_in_future"),
    (event(time="1970-01-01T00:00:00Z"), "time_too_old"),
    (event(time="0001-01-01T00:00:00+14:00"), "time_too_old"),
    (event(time="9999-12-31T23:59:59-14:00"), "time_in_future"),
    (event(time=1790000000), "invalid"),
    (event(time="1790000000"), "invalid"),
    (event(data={"status": "no_response"}), "not_allowed"),
    (event(data={"status": "sleepy"}), "invalid"),
    (event(data={"status": "up", "metrics": {"load": float("nan")}}), "invalid"),
    (event(data={"status": "up", "metrics": {"load": float("inf")}}), "invalid"),
    (event(data={"status": "up", "metrics": {"load": "1"}}), "invalid"),
    (event(type="btswatch.weather.v1"), "unsupported_type"),
    (event(reporter="vina"), "invalid"),
    (event(track="measured"), "invalid"),
    (event(receivedtime="2026-11-02T11:59:00+07:00"), "invalid"),
    (event(id=7), "invalid"),
    (7, "malformed"),
    (None, "malformed"),
    ([], "malformed"),
    (other("btswatch.heartbeat.v1", {}, subject="mobi"), "unknown_element"),
    (other("btswatch.heartbeat.v1", {}, subject="VN-1"), "unknown_element"),
    (other("btswatch.measurement.v1", measured("2026-11-02T12:01:00.001+07:00")), "time_in_future"),
    (other("btswatch.report.v1", reported("2026-Q4")), "time_in_future"),
    (
        other(
            "btswatch.inspection.v1",
            {"station": "VN-1", "kind": "emf", "result": "pass", "inspector": "A"},
            subject="VN-1",
        ),
        "not_allowed",
    ),
]


async def test_each_bad_event_is_refused_with_its_code_and_harms_no_neighbour(gateway):
    good = [event(100 + n) for n in range(len(REFUSALS))]
    mixed = [one for pair in zip(good, (bad for bad, _ in REFUSALS), strict=True) for one in pair]
    answer = await gateway.push(body(*mixed))
    assert answer.status_code == 202
    receipt = answer.json()
    assert receipt["accepted"] == len(good)
    expected = [(2 * n + 1, code) for n, (_, code) in enumerate(REFUSALS)]
    assert [(one["index"], one["code"]) for one in receipt["rejected"]] == expected
    kept = gateway.journal.refused()
    assert [(one.code, one.entrance, one.reporter) for one in kept] == [
        (code, "gateway", "vina") for _, code in REFUSALS
    ]
    assert [json.dumps(json.loads(one.body)) for one in kept] == [json.dumps(bad) for bad, _ in REFUSALS]


async def test_a_period_counts_as_over_by_the_clocks_tolerance_and_other_reports_have_periods_of_their_own(
    gateway,
):
    sent = [
        other("btswatch.measurement.v1", measured("2026-11-02T12:01:00+07:00"), id="m1"),
        other("btswatch.report.v1", reported("2026-Q3"), id="r1"),
        other("btswatch.report.v1", reported("2026-Q4", "on_request"), id="r2"),
    ]
    answer = (await gateway.push(body(*sent))).json()
    # This registry has no areas: the measurement's period was no fault.
    assert (answer["accepted"], [one["code"] for one in answer["rejected"]]) == (2, ["unknown_area"])


async def test_anothers_element_and_one_that_does_not_exist_get_the_same_answer(gateway):
    answers = [
        (await gateway.push(body(event(subject=subject)))).json()["rejected"]
        for subject in ("NO-SUCH", "MB-1", "SOLD")
    ]
    assert answers[0] == answers[1] == answers[2]


async def test_whose_an_element_is_depends_on_the_day_of_the_events_time(gateway):
    before = event(subject="SOLD", time="2026-10-31T23:59:59+07:00")
    assert (await gateway.push(body(before))).json()["accepted"] == 1


async def test_the_edge_of_the_future_is_taken(gateway):
    assert (await gateway.push(body(event(time="2026-11-02T12:01:00+07:00")))).json()["accepted"] == 1


async def test_the_same_again_is_answered_with_the_first_receipt_and_changes_nothing(gateway):
    first = (await gateway.push(body(event(1), event(2)))).json()
    again = (await gateway.push(body(event(2), event(1)))).json()
    assert (again["accepted"], again["duplicates"], again["receipt"]) == (0, 2, first["receipt"])
    mixed = (await gateway.push(body(event(1), event(3), event(3)))).json()
    assert (mixed["accepted"], mixed["duplicates"]) == (1, 2)
    assert mixed["receipt"] != first["receipt"]
    assert [one["receipt"] for one in mixed["repeated"]] == [first["receipt"], mixed["receipt"]]
    assert len(gateway.journal.read(0, 10)) == 3


async def test_the_same_id_with_another_content_is_a_conflict(gateway):
    await gateway.push(body(event(1)))
    receipt = (await gateway.push(body(event(1, data={"status": "up"}), event(2)))).json()
    assert receipt["accepted"] == 1
    assert [(one["id"], one["code"]) for one in receipt["rejected"]] == [("e1", "conflict")]
    assert [one.code for one in gateway.journal.refused()] == ["conflict"]


async def test_a_refused_event_does_not_occupy_its_id(gateway):
    await gateway.push(body(event(1, subject="NO-SUCH")))
    assert (await gateway.push(body(event(1)))).json()["accepted"] == 1


async def test_two_enterprises_may_use_the_same_id(gateway):
    await gateway.push(body(event(1)))
    theirs = event(1, source="mobi/noc", subject="MB-1")
    assert (await gateway.push(body(theirs), enterprise="mobi")).json()["accepted"] == 1


async def test_a_notice_with_anothers_element_is_taken_and_nothing_is_said_of_it(gateway):
    notice = {
        "action": "announce",
        "notice": "n1",
        "from": "2026-11-05T00:00:00+07:00",
        "to": "2026-11-05T04:00:00+07:00",
    }
    answers = [
        (
            await gateway.push(
                body(other("btswatch.maintenance.v1", {**notice, "elements": ["VN-1", foreign]}, n))
            )
        ).json()
        for n, foreign in enumerate(("MB-1", "NO-SUCH"))
    ]
    for answer in answers:
        assert (answer["accepted"], answer["rejected"]) == (1, [])


NO_JSON = (
    b"", b"   ", b"x", b"42", b'"text"', b'{"id": 1', b'[{"id": 1}', b"{} {}", b"[1}", b'["abc', b"[[[",
    b'{"a" 1}', b"NaN",
)  # fmt: skip


async def test_a_body_that_is_no_json_is_a_problem_and_is_kept(gateway):
    for content in NO_JSON:
        answer = await gateway.push(content)
        assert answer.status_code == 400
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "malformed"
    assert [(one.code, one.body) for one in gateway.journal.refused()] == [
        ("malformed", content) for content in NO_JSON
    ]


async def test_a_line_that_is_cut_off_is_refused_alone(gateway):
    content = (
        json.dumps(event(1)).encode() + b'\n{"id": "e2", \n' + json.dumps(event(3)).encode() + b'\n{"spec'
    )
    receipt = (await gateway.push(content, "application/x-ndjson")).json()
    assert receipt["accepted"] == 2
    assert [(one["index"], one["code"]) for one in receipt["rejected"]] == [
        (1, "malformed"),
        (3, "malformed"),
    ]


async def test_deep_nesting_is_refused_alone(gateway):
    deep = b"[" * 50_000 + b"]" * 50_000
    content = b"[" + json.dumps(event(1)).encode() + b"," + deep + b"]"
    receipt = (await gateway.push(content)).json()
    assert (receipt["accepted"], receipt["rejected"][0]["code"]) == (1, "malformed")


async def test_an_empty_batch_is_taken(gateway):
    receipt = (await gateway.push(b"[]")).json()
    assert (receipt["accepted"], receipt["duplicates"], receipt["rejected"]) == (0, 0, [])


async def test_a_receipt_can_be_read_again_by_its_owner_only(gateway):
    pushed = (await gateway.push(body(event(1), event(2, subject="NO-SUCH")))).json()
    path = f"/v1/receipts/{pushed['receipt']}"
    assert (await gateway.client.get(path, headers=gateway.headers())).json() == pushed
    theirs = await gateway.client.get(path, headers=gateway.headers("mobi"))
    absent = await gateway.client.get("/v1/receipts/r_none", headers=gateway.headers("mobi"))
    assert theirs.status_code == absent.status_code == 404
    assert theirs.content == absent.content


async def test_a_receipt_names_the_audit_chains_head_as_it_was_when_it_was_given(gateway_at):
    heads = iter(["sha256:1", "sha256:2"])
    async with gateway_at(head=lambda: next(heads)) as gateway:
        first = (await gateway.push(body(event(1)))).json()
        second = (await gateway.push(body(event(2)))).json()
        path = f"/v1/receipts/{first['receipt']}"
        again = (await gateway.client.get(path, headers=gateway.headers())).json()
    assert (first["head"], second["head"]) == ("sha256:1", "sha256:2")
    assert again == first


async def test_a_long_stream_is_taken_in_several_transactions_under_one_receipt(gateway):
    lines = b"".join(json.dumps(event(n)).encode() + b"\n" for n in range(2500))
    receipt = (await gateway.push(lines, "application/x-ndjson")).json()
    assert receipt["accepted"] == 2500
    again = (await gateway.push(lines, "application/x-ndjson")).json()
    assert (again["duplicates"], again["receipt"]) == (2500, receipt["receipt"])
    assert gateway.journal.last_offset() == 2500


async def test_a_full_journal_is_a_problem_that_says_when_to_come_again(gateway_at):
    async with gateway_at(journal_bytes=200_000) as gateway:
        number, answer = 0, None
        while answer is None or answer.status_code == 202:
            answer = await gateway.push(body(*(event(number + n) for n in range(50))))
            number += 50
        assert answer.status_code == 503
        assert answer.json()["code"] == "journal_unavailable"
        assert int(answer.headers["retry-after"]) > 0
        assert (await gateway.client.get("/healthz")).status_code == 200
