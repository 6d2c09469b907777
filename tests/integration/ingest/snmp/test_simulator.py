"""The simulated agents, asked by real engines and heard by the real trap service."""

import asyncio
import itertools
import json
import random
import signal
import socket
import sys
import time

import pytest

from btswatch.demo.world import starts_before
from ingest.snmp.assessment import evaluate
from ingest.snmp.engine import Answer, NoAnswer, Rows, Target, VarbindKind
from ingest.snmp.engine_gufo import GufoEngine
from ingest.snmp.engine_pysnmp import PysnmpEngine
from ingest.snmp.profiles import load_profiles
from ingest.snmp.requests import plan_requests
from ingest.snmp.simulator import (
    AgentModel,
    AgentState,
    Behaviour,
    CellState,
    InterfaceState,
    SimulatedUser,
    Simulator,
    StationState,
    loopback_addresses,
)
from schemas.credentials import AuthProtocol, Community, PrivProtocol, UsmUser
from schemas.status import Cause, Status
from tests.snmp_agents.trap_service import KEY, LINK, STATION, device, running

USER = SimulatedUser(
    user="btswatch",
    auth_protocol=AuthProtocol.SHA_256,
    auth_key=KEY,
    priv_protocol=PrivProtocol.AES_128,
    priv_key=KEY,
)
V3 = UsmUser("core", "btswatch", AuthProtocol.SHA_256, KEY, PrivProtocol.AES_128, KEY)
V2C = Community("access", "2c", "seen")
V1 = Community("old", "1", "seen")
ENGINES = {"gufo": GufoEngine, "pysnmp": PysnmpEngine}
PROFILES = load_profiles()
CELLS = tuple(CellState(name=f"C{n}") for n in range(3))
UP = AgentState(
    station=StationState(cells=CELLS),
    interfaces=(
        InterfaceState(name="ge-0/0/0", in_bps=80_000_000, out_bps=8_000_000),
        InterfaceState(name="ge-0/0/1", alias="L1"),
    ),
)
DARK = AgentState(
    station=StationState(enabled=False, mains_present=False, battery_v=43.0, cells=CELLS),
    interfaces=(UP.interfaces[0], UP.interfaces[1].model_copy(update={"oper_up": False})),
)


def now_ms():
    return time.time_ns() // 1_000_000


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("0.0.0.0", 0))
        return probe.getsockname()[1]


def models(count=3, **what):
    what = {"community": "seen", "user": USER} | what
    return {
        f"S{n}": AgentModel(host=host, port=port, name=f"S{n}", **what)
        for n, (host, port) in enumerate(loopback_addresses(count, free_port()), start=1)
    }


class Simulated:
    def __init__(self, agents, states, *, trap_sink=None, clock=now_ms, starts=0):
        self.agents = agents
        self.simulator = Simulator(
            agents, states, trap_sink=trap_sink, now_ms=clock, rng=random.Random(1), starts=starts
        )

    async def __aenter__(self):
        await self.simulator.start()
        return self

    async def __aexit__(self, *_):
        await self.simulator.stop()

    def target(self, id_, credential, timeout_s=10.0):
        return Target(id_, self.agents[id_].host, self.agents[id_].port, credential, timeout_s, 0)


@pytest.fixture(params=sorted(ENGINES))
async def engine(request):
    numbers = itertools.count(1)
    made = ENGINES[request.param](lambda: next(numbers))
    await made.start()
    yield made
    await made.stop()


def everything(state, agents):
    return dict.fromkeys(agents, state)


async def station(engine, target):
    profile = PROFILES.by_name["bts_demo"]
    answer = await engine.get(target, plan_requests(profile).scalars)
    assert isinstance(answer, Answer), answer
    return evaluate(profile, {v.oid: v.value for v in answer.varbinds if v.kind is VarbindKind.VALUE})


@pytest.mark.parametrize("credential", [V2C, V3], ids=["v2c", "v3"])
async def test_a_station_is_read_as_its_profile_says(engine, credential):
    agents = models()
    async with Simulated(agents, everything(UP, agents)) as run:
        assert (await station(engine, run.target("S2", credential))).status is Status.UP
        run.simulator.set_state("S2", DARK)
        seen = await station(engine, run.target("S2", credential))
        assert (seen.status, seen.cause) == (Status.DOWN, Cause.POWER)
        assert (await station(engine, run.target("S3", credential))).status is Status.UP


@pytest.mark.parametrize("credential", [V1, V2C, V3], ids=["v1", "v2c", "v3"])
async def test_interfaces_are_walked(engine, credential):
    agents = models()
    profile = PROFILES.by_name["interface"]
    (table,) = plan_requests(profile).tables
    # SNMPv1 has no Counter64.
    columns = [c for c in table.columns if credential is not V1 or c.rpartition(".")[2] not in {"6", "10"}]
    async with Simulated(agents, everything(DARK, agents)) as run:
        walked = await engine.walk(run.target("S1", credential), columns, max_rows=50, deadline_s=10)
        assert isinstance(walked, Rows), walked
        assert set(walked.rows) == {"1", "2"}
        assert walked.stopped is None
        assert all(set(cells) == set(columns) for cells in walked.rows.values())
        seen = evaluate(profile, {}, {"interfaces": walked.rows}, "ge-0/0/1")
        assert (seen.status, seen.cause) == (Status.DOWN, Cause.TRANSPORT)


async def test_counters_grow_with_the_load_and_start_again_with_the_agent(engine):
    agents = models(1)
    clock = [1_000_000_000_000]
    oids = ["1.3.6.1.2.1.1.3.0", "1.3.6.1.2.1.31.1.1.1.6.1", "1.3.6.1.2.1.2.2.1.10.1"]
    async with Simulated(agents, everything(UP, agents), clock=lambda: clock[0]) as run:

        async def read():
            answer = await engine.get(run.target("S1", V2C), oids)
            return [v.value for v in answer.varbinds]

        clock[0] += 600_000
        octets = 600 * 10_000_000
        assert await read() == [60_000, octets, octets % 2**32]
        run.simulator.set_state("S1", DARK)
        run.simulator.set_state("S1", DARK.model_copy(update={"behaviour": Behaviour(lies=True)}))
        assert (await read())[1] == octets
        run.simulator.set_state("S1", UP, restart=True)
        assert await read() == [0, 0, 0]


async def test_a_silent_agent_and_one_that_loses_everything_do_not_answer_and_a_slow_one_does(engine):
    agents = models()
    async with Simulated(agents, everything(UP, agents)) as run:
        for id_, behaviour in (("S1", {"silent": True}), ("S2", {"loss": 1.0}), ("S3", {"delay_s": 0.1})):
            run.simulator.set_state(id_, UP.model_copy(update={"behaviour": Behaviour(**behaviour)}))
        assert isinstance(await engine.get(run.target("S1", V2C, 0.2), ["1.3.6.1.2.1.1.3.0"]), NoAnswer)
        assert isinstance(await engine.get(run.target("S2", V2C, 0.2), ["1.3.6.1.2.1.1.3.0"]), NoAnswer)
        slow = await engine.get(run.target("S3", V2C), ["1.3.6.1.2.1.1.3.0"])
        assert slow.rtt_s >= 0.1


async def test_a_liar_says_that_all_is_well(engine):
    agents = models(1)
    lying = DARK.model_copy(update={"behaviour": Behaviour(lies=True)})
    async with Simulated(agents, everything(lying, agents)) as run:
        assert (await station(engine, run.target("S1", V2C))).status is Status.UP
        assert run.simulator.state("S1").station.enabled is False


async def test_a_restarted_v3_agent_is_found_again(engine):
    agents = models(1)
    async with Simulated(agents, everything(UP, agents)) as run:
        target = run.target("S1", V3)
        assert (await station(engine, target)).status is Status.UP
        run.simulator.set_state("S1", UP, restart=True)
        assert (await station(engine, target)).status is Status.UP


async def test_an_agent_without_a_station_has_none_of_its_objects(engine):
    agents = models(1)
    state = AgentState(interfaces=UP.interfaces)
    async with Simulated(agents, everything(state, agents)) as run:
        answer = await engine.get(
            run.target("S1", V2C), ["1.3.6.1.2.1.1.3.0", "1.3.6.1.4.1.99999.36.2.1.1.0"]
        )
        assert [v.kind is VarbindKind.VALUE for v in answer.varbinds] == [True, False]


async def test_one_port_for_each_agent_serves_as_well(engine):
    agents = {
        f"S{n}": AgentModel(host="127.0.0.1", port=free_port(), name=f"S{n}", community="seen")
        for n in range(3)
    }
    async with Simulated(agents, everything(UP, agents)) as run:
        for id_ in agents:
            assert (await station(engine, run.target(id_, V2C))).status is Status.UP


def devices(agents, credential):
    return [
        device(model.host, credential, [STATION, LINK] if id_ == "S1" else [], model.port)
        for id_, model in agents.items()
    ]


async def test_a_v3_agents_traps_become_evidence_in_the_trap_service(tmp_path):
    agents = models(2, community=None)
    async with running(
        tmp_path, devices(agents, V3), now_ms=now_ms, host="0.0.0.0", credentials=[V3]
    ) as heard:
        sink = ("127.0.0.1", heard.port)
        async with Simulated(agents, everything(UP, agents), trap_sink=sink) as run:
            run.simulator.set_state("S1", DARK)
            await heard.decoded(2)
            run.simulator.set_state("S1", UP, restart=True)
            await heard.decoded(5)
            assert [(e["subject"], e["data"]["status"]) for e in heard.events()] == [
                ("L1", "down"),
                ("S1", "down"),
                ("L1", "up"),
                ("S1", "up"),
            ]
            assert heard.refused() == []


async def test_traps_of_a_demonstration_that_is_started_again_are_taken(tmp_path):
    agents = models(2, community=None)
    ahead = [0]
    async with running(
        tmp_path, devices(agents, V3), now_ms=now_ms, host="0.0.0.0", credentials=[V3]
    ) as heard:
        for started in (1, 2):
            now = now_ms() + ahead[0]
            async with Simulated(
                agents,
                everything(UP, agents),
                trap_sink=("127.0.0.1", heard.port),
                clock=lambda: now_ms() + ahead[0],
                starts=starts_before(now),
            ) as run:
                ahead[0] += 1_000_000 // started  # the first one ran for longer
                run.simulator.set_state("S1", DARK)
                await heard.decoded(2 * started)
        assert heard.refused() == []


async def test_a_v2c_agents_traps_make_the_poller_look(tmp_path):
    agents = models(2, user=None)
    async with running(
        tmp_path, devices(agents, V2C), now_ms=now_ms, host="0.0.0.0", credentials=[V2C]
    ) as heard:
        sink = ("127.0.0.1", heard.port)
        async with Simulated(agents, everything(UP, agents), trap_sink=sink) as run:
            run.simulator.set_state("S1", DARK)
            await heard.decoded(2)
            assert {id_ for asked in heard.polls.asked for id_ in asked} == {
                f"{agents['S1'].host}:{agents['S1'].port}"
            }
            assert heard.events() == []


async def test_an_agent_that_is_out_sends_no_trap():
    agents = models(1)
    async with Simulated(agents, everything(UP, agents), trap_sink=("127.0.0.1", free_port())) as run:
        run.simulator.set_state("S1", DARK.model_copy(update={"behaviour": Behaviour(silent=True)}))
        assert run.simulator.traps == 0


async def test_the_subprocess_takes_changes_by_line_and_survives_a_bad_one(engine):
    agents = models(2)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ingest.snmp.simulator"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    script = {
        "agents": {id_: model.model_dump(mode="json") for id_, model in agents.items()},
        "states": {id_: UP.model_dump(mode="json") for id_ in agents},
    }

    async def say(what):
        process.stdin.write(json.dumps(what).encode() + b"\n")
        await process.stdin.drain()

    try:
        await say(script)
        assert json.loads(await process.stdout.readline()) == {"ready": 2}
        target = Target("S1", agents["S1"].host, agents["S1"].port, V3, 10.0, 1)
        assert (await station(engine, target)).status is Status.UP
        await say({"agent": "S1", "state": DARK.model_dump(mode="json")})
        await say({"agent": "nobody", "state": DARK.model_dump(mode="json")})
        assert "nobody" in json.loads(await process.stdout.readline())["error"]
        await say({"agent": "S1"})
        assert "state" in json.loads(await process.stdout.readline())["error"]
        assert (await station(engine, target)).status is Status.DOWN
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 10) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def test_agents_get_an_address_each_or_a_port_each():
    assert loopback_addresses(300, 1161, one_socket=True)[-1] == ("127.100.1.44", 1161)
    assert loopback_addresses(3, 1161, one_socket=False)[-1] == ("127.0.0.1", 1163)
    with pytest.raises(ValueError, match="only 36 ports"):
        loopback_addresses(37, 65_500, one_socket=False)
