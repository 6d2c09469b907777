import asyncio
import json
import time

import pytest
from structlog.testing import capture_logs

from ingest.snmp.devices import Device, View
from ingest.snmp.engine import AuthenticationFailed, EngineName, NoAnswer, Report, Target
from ingest.snmp.planning import Timing
from ingest.snmp.poll_now import PollNowSocket, send_poll_now
from ingest.snmp.poller import Poller
from ingest.snmp.profiles import load_profiles
from schemas.credentials import Community
from schemas.events import ARCHIVED
from schemas.registry import Kind
from schemas.settings.poll import PollSettings, VantageSettings
from stores.journal import JournalError
from tests.snmp_agents.scripted_engine import Agent, ScriptedEngine, bts, interface

PROFILES = load_profiles()


class Sink:
    def __init__(self):
        self.entries, self.failing, self.arrived = [], False, asyncio.Event()

    async def append(self, entries, receipt=None):
        if self.failing:
            raise JournalError(None, "full")
        self.entries.extend(entries)
        self.arrived.set()
        return []

    def events(self, subject=None):
        found = [json.loads(entry.body) for entry in self.entries]
        return [event for event in found if subject in (None, event["subject"])]

    async def until(self, holds):
        async with asyncio.timeout(30):
            while not holds(self):
                self.arrived.clear()
                await self.arrived.wait()


async def eventually(holds):
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110 - the poller has no event for these states, only tests wait for them
            await asyncio.sleep(0.02)


def device(id_, *views, interval_ms=200, confirm_ms=100, path="vnx"):
    views = views or (View(f"S-{id_}", Kind.STATION, "bts_demo"),)
    target = Target(id_, "h", 161, Community("c", "2c", "x"))
    return Device(target, EngineName.GUFO, Timing(id_, interval_ms, confirm_ms, 300), 0.15, path, views)


@pytest.fixture
async def run():
    """Start a poller over the agents, stop it at the end."""
    running = []

    async def start(agents, *devices, settle_s=0.3, **settings):
        sink, engine = Sink(), ScriptedEngine(agents)
        vantage = VantageSettings(settle_s=settle_s, lookback_s=1, min_peers=3, silent_share=0.8)
        made = Poller(
            PollSettings(health=vantage, request_gap_s=0.01, interval_s=10, deadline_s=1, **settings),
            PROFILES,
            {EngineName.GUFO: engine},
            sink,
            now_ms=lambda: time.time_ns() // 1_000_000,
            monotonic=time.monotonic,
        )
        made._outbox._gather_s = 0.01
        made.replace(devices)
        running.append(made)
        await made.start()
        return made, sink

    yield start
    for each in running:
        await each.stop(1.0)


async def test_answers_become_status_events_of_the_measured_track(run):
    _, sink = await run({"a": Agent(bts(cells=2))}, device("a"))
    await sink.until(lambda s: s.entries)
    event = ARCHIVED.validate_json(sink.entries[0].body)
    assert (event.source, event.subject, event.reporter, event.track) == (
        "poller/snmp/a",
        "S-a",
        "poller",
        "measured",
    )
    assert event.data.status == "degraded"
    assert event.data.metrics["cells_in_service"] == 2
    assert event.data.metrics["rtt_ms"] > 0


async def test_ids_are_never_used_twice(run):
    _, sink = await run({"a": Agent(bts())}, device("a", interval_ms=20))
    await sink.until(lambda s: len(s.entries) > 4)
    ids = [entry.id for entry in sink.entries]
    assert len(set(ids)) == len(ids)


async def test_a_silent_device_is_no_response_at_the_time_the_poll_was_sent_once_others_were_heard(run):
    agents = {name: Agent(bts()) for name in "abcd"}
    agents["dead"] = Agent(failure=NoAnswer(1, 0.0), takes_s=0.05)
    before = time.time_ns() // 1_000_000
    _, sink = await run(agents, *(device(name) for name in agents))
    await sink.until(lambda s: len(s.events("S-dead")) >= 2)
    first, second, *_ = sink.events("S-dead")
    assert first["data"] == {"status": "no_response"}
    assert int(first["id"].split("-")[0]) >= before
    assert first["time"] < second["time"]


async def test_while_everybody_is_silent_nothing_is_said_and_health_tells_it(run):
    agents = {name: Agent(failure=NoAnswer(1, 0.0)) for name in "abcdef"}
    poller, sink = await run(agents, *(device(name) for name in agents))
    await eventually(lambda: "vnx" in poller.health().impairments)
    assert sink.entries == []
    for agent in agents.values():
        agent.failure, agent.values = None, bts()
    await sink.until(lambda s: len({e["subject"] for e in s.events()}) == 6)
    await eventually(lambda: not (poller.health().impairments))
    assert {event["data"]["status"] for event in sink.events()} == {"up"}


async def test_an_agent_that_refuses_our_credential_is_neither_up_nor_silent(run):
    agents = {"a": Agent(failure=AuthenticationFailed(Report.UNKNOWN_USER)), "b": Agent(bts())}
    _, sink = await run(agents, device("a"), device("b"))
    await sink.until(lambda s: len(s.entries) > 3)
    assert sink.events("S-a") == []


async def test_a_device_that_hangs_ends_at_its_deadline_and_delays_nobody(run):
    agents = {name: Agent(bts()) for name in "abcd"} | {"hangs": Agent(hangs=True)}
    _, sink = await run(agents, *(device(name) for name in agents))
    await sink.until(lambda s: s.events("S-hangs") and len(s.events("S-a")) >= 3)
    assert {e["data"]["status"] for e in sink.events("S-hangs")} == {"no_response"}


async def test_a_loop_that_stood_still_makes_no_silence(run):
    agents = {"a": Agent(bts()), "dead": Agent(failure=NoAnswer(1, 0.0), takes_s=0.05)}
    _, sink = await run(
        agents, device("a"), device("dead", interval_ms=50), max_loop_lag_s=0.05, settle_s=0.01
    )

    async def stall():
        while True:
            await asyncio.sleep(0.01)
            time.sleep(0.3)  # noqa: ASYNC251 - standing still is what is tried here

    stalling = asyncio.create_task(stall())
    await sink.until(lambda s: len(s.events("S-a")) >= 3)
    stalling.cancel()
    assert sink.events("S-dead") == []


async def test_a_link_is_the_worse_of_its_ends_and_speaks_from_the_other_when_one_is_silent(run):
    near = View("L", Kind.LINK, "interface", "ge1")
    far = View("L", Kind.LINK, "interface", "L", guessed=True)
    up = {"1.3.6.1.2.1.1.3.0": 1}
    agents = {
        "near": Agent({**up, **interface(1, "ge1")}),
        "far": Agent({**up, **interface(2, "x", alias="L", oper=2)}),
    }
    _, sink = await run(agents, device("near", near, interval_ms=50), device("far", far, interval_ms=50))
    await sink.until(lambda s: len(s.events("L")) > 4)
    assert {e["data"]["status"] for e in sink.events("L")[2:]} == {"down"}
    agents["near"].failure = NoAnswer(1, 0.0)
    agents["far"].values = {**up, **interface(2, "x", alias="L")}
    await sink.until(lambda s: s.events("L")[-1]["data"]["status"] == "up")
    sink.entries.clear()
    await sink.until(lambda s: len(s.events("L")) > 4)
    assert {e["data"]["status"] for e in sink.events("L")} == {"up"}


async def test_a_full_journal_loses_only_the_oldest_and_polling_goes_on(run):
    poller, sink = await run({"a": Agent(bts())}, device("a", interval_ms=20), max_pending_events=5)
    sink.failing = True
    await eventually(lambda: poller.health().pending_events >= 5)
    first_kept = poller._outbox._pending[0].id
    await eventually(lambda: poller._outbox._pending[0].id != first_kept)
    assert poller.health().pending_events == 5
    sink.failing = False
    await sink.until(lambda s: len(s.entries) >= 5)


async def test_a_fault_in_one_devices_answer_leaves_the_others_alone(run):
    agents = {"a": Agent(bts()), "odd": Agent(values=None)}
    with capture_logs() as logs:
        _, sink = await run(agents, device("a"), device("odd", interval_ms=50))
        await sink.until(lambda s: len(s.events("S-a")) >= 3)
    assert [(line["event"], line["device"]) for line in logs] == [("poll failed", "odd")]
    assert sink.events("S-odd") == []


async def test_a_requested_poll_of_an_element_comes_before_its_turn_also_from_another_process(run, tmp_path):
    poller, sink = await run({"a": Agent(bts())}, device("a", interval_ms=60_000))
    door = PollNowSocket(tmp_path / "poll-now.sock", poller)
    door.open()
    try:
        assert send_poll_now(tmp_path / "poll-now.sock", ["S-a", "nobody"])
        await sink.until(lambda s: s.events("S-a"))
    finally:
        door.close()
    assert not send_poll_now(tmp_path / "poll-now.sock", ["S-a"])


async def test_stopping_lets_polls_in_flight_end_and_writes_what_they_found(run):
    agents = {"a": Agent(bts(), takes_s=0.05)}
    poller, sink = await run(agents, device("a", interval_ms=60_000))
    poller.request(["a"])
    await eventually(lambda: poller.health().in_flight)
    assert await poller.stop(2.0)
    assert len(sink.events("S-a")) == 1


async def test_what_the_get_told_counts_also_when_a_walk_takes_too_long(run):
    agents = {"a": Agent(bts(), walks_hang=True)}
    _, sink = await run(agents, device("a"))
    await sink.until(lambda s: s.events("S-a"))
    assert sink.events("S-a")[0]["data"]["status"] == "up"


async def test_devices_can_be_replaced_while_polling(run):
    agents = {"a": Agent(bts()), "b": Agent(bts())}
    poller, sink = await run(agents, device("a"))
    await sink.until(lambda s: s.events("S-a"))
    poller.replace([device("b")])
    await sink.until(lambda s: s.events("S-b"))
    count = len(sink.events("S-a"))
    await sink.until(lambda s: len(s.events("S-b")) >= 3)
    assert len(sink.events("S-a")) <= count + 1
