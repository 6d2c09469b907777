"""All simulated agents of a process."""

import asyncio
import itertools
import random
from collections.abc import Callable, Mapping

from ingest.snmp.ber import Binding
from ingest.snmp.simulator.agent import SimulatedAgent
from ingest.snmp.simulator.model import AgentModel, AgentState, SimulatedUser
from ingest.snmp.simulator.notifications import cold_start, notifications
from ingest.snmp.simulator.sockets import AgentSockets, Local
from ingest.snmp.usm import UserKeys
from schemas.credentials import UsmUser


class Simulator:
    """Agents by id on loopback UDP. They answer from `start` on; `set_state` changes what they say and sends traps.

    Args:
        agents: what they are.
        states: what they are in; one that is not given has no station and no interface.
        trap_sink: where traps go, None for nowhere.
        now_ms: the clock of uptimes and counters.
        rng: decides which requests are lost and where salts begin.
        starts: of each agent before this one. A manager refuses what comes with fewer boots than it knows (RFC 3414).
    """

    def __init__(
        self,
        agents: Mapping[str, AgentModel],
        states: Mapping[str, AgentState],
        *,
        trap_sink: Local | None,
        now_ms: Callable[[], int],
        rng: random.Random,
        starts: int = 0,
    ) -> None:
        # Once per user, not per agent: a password is hashed as a megabyte.
        masters = {user: _keys(user) for user in {model.user for model in agents.values() if model.user}}
        self._agents = {
            id_: SimulatedAgent(
                model,
                states.get(id_, AgentState()),
                masters[model.user] if model.user else None,
                now_ms,
                rng.getrandbits(63),
                starts,
            )
            for id_, model in agents.items()
        }
        self._by_address = {(agent.model.host, agent.model.port): agent for agent in self._agents.values()}
        self._trap_sink = trap_sink
        self._rng = rng
        self._numbers = itertools.count(rng.getrandbits(24))
        self._sockets = AgentSockets(self._by_address, self._received)
        self._delayed: set[asyncio.TimerHandle] = set()
        self.requests = 0
        self.traps = 0

    async def start(self) -> None:
        """Answer from now on.

        Raises:
            OSError: an address can't be bound.
        """
        self._sockets.open()

    async def stop(self) -> None:
        """Fall silent."""
        for handle in self._delayed:
            handle.cancel()
        self._delayed.clear()
        self._sockets.close()

    def state(self, id_: str) -> AgentState:
        """What really is."""
        return self._agents[id_].state

    def set_state(self, id_: str, state: AgentState, *, restart: bool = False) -> None:
        """Change what is; the agent sends the traps of it, unless it is out.

        Args:
            id_: the agent.
            state: what is from now on.
            restart: it was without power meanwhile: uptime and counters from zero, one boot more, a coldStart.
        """
        agent = self._agents[id_]
        before = agent.become(state)
        if restart:
            agent.restart()
        if state.behaviour.silent:
            return
        if restart:
            self._trap(agent, cold_start(agent))
        for bindings in notifications(agent, before):
            self._trap(agent, bindings)

    def _trap(self, agent: SimulatedAgent, bindings: tuple[Binding, ...]) -> None:
        data = agent.notification(bindings, next(self._numbers) & 0x7FFF_FFFF)
        if data is not None and self._trap_sink is not None:
            self.traps += 1
            self._sockets.send((agent.model.host, agent.model.port), data, self._trap_sink)

    def _received(self, local: Local, data: bytes, remote: Local) -> None:
        self.requests += 1
        agent = self._by_address[local]
        behaviour = agent.state.behaviour
        if behaviour.silent or (behaviour.loss and self._rng.random() < behaviour.loss):
            return
        answer = agent.answer(data)
        if answer is None:
            return
        if behaviour.delay_s:
            self._later(behaviour.delay_s, local, answer, remote)
        else:
            self._sockets.send(local, answer, remote)

    def _later(self, delay_s: float, local: Local, answer: bytes, remote: Local) -> None:
        def send() -> None:
            self._delayed.discard(handle)
            self._sockets.send(local, answer, remote)

        handle = asyncio.get_running_loop().call_later(delay_s, send)
        self._delayed.add(handle)


def _keys(user: SimulatedUser) -> UserKeys:
    return UserKeys(
        UsmUser(user.user, user.user, user.auth_protocol, user.auth_key, user.priv_protocol, user.priv_key)
    )
