"""CPU seconds per 1,000 targets of the gufo adapter and the pysnmp adapter, against agents in another process.

    python tests/benchmarks/bench_snmp_engines.py [--agents 200] [--rounds 5]

Only the polling process is counted (user + system). Rounds alternate between the engines, the first of each (sessions,
discovery, keys) is printed apart as cold; the ratio is the median of paired warm rounds. Each engine asks in bounded
concurrency, GETs of 10 objects and walks of 24 rows by 8 columns.
"""

import argparse
import asyncio
import itertools
import multiprocessing
import resource
import statistics
from multiprocessing.connection import Connection

from ingest.snmp.engine import Answer, Rows, SnmpEngine, Target
from ingest.snmp.engine_gufo import GufoEngine
from ingest.snmp.engine_pysnmp import PysnmpEngine
from schemas.credentials import Community
from tests.snmp_agents.fault_agent import FaultAgent, counter64, integer, octets, timeticks

COLUMNS = [f"1.3.6.1.2.1.31.1.1.1.{c}" for c in range(1, 9)]
SCALARS = {"1.3.6.1.2.1.1.3.0": timeticks(100), "1.3.6.1.2.1.1.5.0": octets(b"agent")}
TABLE = {f"{column}.{row}": counter64(10**12 + row) for column in COLUMNS for row in range(1, 25)}
AFTER = {"1.3.6.1.2.1.32.1.0": integer(1)}
GET = [*SCALARS, *list(TABLE)[:8]]
IN_FLIGHT = 50


def serve(count: int, ports: Connection) -> None:
    async def run() -> None:
        agents = [FaultAgent(SCALARS | TABLE | AFTER) for _ in range(count)]
        for agent in agents:
            await agent.__aenter__()
        ports.send([agent.port for agent in agents])
        await asyncio.get_running_loop().run_in_executor(None, ports.recv)

    asyncio.run(run())


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def one_round(engine: SnmpEngine, targets: list[Target], job: str) -> float:
    """CPU seconds per 1,000 targets."""
    gate = asyncio.Semaphore(IN_FLIGHT)

    async def poll(target: Target) -> None:
        async with gate:
            if job == "get":
                got = await engine.get(target, GET)
                assert isinstance(got, Answer) and len(got.varbinds) == len(GET), got  # noqa: PT018 - one fact
            else:
                walked = await engine.walk(target, COLUMNS, max_rows=100, deadline_s=60)
                assert isinstance(walked, Rows) and len(walked.rows) == 24, walked  # noqa: PT018 - one fact

    before = cpu()
    await asyncio.gather(*(poll(target) for target in targets))
    return (cpu() - before) * 1000 / len(targets)


async def measure(ports: list[int], rounds: int) -> None:
    targets = [
        Target(f"agent-{port}", "127.0.0.1", port, Community("c", "2c", "public"), 30.0, 1) for port in ports
    ]
    numbers = itertools.count(1)
    engines: dict[str, SnmpEngine] = {
        "gufo": GufoEngine(lambda: next(numbers)),
        "pysnmp": PysnmpEngine(lambda: next(numbers)),
    }
    print(f"{len(targets)} agents, CPU s per 1,000 targets; median [min-max] of {rounds} warm rounds")
    for job in ("get", "walk"):
        # A walk is asked of fewer: pysnmp takes seconds for a hundred.
        asked = targets if job == "get" else targets[: max(1, len(targets) // 4)]
        cold, warm = {}, {name: [] for name in engines}
        for name, engine in engines.items():
            await engine.start(asked)
            cold[name] = await one_round(engine, asked, job)
        for _ in range(rounds):
            for name, engine in engines.items():
                warm[name].append(await one_round(engine, asked, job))
        for name, figures in warm.items():
            spread = f"[{min(figures):.3f}-{max(figures):.3f}]"
            print(f"{job:5} {name:7} {statistics.median(figures):8.3f} {spread:18} first {cold[name]:8.3f}")
        ratios = [slow / fast for fast, slow in zip(warm["gufo"], warm["pysnmp"], strict=True)]
        print(f"{job:5} pysnmp / gufo {statistics.median(ratios):.1f} [{min(ratios):.1f}-{max(ratios):.1f}]")
    for engine in engines.values():
        await engine.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--agents", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    here, there = multiprocessing.Pipe()
    agents = multiprocessing.get_context("spawn").Process(
        target=serve, args=(chosen.agents, there), daemon=True
    )
    agents.start()
    try:
        asyncio.run(measure(here.recv(), chosen.rounds))
    finally:
        here.send("stop")
        agents.join(10)


if __name__ == "__main__":
    main()
