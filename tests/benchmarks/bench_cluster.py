"""Evidence through Kafka and the whole Faust path, beside loops of peers over single messages, in one run.

The path is the product's own processes with their default settings: journal -> forwarder -> Kafka -> worker (decoding,
core, results, states in the table at checkpoints, acknowledgements). The peers fetch the same observations one a message
and keep nothing.

    python tests/benchmarks/bench_cluster.py [--elements 3000] [--rounds 200]

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
from pathlib import Path

import httpx
from kafka.admin import KafkaAdminClient, NewTopic

from btswatch.demo.ports import free_tcp
from btswatch.stack.kafka import KafkaServer
from btswatch.stack.places import servers_directory
from stores.journal import NewEntry

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "cluster"), str(HERE.parents[1])]

from evidence import PARTITIONS, observations, registry, send_single  # noqa: E402 - lie beside this script
from peers import peers_python  # noqa: E402

from tests.cluster import Cluster, Process  # noqa: E402

COUNTED = re.compile(r'^btswatch_worker_events_total{outcome="counted"} (\S+)', re.MULTILINE)
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
        time.sleep(0.1)


def ours(root: Path, bootstrap: str, elements: int, entries: list[NewEntry]) -> float:
    """The worker's rate a core, from the first observation to the last acknowledgement."""
    port = free_tcp()
    cluster = Cluster(
        root,
        bootstrap,
        "bench.",
        registry(elements),
        forwarder={},
        worker={"checkpoint_s": 10.0, "session_s": 8.0},
        status={"worker_port": port},
    )
    try:
        for first in range(0, len(entries), 20_000):
            cluster.append(entries[first : first + 20_000])
        last = cluster.journal.last_offset()
        began = time.perf_counter()
        forwarder = cluster.forwarder()
        until(lambda: cluster.journal.position("forwarder") > 0, forwarder)
        before, began, used = cluster.journal.position("forwarder"), time.perf_counter(), cpu_s(forwarder)
        until(lambda: cluster.journal.position("forwarder") >= last, forwarder)
        sent = max(1, last - before)
        told("forwarder, journal to Kafka", sent, time.perf_counter() - began, cpu_s(forwarder) - used)
        ends = cluster.ends(("evidence",))
        say(f"{sum(ends.values()):,} messages for {len(entries):,} observations")
        worker = cluster.worker()
        return _worker(cluster, worker, port, len(entries), ends)
    finally:
        cluster.close()


def _worker(cluster: Cluster, worker: Process, port: int, count: int, ends: dict) -> float:
    def counted() -> int:
        try:
            found = COUNTED.search(httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text)
        except httpx.HTTPError:
            return 0
        return int(float(found[1])) if found else 0

    began, used = time.perf_counter(), 0.0
    while not counted():
        began, used = time.perf_counter(), cpu_s(worker)
        until(lambda: True, worker)
        time.sleep(0.05)
    until(lambda: counted() >= count, worker)
    taken = time.perf_counter() - began
    until(lambda: cluster.lag("worker", ends) == 0, worker)
    return told("ours: Faust worker, all of the path", count, taken, cpu_s(worker) - used)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--elements", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=200)
    arguments = parser.parse_args()
    entries = list(observations(arguments.elements, arguments.rounds))
    say(f"{arguments.elements} elements, {len(entries):,} observations of {len(entries[0].body)} bytes")
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        with KafkaServer(servers_directory(), root / "kafka") as kafka:
            rate = ours(root, kafka.bootstrap, arguments.elements, entries)
            others = peers(kafka.bootstrap, [entry.body for entry in entries])
    for name, other in others.items():
        say(f"ours is {rate / other:.2f} times {name}, per core")


if __name__ == "__main__":
    main()
