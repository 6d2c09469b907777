"""Every example event goes through the gateway and a real journal, between two good neighbours."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from ingest.feeds.deps import GatewayDeps
from ingest.feeds.gateway import create_gateway
from processors.rules import load_rules
from schemas import examples
from schemas.refusal import Refusal
from schemas.time import parse_rfc3339, to_ms
from stores.journal import GroupCommit, Journal
from stores.keys import ApiKey, hash_of
from stores.registry import load

SECRET = "s" * 64
HASH = hash_of(SECRET)
EVENTS = examples.load_events()


class Keys:
    """Each enterprise's id is also the id of its key."""

    def __init__(self, *enterprises: str) -> None:
        self._enterprises = enterprises

    def all_keys(self) -> list[ApiKey]:
        return [ApiKey(one, one, HASH, "ssss", "", 0, None, None) for one in self._enterprises]


@asynccontextmanager
async def pushing(tmp_path: Path, reporter: str) -> AsyncIterator[tuple[httpx.AsyncClient, Journal]]:
    registry = load(Path(str(examples.registry_directory())))
    with Journal(tmp_path / "journal.db") as journal:
        writer = GroupCommit(journal)
        await writer.start()
        deps = GatewayDeps(
            writer,
            journal,
            Keys(*registry.enterprises, reporter),
            lambda: registry,
            now_ms=lambda: to_ms(parse_rfc3339(examples.RECEIVED)),
            indicators=load_rules().indicators(registry.declared_levels),
        )
        headers = {"Authorization": f"Bearer bw_{reporter}_{SECRET}", "Content-Type": "application/json"}
        transport = httpx.ASGITransport(create_gateway(deps))
        async with httpx.AsyncClient(
            transport=transport, base_url="http://gateway", headers=headers
        ) as client:
            yield client, journal
        assert await writer.stop(5)


def heartbeat(reporter: str, event_id: str) -> bytes:
    return json.dumps(
        {
            "specversion": "1.0",
            "id": event_id,
            "source": f"{reporter}/test",
            "type": "btswatch.heartbeat.v1",
            "subject": reporter,
            "time": examples.RECEIVED,
        }
    ).encode()


@pytest.mark.parametrize("example", EVENTS, ids=lambda one: one.id)
async def test_each_example_gets_its_answer_and_harms_no_neighbour(example, tmp_path):
    if example.code is None and example.contract.startswith("inspection"):
        expected = Refusal.NOT_ALLOWED  # a good one, but the Department's to send
    else:
        expected = example.code
    async with pushing(tmp_path, example.reporter) as (client, journal):
        for before in example.after:
            assert (await client.post("/v1/events", content=before)).json()["accepted"] == 1
        if expected is Refusal.MALFORMED:
            alone = await client.post("/v1/events", content=example.body)
            refused = [one["code"] for one in alone.json().get("rejected", [])] or [alone.json()["code"]]
            assert refused == ["malformed"]
            return
        neighbours = heartbeat(example.reporter, "left"), heartbeat(example.reporter, "right")
        content = b"[" + neighbours[0] + b"," + example.body + b"," + neighbours[1] + b"]"
        receipt = (await client.post("/v1/events", content=content)).json()
        refused = [(one["index"], one["code"]) for one in receipt["rejected"]]
        assert refused == ([] if expected is None else [(1, expected)])
        assert receipt["accepted"] == (3 if expected is None else 2)
        assert journal.last_offset() == receipt["accepted"] + len(example.after)


def test_there_are_examples_of_every_refusal_that_an_event_can_meet():
    assert {one.code for one in EVENTS} >= set(Refusal) - {Refusal.TOO_LARGE}
