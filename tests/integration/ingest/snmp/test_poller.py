"""The whole poller on real engines, real agents and a real journal."""

import asyncio
import itertools
import json
import random
import time

import pytest

from ingest.snmp.devices import canaries_of, devices_of
from ingest.snmp.engine import EngineName
from ingest.snmp.engine_gufo import GufoEngine
from ingest.snmp.engine_pysnmp import PysnmpEngine
from ingest.snmp.poller import Poller
from ingest.snmp.profiles import load_profiles
from ingest.snmp.simulator.model import (
    AgentModel,
    AgentState,
    Behaviour,
    CellState,
    InterfaceState,
    StationState,
)
from ingest.snmp.simulator.simulator import Simulator
from ingest.snmp.simulator.sockets import loopback_addresses
from schemas.credentials import AuthProtocol, Community, PrivProtocol, UsmUser
from schemas.events import ARCHIVED
from schemas.registry import Element, Enterprise, Kind, Registry
from schemas.settings.poll import PollSettings, VantageSettings
from schemas.time import LocalCalendar
from stores.journal import GroupCommit, Journal
from tests.snmp_agents.net_snmp import AUTH_KEY, PRIV_KEY, NetSnmp, free_port

CREDENTIALS = {
    "c": Community("c", "2c", "public"),
    "v3": UsmUser("v3", "sha256aes", AuthProtocol.SHA_256, AUTH_KEY, PrivProtocol.AES_128, PRIV_KEY),
    "wrong": UsmUser(
        "wrong", "sha256aes", AuthProtocol.SHA_256, "not-the-key", PrivProtocol.AES_128, PRIV_KEY
    ),
}
ENGINES = {"gufo": GufoEngine, "pysnmp": PysnmpEngine}


def now_ms():
    return time.time_ns() // 1_000_000


@pytest.fixture
async def polling(tmp_path):
    """Start a poller on registry rows; the journal is read back by the test."""
    journal = Journal(tmp_path / "journal.db")
    journal.open()
    group = GroupCommit(journal)
    await group.start()
    running = []

    async def start(*rows, engine="gufo", max_loop_lag_s=0.5, **health):
        settings = PollSettings(
            interval_s=1, deadline_s=1, timeout_s=0.15, retries=1, confirm_s=0.3, request_gap_s=0.05, engine=engine,
            max_loop_lag_s=max_loop_lag_s,
            health=VantageSettings(**{"settle_s": 0.5, "lookback_s": 3, **health}),
        )  # fmt: skip
        registry = Registry(
            enterprises={"vnx": Enterprise("vnx", "VNX")}, elements={row.id: (row,) for row in rows}
        )
        profiles, numbers = load_profiles(), itertools.count(1)
        found = devices_of(registry, LocalCalendar().day_of(now_ms()), CREDENTIALS, profiles, settings)
        assert found.undone == ()
        made = Poller(
            settings, profiles, {EngineName(engine): ENGINES[engine](lambda: next(numbers))}, group,
            now_ms=now_ms, monotonic=time.monotonic,
        )  # fmt: skip
        made.replace(found.devices + canaries_of(settings, CREDENTIALS))
        running.append(made)
        await made.start()
        return made

    def events(subject=None):
        found = [ARCHIVED.validate_python(json.loads(entry.body)) for entry in journal.read(0, 100_000)]
        return [event for event in found if subject in (None, event.subject)]

    def statuses(subject):
        return [event.data.status.value for event in events(subject)]

    start.events, start.statuses = events, statuses
    yield start
    for each in running:
        assert await each.stop(3.0)
    await group.stop(3.0)
    journal.close()


async def eventually(holds, timeout_s=60):
    async with asyncio.timeout(timeout_s):
        while not holds():  # noqa: ASYNC110 - what is waited for stands in a file
            await asyncio.sleep(0.05)


def element(id_, kind, address, **rest):
    return Element(id_, kind, "vnx", agent=f"{address[0]}:{address[1]}", **{"credential": "c", **rest})


@pytest.mark.service
@pytest.mark.parametrize("engine", sorted(ENGINES))
@pytest.mark.parametrize("credential", ["c", "v3"])
async def test_a_link_on_net_snmp_is_up_until_the_agent_stops_and_again_after(
    engine, credential, polling, require_tool, tmp_path
):
    with NetSnmp(require_tool("snmpd"), tmp_path / "snmpd") as agent:
        row = element("L1", Kind.LINK, ("127.0.0.1", agent.port), if_name="lo", credential=credential)
        await polling(row, engine=engine)
        await eventually(lambda: polling.statuses("L1").count("up") >= 2)
        # Not in_bps: net-snmp says 10 Mbit/s of lo, and what is faster than its interface is not told.
        assert "in_errors_per_s" in polling.events("L1")[-1].data.metrics
        agent.stop()
        await eventually(lambda: "no_response" in polling.statuses("L1"))
        agent._start()
        await eventually(lambda: polling.statuses("L1")[-1] == "up")


@pytest.mark.service
async def test_a_wrong_key_is_no_evidence_at_all(polling, require_tool, tmp_path):
    with NetSnmp(require_tool("snmpd"), tmp_path / "snmpd") as agent:
        address = ("127.0.0.1", agent.port)
        other = element("good", Kind.LINK, address, if_name="lo")
        await polling(element("bad", Kind.LINK, address, if_name="lo", credential="wrong"), other)
        await eventually(lambda: len(polling.events("good")) >= 3)
        assert polling.events("bad") == []


class Province:
    """Simulated agents, each a station with an interface."""

    def __init__(self, count):
        self.addresses = loopback_addresses(count, free_port())
        self.state = AgentState(
            station=StationState(cells=(CellState(name="c1"),)),
            interfaces=(InterfaceState(name="ge1", in_bps=1_000_000, alias="uplink"),),
        )
        agents = {
            f"S{n}": AgentModel(host=host, port=port, name=f"S{n}", community="public")
            for n, (host, port) in enumerate(self.addresses)
        }
        self.simulator = Simulator(
            agents, dict.fromkeys(agents, self.state), trap_sink=None, now_ms=now_ms, rng=random.Random(1)
        )

    def rows(self):
        for n, address in enumerate(self.addresses):
            yield element(f"S{n}", Kind.STATION, address, profile="bts_demo")
            yield element(f"L{n}", Kind.LINK, address, if_name="ge1", profile="interface")

    def set(self, n, **changes):
        self.simulator.set_state(f"S{n}", self.state.model_copy(update=changes))


@pytest.fixture
async def province():
    made = Province(8)
    await made.simulator.start()
    yield made
    await made.simulator.stop()


async def test_stations_and_links_are_polled_together_and_one_that_falls_silent_is_told(polling, province):
    await polling(*province.rows())
    await eventually(lambda: all("up" in polling.statuses(f"L{n}") for n in range(8)))
    province.set(3, behaviour=Behaviour(silent=True))
    province.set(4, interfaces=(province.state.interfaces[0].model_copy(update={"oper_up": False}),))
    await eventually(lambda: polling.statuses("S3").count("no_response") >= 2)
    await eventually(lambda: polling.statuses("L4")[-1] == "down")
    assert {"no_response"} == {s for s in polling.statuses("L3") if s != "up"}
    assert "no_response" not in polling.statuses("S4")


async def test_when_all_fall_silent_the_poller_says_that_it_is_blind_and_blames_nobody(polling, province):
    # On a machine that is too busy the loop stands still: what is put up with has to fit into the time for witnesses.
    poller = await polling(*province.rows(), max_loop_lag_s=1, settle_s=1.5, lookback_s=5)
    await eventually(lambda: all("up" in polling.statuses(f"S{n}") for n in range(8)))
    for n in range(8):
        province.set(n, behaviour=Behaviour(silent=True))
    await eventually(lambda: "vnx" in poller.health().impairments)
    for n in range(8):
        province.set(n)
    await eventually(lambda: not poller.health().impairments)
    assert {status for n in range(8) for status in polling.statuses(f"S{n}")} == {"up"}
