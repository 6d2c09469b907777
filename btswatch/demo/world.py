"""`python -m btswatch.demo.world`: the simulated outside world as one process.

Real SNMP agents on loopback UDP that follow the script and send their traps to the product, and simulated enterprises
that push to its gateway. It knows the product by its settings and its entrances only.
"""

import argparse
import asyncio
import contextlib
import random
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Final

import httpx
import structlog

from btswatch.demo.agents_of import agent_state, agents_of
from btswatch.demo.declarations import senders
from btswatch.demo.own_figures import own_figures
from btswatch.demo.pushers import Pusher
from btswatch.demo.readiness import answering
from btswatch.demo.record import RECORD, DemoRecord, DemoRecordError, read, read_tokens
from btswatch.demo.script import Course, Script, State, changes
from btswatch.demo.shares import SHARES
from btswatch.logs import configure
from btswatch.parts.part import Ending, Part, Together, run_until_told, system_now_ms
from btswatch.settings import Settings
from ingest.snmp.simulator import AgentState, Simulator
from schemas.credentials import Credential
from schemas.events import Submitted
from schemas.registry import WHOLE, Element, Registry
from schemas.status import Cause
from stores.registry.credentials import load_credentials
from stores.registry.load import load

# The script is read so far ahead at a time.
AHEAD_MS: Final = 120_000
# A power cut's end in a whole district, not a flood.
_STARTS_A_SECOND: Final = 50
_FIRST_START_S: Final = 1_767_225_600  # 2026-01-01: the number has 31 bits
_YOUNG_MS: Final = 86_400_000
_LOG = structlog.get_logger()


def starts_before(now_ms: int) -> int:
    """How often the agents count as started before: more at each start, though nobody keeps it."""
    return max(0, now_ms // 1000 - _FIRST_START_S)


class Agents:
    """The agents, changed as the script says, to the moment."""

    def __init__(
        self,
        script: Script,
        credentials: Mapping[str, Credential],
        trap_sink: tuple[str, int],
        seed: int,
        *,
        ready_url: str,
    ) -> None:
        self._script = script
        self._agents = agents_of(script.rows, credentials)
        self._agent_of = {row.id: agent for agent, (_, rows) in self._agents.items() for row in rows}
        self._trap_sink = trap_sink
        self._seed = seed
        self._ready_url = ready_url
        self._states: dict[str, State] = {}
        self._simulator: Simulator | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Answer, and follow the script."""
        now = system_now_ms()
        courses = self._script.courses(now, now + AHEAD_MS)
        self._states = {id_: course.at(now) for id_, course in courses.items()}
        self._simulator = Simulator(
            {agent: model for agent, (model, _) in self._agents.items()},
            {agent: self._shown(rows) for agent, (_, rows) in self._agents.items()},
            trap_sink=self._trap_sink,
            now_ms=system_now_ms,
            rng=random.Random(self._seed),
            starts=starts_before(now),
        )
        await self._simulator.start()
        _LOG.info("agents answer", agents=len(self._agents))
        self._tasks = [
            asyncio.create_task(self._follow(now, courses), name="agents"),
            asyncio.create_task(self._cold_starts(), name="cold starts"),
        ]

    async def stop(self, deadline_s: float) -> None:  # noqa: ARG002 - it takes no time
        """Fall silent."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if self._simulator is not None:
            await self._simulator.stop()

    def not_ready(self) -> str | None:
        """Nobody asks."""
        return None

    async def _follow(self, from_ms: int, courses: Mapping[str, Course]) -> None:
        while True:
            due = sorted(
                (at, id_, after)
                for id_, course in courses.items()
                if id_ in self._agent_of
                for at, _, after in changes(course)
            )
            for at, together in groupby(due, key=lambda one: one[0]):
                await asyncio.sleep(max(0, at - system_now_ms()) / 1000)
                self._change({id_: after for _, id_, after in together})
            until = from_ms + AHEAD_MS
            await asyncio.sleep(max(0, until - system_now_ms()) / 1000)
            # From a moment before: a change at the very edge is one of this stretch.
            courses, from_ms = self._script.courses(until - 1, until + AHEAD_MS), until

    async def _cold_starts(self) -> None:
        """All agents have just started, and say so as soon as somebody can hear it."""
        async with httpx.AsyncClient(trust_env=False) as client:
            await answering(client, self._ready_url)
        for agent, (_, rows) in self._agents.items():
            if self._simulator is not None:
                self._simulator.set_state(agent, self._shown(rows), restart=True)
            await asyncio.sleep(1 / _STARTS_A_SECOND)

    def _change(self, changed: Mapping[str, State]) -> None:
        if self._simulator is None:
            return
        before = {self._agent_of[id_]: self._states[id_] for id_ in changed}
        self._states |= changed
        for agent, was in before.items():
            rows = self._agents[agent][1]
            dark = was.silent and was.cause is Cause.POWER
            restart = dark and not self._states[rows[0].id].silent
            self._simulator.set_state(agent, self._shown(rows), restart=restart)

    def _shown(self, rows: tuple[Element, ...]) -> AgentState:
        return agent_state(rows, self._states, self._script)


def script_of(record: DemoRecord, registry: Registry) -> Script:
    """The demonstration's story."""
    return Script(registry, record.seed, record.live_from)


def world(settings: Settings) -> Part:
    """The agents and the enterprises' senders.

    Raises:
        DemoRecordError: the data directory is no demonstration's.
    """
    record = read(settings.data / RECORD, DemoRecord)
    if record is None:
        raise DemoRecordError(settings.data / RECORD, "is missing: this is no demonstration's directory")
    registry = load(settings.registry, zone=settings.zone)
    script = script_of(record, registry)
    tokens = read_tokens(settings.data)
    gateway = f"http://{settings.gateway.host}:{settings.gateway.port}"
    found = senders(script, registry.enterprises.values(), {})
    agents = Agents(
        script,
        load_credentials(settings.credentials),
        (settings.traps.host, settings.traps.port),
        record.seed,
        ready_url=f"http://{settings.status.host}:{settings.status.ingest_port}/readyz",
    )
    pushers = [
        Pusher(
            sender,
            gateway,
            tokens[name],
            system_now_ms,
            random.Random(f"{record.seed} {name}"),
            _own_figures(name, registry, record),
        )
        for name, sender in found.items()
    ]
    return Together(agents, *pushers)


def _own_figures(name: str, registry: Registry, record: DemoRecord) -> Iterator[Submitted]:
    """Of those with a radio network, while the events are young enough to be taken."""
    radio = any(share.id == name and share.stations > 0 for share in SHARES)
    unit = min((code for code, rows in registry.units.items() if rows[0].kind in WHOLE), default=None)
    if radio and unit is not None and system_now_ms() - record.live_from < _YOUNG_MS:
        yield from own_figures(name, unit, record.seed, record.live_from)


def main() -> None:
    """Run until told to stop."""
    parser = argparse.ArgumentParser(description="The demonstration's simulated agents and enterprises.")
    parser.add_argument("--settings", type=Path, required=True)
    settings = Settings.load(parser.parse_args().settings)
    configure()
    ending = Ending()
    asyncio.run(run_until_told(world(settings), ending, stop_s=settings.stop_s * 0.4))


if __name__ == "__main__":
    main()
