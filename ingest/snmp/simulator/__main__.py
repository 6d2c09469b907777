"""`python -m ingest.snmp.simulator`: the agents as a process of their own, told what to do by lines of JSON.

The first line on stdin is a `Script`; `{"ready": N}` on stdout says that N agents answer. Each further line is a
`Change`. A line that is none is answered with `{"error": ...}` and changes nothing. It ends with stdin, or on SIGTERM.
"""

import asyncio
import json
import random
import resource
import signal
import sys
import time
from collections.abc import Mapping

from pydantic import Field, ValidationError

from ingest.snmp.simulator.model import AgentModel, AgentState
from ingest.snmp.simulator.simulator import Simulator
from schemas.base import Contract

# A province of 60,000 agents in one line.
_LONGEST_LINE = 256 << 20
_MANY_FILES = 10_240


class Script(Contract):
    """What to simulate."""

    agents: Mapping[str, AgentModel]
    states: Mapping[str, AgentState] = Field(default_factory=dict)
    trap_sink: tuple[str, int] | None = None
    seed: int = 0


class Change(Contract):
    """An agent's state from now on."""

    agent: str
    state: AgentState
    restart: bool = False


async def main() -> None:
    """Run until stdin ends or SIGTERM comes."""
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader(limit=_LONGEST_LINE)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    script = Script.model_validate_json(await lines.readline())
    simulator = Simulator(
        script.agents,
        script.states,
        trap_sink=script.trap_sink,
        now_ms=lambda: time.time_ns() // 1_000_000,
        rng=random.Random(script.seed),
    )
    _raise_file_limit()
    await simulator.start()
    _say(ready=len(script.agents))
    reading = asyncio.create_task(_changes(simulator, lines))
    loop.add_signal_handler(signal.SIGTERM, reading.cancel)
    try:
        await reading
    except asyncio.CancelledError:
        pass
    finally:
        await simulator.stop()


async def _changes(simulator: Simulator, lines: asyncio.StreamReader) -> None:
    async for line in lines:
        try:
            change = Change.model_validate_json(line)
            simulator.set_state(change.agent, change.state, restart=change.restart)
        except ValidationError as error:
            _say(error=str(error))
        except KeyError as error:
            _say(error=f"there is no agent {error}")


def _raise_file_limit() -> None:
    """Where each agent has its own socket, the usual soft limit of 256 to 1,024 files is too low."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MANY_FILES if hard == resource.RLIM_INFINITY else min(_MANY_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _say(**what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main())
