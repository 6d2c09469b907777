"""A deterministic SnmpEngine: agents are dicts, faults are set by the test. For planning and reading only; real engines
are tried in tests/contract/snmp and tests/integration."""

import asyncio
from dataclasses import dataclass, field

from ingest.snmp.engine import Answer, EngineState, Failure, NoAnswer, Rows, Varbind, VarbindKind

UPTIME = "1.3.6.1.2.1.1.3.0"


@dataclass
class Agent:
    """What one target answers: values by instance OID; `failure` instead of any; `hangs` never ends."""

    values: dict = field(default_factory=dict)
    failure: Failure | None = None
    hangs: bool = False
    takes_s: float = 0.0
    walks_hang: bool = False
    gets: list = field(default_factory=list)
    walks: list = field(default_factory=list)


class ScriptedEngine:
    def __init__(self, agents=None):
        self.agents = agents if agents is not None else {}
        self.forgotten = []
        self.started = False
        self.in_flight = {}

    async def start(self, targets=()):
        self.started = True

    async def stop(self):
        self.started = False

    async def _reach(self, target):
        agent = self.agents.get(target.id)
        if agent is None:
            return Agent(failure=NoAnswer(1, 0.0))
        assert not self.in_flight.get(target.id), "two requests of one device at once"
        self.in_flight[target.id] = True
        try:
            if agent.hangs:
                await asyncio.Event().wait()
            await asyncio.sleep(agent.takes_s)
        finally:
            self.in_flight[target.id] = False
        return agent

    async def get(self, target, oids):
        agent = await self._reach(target)
        agent.gets.append(tuple(oids))
        if agent.failure:
            return agent.failure
        return Answer(tuple(self._varbind(agent, oid) for oid in oids), 0.001)

    async def walk(self, target, columns, *, max_rows, deadline_s):
        agent = await self._reach(target)
        agent.walks.append(tuple(columns))
        if agent.walks_hang:
            await asyncio.Event().wait()
        if agent.failure:
            return agent.failure
        rows = {}
        for oid, value in agent.values.items():
            for column in columns:
                if oid.startswith(column + "."):
                    rows.setdefault(oid[len(column) + 1 :], {})[column] = value
        return Rows(rows, 0.001)

    def forget(self, target_id):
        self.forgotten.append(target_id)

    def state(self):
        return EngineState(0)

    @staticmethod
    def _varbind(agent, oid):
        if oid in agent.values:
            return Varbind(oid, VarbindKind.VALUE, agent.values[oid])
        return Varbind(oid, VarbindKind.NO_SUCH)


BTS = "1.3.6.1.4.1.99999.36.2"
IF = "1.3.6.1.2.1.2.2.1"
IFX = "1.3.6.1.2.1.31.1.1.1"


def bts(uptime_cs=100_000, oper=1, cells=3, total=3):
    return {
        UPTIME: uptime_cs,
        "1.3.6.1.2.1.1.2.0": "1.3.6.1.4.1.99999.36.1.1",
        f"{BTS}.1.1.0": oper,
        f"{BTS}.1.2.0": 1,
        f"{BTS}.1.3.0": total,
        f"{BTS}.1.4.0": cells,
        f"{BTS}.1.5.0": 0,
        f"{BTS}.1.6.0": 1,
        f"{BTS}.2.1.0": 1,
    }


def interface(index, name, *, oper=1, admin=1, alias="", in_octets=0, mbps=1000, discontinuity=0):
    return {
        f"{IF}.2.{index}": name.encode(),
        f"{IF}.7.{index}": admin,
        f"{IF}.8.{index}": oper,
        f"{IFX}.1.{index}": name.encode(),
        f"{IFX}.6.{index}": in_octets,
        f"{IFX}.10.{index}": 0,
        f"{IFX}.15.{index}": mbps,
        f"{IFX}.18.{index}": alias.encode(),
        f"{IFX}.19.{index}": discontinuity,
    }
