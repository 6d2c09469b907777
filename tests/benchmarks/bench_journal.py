"""Appends a second, beside a bare sqlite3 executemany with the same durability in the same run.

    python tests/benchmarks/bench_journal.py [--events 20000]

The peer writes the same bodies into one table without identities, digests or receipts: its figure is what
the disk and SQLite allow. Disks differ, so only the ratios mean something elsewhere.
"""

import argparse
import asyncio
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from schemas.events import SUBMITTED
from schemas.status import Track
from stores.entries import entry_of
from stores.journal import GroupCommit, Journal, NewEntry


def entries(prefix: str, count: int) -> list[NewEntry]:
    made = []
    for number in range(count):
        event = SUBMITTED.validate_python(
            {
                "specversion": "1.0",
                "id": f"{prefix}{number}",
                "source": "viettel/noc",
                "type": "btswatch.status.v1",
                "subject": f"LSN-{number % 1000:04d}",
                "time": "2026-11-02T12:00:57.427+07:00",
                "data": {"status": "up", "metrics": {"cells_up": 3, "users": 41}},
            }
        )
        made.append(entry_of(event, received_ms=1_793_600_000_123, track=Track.DECLARED, reporter="viettel"))
    return made


def rate(count: int, work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return count / (time.perf_counter() - started)


def peer(path: Path, bodies: list[bytes], size: int) -> None:
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("PRAGMA journal_mode = WAL")
    raw.execute("PRAGMA synchronous = FULL")
    raw.execute("CREATE TABLE IF NOT EXISTS entry(offset INTEGER PRIMARY KEY, body BLOB)")
    for first in range(0, len(bodies), size):
        raw.execute("BEGIN IMMEDIATE")
        raw.executemany("INSERT INTO entry(body) VALUES (?)", ((b,) for b in bodies[first : first + size]))
        raw.execute("COMMIT")
    raw.close()


def batched(journal: Journal, made: list[NewEntry], size: int) -> None:
    for first in range(0, len(made), size):
        journal.append(made[first : first + size], "01JZ0000000000000000000000")


async def grouped(journal: Journal, made: list[NewEntry], callers: int) -> None:
    group = GroupCommit(journal)
    await group.start()
    line = iter(made)

    async def caller() -> None:
        for entry in line:
            await group.append([entry])

    await asyncio.gather(*(caller() for _ in range(callers)))
    await group.stop(10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=20_000)
    count = parser.parse_args().events
    singles = min(count, 500)
    started = time.process_time()
    made = {name: entries(name, count) for name in ("s", "h", "b", "g")}
    cpu_us = (time.process_time() - started) / (4 * count) * 1e6
    bodies = [entry.body for entry in made["s"]]
    with (
        tempfile.TemporaryDirectory(dir=Path.cwd()) as directory,
        Journal(Path(directory) / "j.db") as journal,
    ):
        root = Path(directory)
        rows = [
            (
                "one by one",
                rate(singles, lambda: batched(journal, made["s"][:singles], 1)),
                rate(singles, lambda: peer(root / "p.db", bodies[:singles], 1)),
            ),
            (
                "batches of 100",
                rate(count, lambda: batched(journal, made["h"], 100)),
                rate(count, lambda: peer(root / "p.db", bodies, 100)),
            ),
            (
                "batches of 1,000",
                rate(count, lambda: batched(journal, made["b"], 1_000)),
                rate(count, lambda: peer(root / "p.db", bodies, 1_000)),
            ),
            (
                "200 asyncio callers, one event each (peer: one by one)",
                rate(count, lambda: asyncio.run(grouped(journal, made["g"], 200))),
                0.0,
            ),
        ]
        rows[3] = (rows[3][0], rows[3][1], rows[0][2])
        size = journal.used_bytes() / journal.last_offset()
    for name, ours, theirs in rows:
        sys.stdout.write(
            f"{name:<56}{ours:>10,.0f}/s   peer {theirs:>10,.0f}/s   ratio {ours / theirs:6.2f}\n"
        )
    sys.stdout.write(
        f"validating an event and making its entry: {cpu_us:.1f} us of CPU; on disk: {size:,.0f} bytes an event\n"
    )


if __name__ == "__main__":
    main()
