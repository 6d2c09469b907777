"""CPU of the whole poller (plan, poll, assess, event, journal) per 1,000 targets, against Debian's snmp exporter.

    python tests/benchmarks/bench_poller.py [--agents 1000] [--rounds 3] [--exporter PATH]

Simulated agents run in another process, whose CPU is not counted. Both contenders ask the same agents for the same
objects, in turn and at the same pace: `get` is the demonstration's base station (12 scalars in one GET), `walk` a table of 24 rows and 8
columns. The first round warms up and is not counted.
"""

import argparse
import asyncio
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.request import urlopen

import yaml

from ingest.snmp.devices import Device, View
from ingest.snmp.engine import EngineName, Target
from ingest.snmp.engine_gufo import GufoEngine
from ingest.snmp.planning import Timing
from ingest.snmp.poller import Poller
from ingest.snmp.profile_model import Profile
from ingest.snmp.profiles import Profiles, load_profiles
from ingest.snmp.simulator.sockets import loopback_addresses
from schemas.credentials import Community
from schemas.metrics import POLLS
from schemas.registry import Kind
from schemas.settings.poll import PollSettings
from stores.journal import GroupCommit, Journal

IF, IFX = "1.3.6.1.2.1.2.2.1", "1.3.6.1.2.1.31.1.1.1"
TABLE = Profile.model_validate(
    {
        "name": "bench_table",
        "title": "24 rows, 8 columns",
        "subject": "station",
        "tables": {
            "interfaces": {
                "columns": {
                    "ifAdminStatus": {"oid": f"{IF}.7", "kind": "gauge"},
                    "ifOperStatus": {"oid": f"{IF}.8", "kind": "enum", "values": {1: "up", 2: "down"}},
                    "ifInErrors": {"oid": f"{IF}.14", "kind": "counter32"},
                    "ifOutErrors": {"oid": f"{IF}.20", "kind": "counter32"},
                    "ifName": {"oid": f"{IFX}.1", "kind": "text"},
                    "ifHCInOctets": {"oid": f"{IFX}.6", "kind": "counter64"},
                    "ifHCOutOctets": {"oid": f"{IFX}.10", "kind": "counter64"},
                    "ifHighSpeed": {"oid": f"{IFX}.15", "kind": "gauge"},
                }
            }
        },
        "summaries": {
            "interfacesUp": {
                "table": "interfaces",
                "of": "count",
                "where": {"ifOperStatus": "up"},
                "metric": "up",
            }
        },
        "status": [{"when": {"interfacesUp": {"ge": 1}}, "status": "up"}],
    }
)


def profiles() -> Profiles:
    return Profiles({**load_profiles().by_name, TABLE.name: TABLE})


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def poll(job: str, agents: int, rounds: int, port: int, interval_s: float) -> None:
    """The child: polls for a warm round and `rounds` counted ones, prints what they cost."""
    profile = "bts_demo" if job == "get" else TABLE.name
    devices = [
        Device(
            Target(f"{host}:{at}", host, at, Community("c", "2c", "public"), 1.0, 2),
            EngineName.GUFO,
            Timing(f"{host}:{at}", int(interval_s * 1000), 15_000, 90_000),
            10.0,
            "bench",
            (View(f"S-{number}", Kind.STATION, profile),),
        )
        for number, (host, at) in enumerate(loopback_addresses(agents, port))
    ]
    with tempfile.TemporaryDirectory() as directory:
        journal = Journal(Path(directory) / "journal.db")
        journal.open()
        group = GroupCommit(journal)
        await group.start()
        numbers = iter(range(1, 2**31))
        poller = Poller(
            PollSettings(),
            profiles(),
            {EngineName.GUFO: GufoEngine(lambda: next(numbers))},
            group,
            now_ms=lambda: time.time_ns() // 1_000_000,
            monotonic=time.monotonic,
        )
        poller.replace(devices)
        await poller.start()
        answered = POLLS.counter().labels("answered")._value
        await asyncio.sleep(interval_s)
        before, polls, offset = cpu_s(), answered.get(), journal.last_offset()
        await asyncio.sleep(interval_s * rounds)
        spent, done = cpu_s() - before, answered.get() - polls
        events = journal.last_offset() - offset
        await poller.stop(5)
        await group.stop(5)
        journal.close()
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"cpu_s": spent, "polls": done, "events": events, "rss_mb": rss}))


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def simulate(agents: int, port: int) -> subprocess.Popen:
    script = {
        "agents": {
            f"a{n}": {"host": host, "port": at, "name": f"a{n}", "community": "public"}
            for n, (host, at) in enumerate(loopback_addresses(agents, port))
        },
        "states": {
            f"a{n}": {
                "station": {"cells": [{"name": f"c{c}"} for c in range(3)]},
                "interfaces": [{"name": f"ge-0/0/{i}", "in_bps": 10**6} for i in range(24)],
            }
            for n in range(agents)
        },
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "ingest.snmp.simulator"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    process.stdin.write(json.dumps(script).encode() + b"\n")
    process.stdin.flush()
    print("agents:", process.stdout.readline().decode().strip())
    return process


def exporter_config(directory: Path) -> Path:
    def metric(name: str, oid: str, kind: str, table: bool) -> dict:
        made = {"name": name, "oid": oid, "type": kind, "help": name}
        return made | ({"indexes": [{"labelname": "ifIndex", "type": "gauge"}]} if table else {})

    scalars = [described.oid for described in load_profiles().by_name["bts_demo"].scalars.values()]
    columns = TABLE.tables["interfaces"].columns
    kinds = {"counter32": "counter", "counter64": "counter", "text": "DisplayString"}
    common = {"auth": {"community": "public"}, "version": 2, "retries": 2, "timeout": "1s"}
    modules = {
        "get": {
            "get": scalars,
            "metrics": [
                metric(f"m{n}", oid.removesuffix(".0"), "gauge", False) for n, oid in enumerate(scalars)
            ],
            **common,
        },
        "walk": {
            "walk": [column.oid for column in columns.values()],
            "metrics": [
                metric(name, column.oid, kinds.get(column.kind.value, "gauge"), True)
                for name, column in columns.items()
            ],
            "max_repetitions": 25,
            **common,
        },
    }
    path = directory / "snmp.yml"
    path.write_text(yaml.safe_dump(modules))
    return path


def process_cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def scrape(program: str, job: str, agents: int, rounds: int, port: int, interval_s: float) -> dict:
    with tempfile.TemporaryDirectory() as directory, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        listen = probe.getsockname()[1]
        probe.close()
        process = subprocess.Popen(
            [
                program,
                f"--config.file={exporter_config(Path(directory))}",
                f"--web.listen-address=127.0.0.1:{listen}",
                "--log.level=error",
            ],
            env={**os.environ, "GOMAXPROCS": "1"},
        )
        addresses = loopback_addresses(agents, port)

        def one(address: tuple[str, int]) -> int:
            url = f"http://127.0.0.1:{listen}/snmp?module={job}&target={address[0]}:{address[1]}"
            with urlopen(url, timeout=30) as answer:
                return answer.read().count(b"\n")

        try:
            for _ in range(100):
                try:
                    one(addresses[0])
                    break
                except OSError:
                    time.sleep(0.1)
            with ThreadPoolExecutor(50) as pool:

                def paced() -> list[int]:
                    """One round, spread over the interval as the poller's is."""
                    start, answers = time.monotonic(), []
                    for number, address in enumerate(addresses):
                        time.sleep(max(0.0, start + number * interval_s / agents - time.monotonic()))
                        answers.append(pool.submit(one, address))
                    return [answer.result() for answer in answers]

                lines = paced()
                before = process_cpu_s(process.pid)
                for _ in range(rounds):
                    lines = paced()
            spent = process_cpu_s(process.pid) - before
            return {"cpu_s": spent, "polls": rounds * agents, "lines": min(lines)}
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(10)


def child(job: str, options: argparse.Namespace, port: int) -> dict:
    done = subprocess.run(
        [
            sys.executable, __file__, "--child", job, "--port", str(port), "--agents", str(options.agents),
            "--rounds", str(options.rounds), "--interval", str(options.interval),
        ],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return json.loads(done.stdout.strip().splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--interval", type=float, default=10.0)
    parser.add_argument("--exporter", default=shutil.which("prometheus-snmp-exporter"))
    parser.add_argument("--child")
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    if options.child:
        asyncio.run(poll(options.child, options.agents, options.rounds, options.port, options.interval))
        return
    port = options.port or free_port()
    agents = simulate(options.agents, port)
    try:
        for job in ("get", "walk"):
            ours = child(job, options, port)
            cost = 1000 * ours["cpu_s"] / ours["polls"]
            print(
                f"{job}: poller {cost:.3f} CPU s per 1,000 targets ({ours['polls']:.0f} polls, "
                f"{ours['events']} events in the journal, {ours['rss_mb']} MB)"
            )
            if not options.exporter:
                print(f"{job}: no prometheus-snmp-exporter here: no ratio")
                continue
            theirs = scrape(options.exporter, job, options.agents, options.rounds, port, options.interval)
            peer = 1000 * theirs["cpu_s"] / theirs["polls"]
            print(
                f"{job}: exporter {peer:.3f} ({theirs['lines']} lines a scrape); poller/exporter = {cost / peer:.2f}"
            )
    finally:
        agents.stdin.close()
        agents.wait(10)


if __name__ == "__main__":
    main()
