"""Evidence through Kafka and the whole Faust path, beside loops of peers over single messages, in one run.

The path is the product's own processes with their default settings: journal -> forwarder -> Kafka -> worker (decoding,
core, results, states in the table at checkpoints, acknowledgements). The peers fetch the same observations one a message
and keep nothing.

    python tests/benchmarks/bench_cluster.py [--elements 3000] [--rounds 1440] [--peers-rounds 200]

A round is a minute: by default the backlog is a day's. What a backlog costs once (a session's first reading of all
elements, telling all of them at its end) is in the figure.

Needs `btswatch stack install`. The Quix Streams loop runs in an environment of its own, made from
requirements-peers.lock on the first run.
"""

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import httpx
from kafka.admin import KafkaAdminClient, NewTopic

from btswatch.demo.ports import free_tcp
from btswatch.stack.kafka import KafkaServer
from btswatch.stack.places import servers_directory

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "cluster"), str(HERE.parents[1])]

from evidence import PARTITIONS, observations, registry, send_single  # noqa: E402 - lie beside this script
from peers import peers_python  # noqa: E402

from tests.cluster import Cluster, Process  # noqa: E402

COUNTED = re.compile(r'^btswatch_worker_events_total{outcome="counted"} (\S+)', re.MULTILINE)
FIGURES = re.compile(r'^btswatch_worker_results_total{topic="figures"} (\S+)', re.MULTILINE)
ENGINE_TIME = re.compile(r"^btswatch_worker_engine_time_seconds{[^}]*} (\S+)", re.MULTILINE)
CHECKPOINT_S = 10.0
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def told(name: str, count: int, seconds: float, cpu_s: float) -> float:
    say(f"{name:<62}{count / seconds:>10,.0f} /s {count / cpu_s:>10,.0f} /s and core")
    return count / cpu_s


def cpu_s(process: Process) -> float:
    """What the process has used of processors so far."""
    assert process.process is not None
    fields = Path(f"/proc/{process.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND


def loop(python: Path | str, script: str, *arguments: object) -> tuple[int, float, float]:
    """What a loop in a process of its own says of itself: messages, seconds, CPU seconds."""
    command = [str(python), str(HERE / "cluster" / script), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{script}: {done.stderr}")
    found = json.loads(done.stdout.splitlines()[-1])
    return found["messages"], found["seconds"], found["cpu_s"]


def peers(bootstrap: str, lines: list[bytes]) -> dict[str, float]:
    topic = "single"
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.create_topics([NewTopic(topic, PARTITIONS, 1)])
    admin.close()
    asyncio.run(send_single(bootstrap, topic, lines))
    found = {}
    bare = "aiokafka_loop.py", bootstrap, topic, len(lines)
    name = "bare aiokafka, single messages, only fetched"
    found["bare aiokafka"] = told(name, *loop(sys.executable, *bare))
    name = "aiokafka, single messages, json.loads"
    found["aiokafka with json.loads"] = told(name, *loop(sys.executable, *bare, "json"))
    python = peers_python()
    if python is None:
        say("Quix Streams: absent")
    else:
        name = "Quix Streams, single messages, JSON, one update function"
        found["Quix Streams"] = told(name, *loop(python, "quix_loop.py", bootstrap, topic, len(lines)))
    return found


def until(done: Callable[[], bool], process: Process) -> None:
    while not done():
        if not process.running:
            sys.exit(f"{process.name} ended:\n{process.last_lines()}")
        time.sleep(0.5)  # asking is work for it too


def ours(root: Path, bootstrap: str, elements: int, rounds: int) -> float:
    """The worker's rate a core, from the first observation to the last acknowledgement."""
    count, entries = elements * rounds, observations(elements, rounds)
    port = free_tcp()
    cluster = Cluster(
        root,
        bootstrap,
        "bench.",
        registry(elements),
        forwarder={},
        worker={"checkpoint_s": CHECKPOINT_S, "session_s": 8.0},
        status={"worker_port": port},
    )
    try:
        while piece := list(islice(entries, 20_000)):
            cluster.append(piece)
        last = cluster.journal.last_offset()
        began = time.perf_counter()
        forwarder = cluster.forwarder()
        until(lambda: cluster.journal.position("forwarder") > 0, forwarder)
        before, began, used = cluster.journal.position("forwarder"), time.perf_counter(), cpu_s(forwarder)
        until(lambda: cluster.journal.position("forwarder") >= last, forwarder)
        sent = max(1, last - before)
        told("forwarder, journal to Kafka", sent, time.perf_counter() - began, cpu_s(forwarder) - used)
        ends = cluster.ends(("evidence",))
        say(f"{sum(ends.values()):,} messages for {count:,} observations")
        worker = cluster.worker()
        return _worker(cluster, worker, port, count, ends, elements)
    finally:
        cluster.close()


def _worker(cluster: Cluster, worker: Process, port: int, count: int, ends: dict, elements: int) -> float:
    def read(metric: re.Pattern[str]) -> int:
        try:
            found = metric.search(httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text)
        except httpx.HTTPError:
            return 0
        return int(float(found[1])) if found else 0

    began, used = time.perf_counter(), cpu_s(worker)
    while not read(ENGINE_TIME):
        began, used = time.perf_counter(), cpu_s(worker)
        until(lambda: True, worker)
        time.sleep(0.05)
    until(lambda: read(COUNTED) >= count and cluster.lag("worker", ends) == 0, worker)
    taken = time.perf_counter() - began
    # What is told at the backlog's end is part of its cost: every partition makes one more checkpoint.
    time.sleep(CHECKPOINT_S + 5)
    assert read(FIGURES) >= elements
    return told("ours: Faust worker, all of the path", count, taken, cpu_s(worker) - used)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--elements", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=1440)
    parser.add_argument("--peers-rounds", type=int, default=200)
    arguments = parser.parse_args()
    lines = [entry.body for entry in observations(arguments.elements, arguments.peers_rounds)]
    count = arguments.elements * arguments.rounds
    say(
        f"{arguments.elements} elements, {count:,} observations of {len(lines[0])} bytes, {len(lines):,} for peers"
    )
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        with KafkaServer(servers_directory(), root / "kafka") as kafka:
            rate = ours(root, kafka.bootstrap, arguments.elements, arguments.rounds)
            others = peers(kafka.bootstrap, lines)
    for name, other in others.items():
        say(f"ours is {rate / other:.2f} times {name}, per core")


if __name__ == "__main__":
    main()
