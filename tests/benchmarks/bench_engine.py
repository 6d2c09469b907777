"""The embedded engine at 3,000 elements: python tests/benchmarks/bench_engine.py [--elements N] [--minutes M].

Prints observations/s from the journal to the ledger beside decoding alone, and the share of a core that one poll a
minute of every element costs, early in the day and with twenty hours of the day in memory.
"""

import argparse
import resource
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np

from processors.core.conventions import Conventions
from processors.core.decode import decode
from processors.core.element_evidence import BlockKey
from processors.engine.embedded import EmbeddedEngine, Stores
from schemas.registry import Element, Enterprise, Kind, Registry
from schemas.settings.engine import EngineSettings
from schemas.status import Reading, Track
from schemas.time import LocalCalendar, format_ms
from stores.archive import Archive
from stores.doorbell import Doorbell
from stores.entries import entry_of
from stores.journal import Journal, NewEntry
from stores.ledger import Ledger
from stores.ledger.province_view import current_of

START = LocalCalendar().start_of(date(2026, 11, 2))
HOUR_MS = 3_600_000


def registry(count: int) -> Registry:
    enterprises = {f"E{n}": Enterprise(f"E{n}", f"E{n}") for n in range(6)}
    elements = {
        f"E{n % 6}-{n:05d}": (Element(f"E{n % 6}-{n:05d}", Kind.STATION, f"E{n % 6}"),) for n in range(count)
    }
    return Registry(enterprises=enterprises, elements=elements, digest="bench")


def poll(element: str, at_ms: int, number: int, status: str = "") -> NewEntry:
    event = {
        "specversion": "1.0",
        "id": f"{element}-{number}",
        "source": "poller-1/a",
        "type": "btswatch.status.v1",
        "subject": element,
        "time": format_ms(at_ms),
        "data": {
            "status": status or ("down" if hash((element, number // 30)) % 200 == 0 else "up"),
            "metrics": {"round_trip_ms": 12.5, "temperature_c": 31},
        },
    }
    return entry_of(event, received_ms=at_ms + 40, track=Track.MEASURED, reporter="poller-1", remember=False)


class Bench:
    def __init__(self, directory: Path, elements: int) -> None:
        self.registry = registry(elements)
        self.now = START
        bell, self.told = Doorbell(directory / "engine.bell"), Doorbell(directory / "console.bell")
        self.stores = Stores(
            Journal(directory / "journal.db", bells=[bell]),
            Ledger(directory / "ledger.db"),
            Archive(directory / "archive"),
        )
        self.stores.journal.open()
        self.stores.ledger.open()
        self.stores.archive.open()
        self.engine = EmbeddedEngine(
            self.stores,
            self.registry,
            Conventions(),
            EngineSettings(),
            bell=bell,
            told=self.told,
            now_ms=lambda: self.now,
        )
        self.engine.open()

    def remember(self, hours: int) -> None:
        """As if the day had gone on for so long already."""
        province = self.engine._session.province
        for hour in range(hours):
            at_s = (START + hour * HOUR_MS) // 1000
            slots = (at_s + np.arange(0, 3600, 60)) // 10
            cells = (slots.astype(np.uint64) << np.uint64(28)) | np.uint64(5 << 6 | 2 << 3 | 2)
            for element in self.registry.elements:
                day = date(2026, 11, 2).toordinal()
                province.restore_block(BlockKey(element, day, "", day - 3, at_s // 3600), cells.tobytes())
        self.now = START + hours * HOUR_MS
        self.engine.drain()

    def minutes(self, minutes: int) -> float:
        """Live: every element polled once a minute, second by second; the share of a core."""
        names = list(self.registry.elements)
        used = 0.0
        for second in range(minutes * 60):
            part = names[second % 60 :: 60]
            self.stores.journal.append([poll(name, self.now, self.now // 1000) for name in part])
            self.now += 1000
            began = time.process_time()
            while self.engine.step():
                pass
            used += time.process_time() - began
        return used / (minutes * 60)

    def latency(self, changes: int) -> list[float]:
        """Seconds from the append of a change to its state in the ledger, among 50 other polls a second, in real time."""
        names = list(self.registry.elements)
        began_at, began = self.now, time.monotonic()
        self.engine._now_ms = lambda: began_at + int((time.monotonic() - began) * 1000)
        found = []
        with self.told:
            self.engine.start()
            for number in range(changes):
                now = self.engine._now_ms()
                changed = names[number]
                others = [poll(name, now, now // 1000) for name in names[1000 + number * 50 :][:50]]
                self.stores.journal.append([*others, poll(changed, now, 0, "degraded")])
                appended = time.monotonic()
                while self.told.wait(30):
                    with self.stores.ledger.reading() as connection:
                        state = current_of(connection, changed)
                    if state is not None and state.status is Reading.DEGRADED:
                        break
                found.append(time.monotonic() - appended)
                time.sleep(max(0.0, 1 - found[-1]))
            self.engine.stop()
        return sorted(found)

    def backlog(self, minutes: int) -> tuple[float, float]:
        """Observations/s from the journal to the ledger, and of decoding alone."""
        names = list(self.registry.elements)
        count = 0
        bodies: list[bytes] = []
        for minute in range(minutes):
            entries = [poll(name, self.now + 20 * n, minute) for n, name in enumerate(names)]
            self.stores.journal.append(entries)
            bodies += [entry.body for entry in entries]
            count += len(entries)
            self.now += 60_000
        began = time.perf_counter()
        self.engine.drain()
        drained = time.perf_counter() - began
        began = time.perf_counter()
        for start in range(0, len(bodies), 2000):
            for _ in decode(bodies[start : start + 2000]):
                pass
        return count / drained, count / (time.perf_counter() - began)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--elements", type=int, default=3000)
    parser.add_argument("--minutes", type=int, default=3)
    arguments = parser.parse_args()
    polls = f"one poll a minute of {arguments.elements} elements"
    with tempfile.TemporaryDirectory() as directory:
        bench = Bench(Path(directory), arguments.elements)
        bench.remember(1)
        say(f"{polls}, 1 h into the day: {bench.minutes(arguments.minutes):.1%} of a core")
        rate, alone = bench.backlog(arguments.minutes * 5)
        say(
            f"journal to ledger: {rate:,.0f} observations/s; decoding alone: {alone:,.0f}/s; ratio {rate / alone:.2f}"
        )
        bench.remember(20)
        say(f"{polls}, 20 h into the day: {bench.minutes(arguments.minutes):.1%} of a core")
        waits = bench.latency(30)
        say(
            f"from a change in the journal to the ledger: median {waits[15]:.3f} s, slowest of 30 {waits[-1]:.3f} s"
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    say(f"peak memory of this process: {peak:.0f} MiB")


if __name__ == "__main__":
    main()
