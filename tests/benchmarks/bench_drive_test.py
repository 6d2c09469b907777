"""Reading a drive-test campaign: rows a second and the memory it takes, beside Python's bare csv reader in the same run.

    python tests/benchmarks/bench_drive_test.py            10 million rows (a GB of disk, some minutes)
    python tests/benchmarks/bench_drive_test.py --quick    200,000 and 400,000 rows

Each size runs in a process of its own; what counts is that memory does not grow with the rows.
"""

import csv
import resource
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from datetime import date
from pathlib import Path

from btswatch.demo.drive_test import rows
from processors.drive_test.counting import Counting
from processors.drive_test.reading import read_files
from processors.rules import load_rules
from schemas.time import LocalCalendar

NAMES = ("gtel", "mobifone", "vietnamobile", "viettel", "vnpt")
BLOCK = 100_000


def make(path: Path, count: int) -> None:
    """A campaign over several days, with a refused row and a repeated one in each thousand."""
    day = date(2026, 9, 1)
    with path.open("w") as stream:
        for block in range(0, count, BLOCK):
            lines = rows(NAMES, day.replace(day=1 + block // BLOCK % 28), min(BLOCK, count - block), block)
            header = next(lines)
            if block == 0:
                stream.write(header + "\n")
            for number, line in enumerate(lines):
                stream.write(line + "\n")
                if number % 1_000 == 0:
                    stream.write(line + "\n")
                    stream.write(line.replace("G,", "G,9", 1) + "\n")


def read(path: Path) -> None:
    """One measurement; prints a line."""
    counting = Counting(NAMES, load_rules(), LocalCalendar())
    before = peak_mb()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as room:
        found = read_files([path], counting, NAMES, 1 << 45, Path(room), lambda *_: None)
    seconds = time.perf_counter() - started
    with path.open(newline="") as stream:
        started = time.perf_counter()
        bare = sum(1 for _ in csv.reader(stream)) - 1
    bare_s = time.perf_counter() - started
    refused = ", ".join(f"{count:,} {fault.value}" for fault, count in sorted(found.refused.items()))
    print(
        f"{found.rows:>11,} rows: {found.good:,} good, {refused}; {seconds:.1f} s, {found.rows / seconds:,.0f} rows/s;"
        f" csv.reader alone {bare / bare_s:,.0f} rows/s (ratio {bare_s / seconds:.3f});"
        f" peak {peak_mb():.0f} MB, {peak_mb() - before:.0f} MB of it for the campaign"
    )


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rows", type=int, nargs="*")
    parser.add_argument("--read", type=Path)
    chosen = parser.parse_args()
    if chosen.read:
        read(chosen.read)
        return
    for count in chosen.rows or ([200_000, 400_000] if chosen.quick else [1_000_000, 10_000_000]):
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "campaign.csv"
            make(path, count)
            subprocess.run([sys.executable, __file__, "--read", str(path)], check=True)


if __name__ == "__main__":
    main()
