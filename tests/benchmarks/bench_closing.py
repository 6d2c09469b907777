"""Closing of days from the archive: python tests/benchmarks/bench_closing.py [--elements N] [--days D] [--interval S].

Prints seconds a day, and the ratio to decoding the same lines alone.
"""

import argparse
import resource
import sys
import tempfile
import time
from datetime import date, timedelta
from itertools import islice
from pathlib import Path

from processors.closing import Closer
from processors.core.conventions import Conventions
from processors.core.decode import decode
from schemas.registry import Element, Enterprise, Kind, Registry
from schemas.settings.engine import ClosingSettings
from schemas.time import LocalCalendar, format_ms
from stores.archive import Archive, ArchiveReader
from stores.ledger import Ledger

FIRST = date(2026, 11, 2)
LATE_MS = 30 * 86_400_000


def lines(names: list[str], day: date, interval_s: int, offset: int):
    start = LocalCalendar().start_of(day)
    for at in range(start, start + 86_400_000, interval_s * 1000):
        for n, name in enumerate(names):
            offset += 1
            time_ms = at + n % (interval_s * 1000)
            state = "down" if (n * 7919 + at // 3_600_000) % 97 == 0 else "up"
            line = (
                f'{{"specversion":"1.0","id":"{name}-{at}","source":"poller-1/a","subject":"{name}",'
                f'"time":"{format_ms(time_ms)}","type":"btswatch.status.v1","data":{{"status":"{state}",'
                f'"metrics":{{"round_trip_ms":12.5}}}},"receivedtime":"{format_ms(time_ms + 40)}",'
                f'"track":"measured","reporter":"poller-1"}}'
            )
            yield offset, time_ms, "btswatch.status.v1", line.encode()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--elements", type=int, default=1000)
    parser.add_argument("--days", type=int, default=2)
    parser.add_argument("--interval", type=int, default=60)
    arguments = parser.parse_args()
    names = [f"E0-{n:05d}" for n in range(arguments.elements)]
    valid_s = 3 * arguments.interval
    registry = Registry(
        enterprises={"E0": Enterprise("E0", "E0")},
        elements={name: (Element(name, Kind.STATION, "E0", measured_valid_for_s=valid_s),) for name in names},
        digest="bench",
    )
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        offset = 0
        with Archive(directory / "archive") as archive:
            for number in range(arguments.days):
                made = lines(names, FIRST + timedelta(days=number), arguments.interval, offset)
                while part := list(islice(made, 100_000)):
                    archive.append(part)
                    offset = archive.flush()
        reader = ArchiveReader(directory / "archive")
        began = time.process_time()
        for day in reader.days():
            bodies = reader.read(day)
            while batch := list(islice(bodies, 2000)):
                for _ in decode(batch):
                    pass
        alone = time.process_time() - began
        ledger = Ledger(directory / "ledger.db")
        ledger.open()
        now = LocalCalendar().start_of(FIRST + timedelta(days=arguments.days + 3)) + 3_600_000
        closer = Closer(
            ledger,
            reader,
            registry,
            Conventions(),
            ClosingSettings(),
            complete=lambda _: True,
            now_ms=lambda: now,
        )
        began = time.process_time()
        closed = closer.close_due()
        used = time.process_time() - began
        ledger.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(
        f"{len(closed)} days of {offset // arguments.days:,} observations of {arguments.elements} elements: "
        f"{used / len(closed):.1f} s of CPU a day, {offset / used:,.0f} observations/s; "
        f"reading and decoding alone {alone / len(closed):.1f} s; ratio {used / alone:.2f}; peak {peak:.0f} MiB\n"
    )


if __name__ == "__main__":
    main()
