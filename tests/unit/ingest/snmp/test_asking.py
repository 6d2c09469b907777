import pytest

from ingest.snmp.asking import Asking, Kept, Means, Told
from ingest.snmp.devices import Device, View
from ingest.snmp.engine import (
    AgentError,
    AuthenticationFailed,
    EngineName,
    NoAnswer,
    Report,
    Target,
    Unreachable,
)
from ingest.snmp.memory import Memory
from ingest.snmp.planning import Timing
from ingest.snmp.profiles import load_profiles
from schemas.credentials import Community
from schemas.registry import Kind
from schemas.status import Status
from tests.snmp_agents.scripted_engine import IFX, UPTIME, Agent, ScriptedEngine, bts, interface

PROFILES = load_profiles()
STATION = View("S1", Kind.STATION, "bts_demo")
LINK = View("L1", Kind.LINK, "interface", "ge-0/0/1")


class Bench:
    def __init__(self, *views, agent):
        self.device = Device(
            Target("dev", "h", 161, Community("c", "2c", "x")),
            EngineName.GUFO,
            Timing("dev", 60_000, 15_000, 90_000),
            10.0,
            "vnx",
            views,
        )
        self.agent, self.memory, self.at_s = agent, Memory(), 0.0
        self.means = Means(PROFILES, lambda: int(self.at_s * 1000), lambda: self.at_s)

    async def poll(self, after_s=0):
        self.at_s += after_s
        self.agent.gets.clear()
        self.agent.walks.clear()
        return await Asking(self.device, self.memory, ScriptedEngine({"dev": self.agent}), self.means).ask()


async def test_one_get_serves_a_station_and_its_links_once_rows_are_known():
    bench = Bench(STATION, LINK, agent=Agent({**bts(), **interface(7, "ge-0/0/1")}))
    await bench.poll()
    told = await bench.poll(after_s=60)
    assert {view.element: a.status for view, a in told.assessments.items()} == {
        "S1": Status.UP,
        "L1": Status.UP,
    }
    assert len(bench.agent.gets) == 1
    assert bench.agent.gets[0][0] == UPTIME
    assert bench.agent.walks == []


async def test_rows_are_found_by_name_and_again_in_the_same_poll_after_renumbering():
    agent = Agent({UPTIME: 10_000, **interface(7, "ge-0/0/1"), **interface(8, "ge-0/0/2", oper=2)})
    bench = Bench(LINK, agent=agent)
    assert (await bench.poll()).assessments[LINK].rows == ("7",)
    agent.values = {UPTIME: 16_000, **interface(8, "ge-0/0/1", oper=2), **interface(7, "ge-0/0/2")}
    told = (await bench.poll(after_s=60)).assessments[LINK]
    assert (told.status, told.rows) == (Status.DOWN, ("8",))
    assert "in_bps" not in told.metrics


async def test_a_table_that_changed_is_read_again():
    agent = Agent({UPTIME: 10_000, "1.3.6.1.2.1.31.1.5.0": 5, **interface(7, "ge-0/0/1")})
    bench = Bench(LINK, agent=agent)
    await bench.poll()
    await bench.poll(after_s=60)
    assert bench.agent.walks == []
    agent.values["1.3.6.1.2.1.31.1.5.0"] = 9
    await bench.poll(after_s=60)
    assert len(bench.agent.walks) == 1


async def test_a_row_that_is_nowhere_says_nothing_and_is_looked_for_now_and_then():
    bench = Bench(LINK, agent=Agent({UPTIME: 10_000, **interface(7, "other")}))
    assert (await bench.poll()).assessments[LINK].status is None
    await bench.poll(after_s=60)
    assert bench.agent.walks == []
    bench.agent.values |= interface(9, "ge-0/0/1")
    told = await bench.poll(after_s=900)
    assert told.assessments[LINK].status is Status.UP


async def test_rates_need_two_polls_and_an_agent_that_ran_through():
    agent = Agent({UPTIME: 10_000, **interface(7, "ge-0/0/1", in_octets=1_000)})
    bench = Bench(LINK, agent=agent)
    assert "in_bps" not in (await bench.poll()).assessments[LINK].metrics
    agent.values |= {UPTIME: 16_000, f"{IFX}.6.7": 1_000 + 750_000_000}
    told = (await bench.poll(after_s=60)).assessments[LINK]
    assert told.metrics["in_bps"] == 100_000_000.0
    assert told.metrics["utilisation"] == 0.1
    agent.values |= {UPTIME: 500, f"{IFX}.6.7": 800_000_000}
    assert "in_bps" not in (await bench.poll(after_s=60)).assessments[LINK].metrics


async def test_the_profile_is_chosen_by_sysobjectid_where_the_registry_names_none():
    view = View("S1", Kind.STATION)
    bench = Bench(view, agent=Agent(bts(oper=2)))
    assert (await bench.poll()).assessments[view].status is Status.DOWN


async def test_after_a_restart_the_device_is_looked_at_anew():
    view = View("S1", Kind.STATION)
    bench = Bench(view, agent=Agent(bts(uptime_cs=1_000_000)))
    await bench.poll()
    bench.agent.values = bts(uptime_cs=300)
    await bench.poll(after_s=60)
    bench.agent.values[UPTIME] = 6_300
    await bench.poll(after_s=60)
    assert len(bench.agent.gets) == 2


@pytest.mark.parametrize(
    ("failure", "silent"),
    [
        (NoAnswer(3, 3.0), True),
        (Unreachable("refused"), True),
        (AuthenticationFailed(Report.WRONG_DIGEST), False),
        (AgentError("genErr"), False),
    ],
)
async def test_silence_and_refusal_are_told_apart(failure, silent):
    kept = await Bench(STATION, agent=Agent(failure=failure)).poll()
    assert isinstance(kept, Kept)
    assert kept.silent is silent


async def test_a_canary_is_only_asked_for_its_uptime():
    bench = Bench(agent=Agent({UPTIME: 5}))
    assert await bench.poll() == Told({}, 0, rtt_s=0.001)
    assert bench.agent.gets == [(UPTIME,)]
