"""The simulated agents' own cost: what a poll takes from the process that answers it.

    python tests/benchmarks/bench_simulator.py [--agents 3000]

Starts the agents as the demo does (a process of its own), polls each once with gufo-snmp (a third of them SNMPv3) and
prints that process's CPU time per poll, its share of a core at 3,000 polls a minute, and its memory. Linux only.
"""

import argparse
import asyncio
import itertools
import json
import os
import socket
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
KEY = "at-least-eight"
sys.path.insert(0, str(ROOT))

from ingest.snmp.engine import Answer, Target  # noqa: E402 - the path above comes first
from ingest.snmp.engine_gufo import GufoEngine  # noqa: E402
from ingest.snmp.profiles import load_profiles  # noqa: E402
from ingest.snmp.requests import plan_requests  # noqa: E402
from ingest.snmp.simulator import (  # noqa: E402
    AgentModel,
    AgentState,
    CellState,
    InterfaceState,
    SimulatedUser,
    StationState,
    loopback_addresses,
)
from schemas.credentials import AuthProtocol, Community, Credential, PrivProtocol, UsmUser  # noqa: E402

USER = SimulatedUser(
    user="btswatch",
    auth_protocol=AuthProtocol.SHA_256,
    auth_key=KEY,
    priv_protocol=PrivProtocol.AES_128,
    priv_key=KEY,
)
V3 = UsmUser("core", "btswatch", AuthProtocol.SHA_256, KEY, PrivProtocol.AES_128, KEY)
V2C = Community("access", "2c", "seen")
STATE = AgentState(
    station=StationState(cells=tuple(CellState(name=f"C{n}") for n in range(9))),
    interfaces=tuple(InterfaceState(name=f"ge-0/0/{n}", in_bps=10_000_000) for n in range(4)),
)


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int) -> int:
    line = next(li for li in Path(f"/proc/{pid}/status").read_text().splitlines() if li.startswith("VmRSS"))
    return int(line.split()[1]) // 1024


async def poll_all(engine: GufoEngine, targets: list[Target], walk: bool) -> int:
    station = plan_requests(load_profiles().by_name["bts_demo"]).scalars
    columns = plan_requests(load_profiles().by_name["interface"]).tables[0].columns
    room = asyncio.Semaphore(50)

    async def poll(target: Target) -> bool:
        async with room:
            answer = await engine.get(target, station)
            if walk:
                await engine.walk(target, columns, max_rows=50, deadline_s=10)
            return isinstance(answer, Answer)

    return sum(await asyncio.gather(*(poll(target) for target in targets)))


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--agents", type=int, default=3000, help="simulated agents")
    count = parser.parse_args().agents
    credentials: list[Credential] = [V3 if n % 3 == 0 else V2C for n in range(count)]
    agents, targets = {}, []
    for n, (host, port) in enumerate(loopback_addresses(count, free_port())):
        v3 = credentials[n] is V3
        agents[f"S{n}"] = AgentModel(
            host=host, port=port, name=f"S{n}", user=USER if v3 else None, community=None if v3 else "seen"
        )
        targets.append(Target(f"S{n}", host, port, credentials[n], 2.0, 1))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ingest.snmp.simulator"),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin
    assert process.stdout
    started = time.monotonic()
    script = {
        "agents": {id_: model.model_dump(mode="json") for id_, model in agents.items()},
        "states": dict.fromkeys(agents, STATE.model_dump(mode="json")),
    }
    process.stdin.write(json.dumps(script).encode() + b"\n")
    await process.stdin.drain()
    print(
        f"{count} agents ready after {time.monotonic() - started:.1f} s: {await process.stdout.readline()!r}"
    )
    numbers = itertools.count(1)
    engine = GufoEngine(lambda: next(numbers))
    await engine.start()
    await poll_all(engine, targets, walk=False)  # sessions and keys
    for what, walk in (
        ("station GET of 13 objects", False),
        ("station GET and a walk of 4 x 12 cells", True),
    ):
        before = cpu_s(process.pid)
        answered = await poll_all(engine, targets, walk)
        each = (cpu_s(process.pid) - before) / count
        print(
            f"{what}: {answered} of {count} answered, {each * 1e6:.0f} us of CPU a poll,"
            f" {each * 3000 / 60:.1%} of a core at 3,000 a minute"
        )
    print(f"memory: {memory_mb(process.pid)} MB")
    await engine.stop()
    process.stdin.close()
    await process.wait()


if __name__ == "__main__":
    asyncio.run(main())
