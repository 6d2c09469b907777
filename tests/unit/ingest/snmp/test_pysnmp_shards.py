"""How pysnmp's engines are filled: its cost depends on it."""

import pytest

from ingest.snmp import pysnmp_shard
from ingest.snmp.engine import Target
from ingest.snmp.engine_pysnmp import PysnmpEngine
from schemas.credentials import AuthProtocol, Community, UsmUser
from tests.snmp_agents.fault_agent import FaultAgent, timeticks

UPTIME = "1.3.6.1.2.1.1.3.0"


def target(name, port=1161, credential=None):
    return Target(name, "127.0.0.1", port, credential or Community("c", "2c", "public"), 0.5, 0)


@pytest.fixture
async def engine():
    made = PysnmpEngine(lambda: 1)
    yield made
    await made.stop()


async def test_a_target_that_was_registered_up_front_is_not_registered_again(engine, monkeypatch):
    added = []
    add = pysnmp_shard.Shard.add
    monkeypatch.setattr(
        pysnmp_shard.Shard, "add", lambda shard, t, address: added.append(t.id) or add(shard, t, address)
    )
    async with FaultAgent({UPTIME: timeticks(1)}) as agent:
        await engine.start([target("a", agent.port)])
        await engine.get(target("a", agent.port), [UPTIME])
        await engine.get(target("a", agent.port), [UPTIME])
    assert added == ["a"]


async def test_shards_are_bounded_and_go_with_their_last_target(engine, monkeypatch):
    monkeypatch.setattr(pysnmp_shard, "SHARD_SIZE", 2)
    await engine.start([target(f"t{i}", 1000 + i) for i in range(5)])
    assert sorted(len(shard) for shard in engine._shards) == [1, 2, 2]
    for i in range(5):
        engine.forget(f"t{i}")
    assert engine._shards == []


async def test_two_keys_of_one_user_live_apart(engine):
    users = [UsmUser(str(i), "poller", AuthProtocol.SHA, f"key-number-{i}") for i in range(2)]
    await engine.start([target(f"t{i}", 1000 + i, user) for i, user in enumerate(users)])
    assert len(engine._shards) == 2


async def test_a_target_with_a_long_name_is_registered(engine):
    async with FaultAgent({UPTIME: timeticks(1)}) as agent:
        got = await engine.get(target("device:" + "x" * 80, agent.port), [UPTIME])
    assert got.varbinds[0].value == 1
