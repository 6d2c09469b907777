"""Size of what is kept for good: python tests/benchmarks/bench_archive_size.py [--stations N] [--days D].

Prints bytes on disk for a station's year: evidence (a poll a minute, a declaration each five minutes, both with random
numbers, ids and times), the closed figures in the ledger, and the anchors of an enterprise's receipts.
"""

import argparse
import json
import random
import sqlite3
import tempfile
from datetime import date, timedelta
from pathlib import Path

from processors.closing import Closer
from processors.core.conventions import Conventions
from processors.receipt_anchors import anchor
from schemas.registry import Element, Enterprise, Kind, Registry
from schemas.settings.engine import ClosingSettings
from schemas.status import Track
from schemas.time import LocalCalendar, format_ms
from stores.archive import Archive, ArchiveReader
from stores.archive_prune import files_of
from stores.entries import entry_of
from stores.journal import KeptReceipt
from stores.ledger import Ledger

FIRST = date(2026, 11, 2)
DAY_MS = 86_400_000
STATUS = "btswatch.status.v1"


def event(kind: str, source: str, subject: str, at: int, rng: random.Random) -> dict[str, object]:
    data: dict[str, object] = {"status": "down" if rng.random() < 0.01 else "up"}
    if kind == "poller":
        data["metrics"] = {
            "round_trip_ms": round(rng.uniform(1, 80), 3),
            "in_bps": round(rng.uniform(1e6, 9e8), 1),
            "out_bps": round(rng.uniform(1e6, 9e8), 1),
            "utilisation": round(rng.random(), 4),
        }
    return {
        "specversion": "1.0",
        "id": rng.randbytes(8).hex(),
        "source": source,
        "type": STATUS,
        "subject": subject,
        "time": format_ms(at),
        "data": data,
    }


def fill(archive: Archive, names: list[str], day: date, offset: int, rng: random.Random) -> int:
    start = LocalCalendar().start_of(day)
    found = []
    for name in names:
        for minute in range(1440):
            found.append((start + minute * 60_000 + rng.randrange(60_000), "poller", name))
            if minute % 5 == 0:
                found.append((start + minute * 60_000 + rng.randrange(60_000), "enterprise", name))
    lines = []
    for at, kind, name in sorted(found):
        offset += 1
        measured = kind == "poller"
        said = event(kind, "poller-1/a" if measured else "alpha/noc", name, at, rng)
        entry = entry_of(
            said,
            received_ms=at + rng.randrange(20, 3000),
            track=Track.MEASURED if measured else Track.DECLARED,
            reporter="poller-1" if measured else "alpha",
        )
        lines.append((offset, at, STATUS, entry.body))
    archive.append(lines)
    return archive.flush()


def ledger_bytes(path: Path, table: str) -> int:
    with sqlite3.connect(path) as connection:
        return int(
            connection.execute(
                "SELECT sum(pgsize) FROM dbstat WHERE name LIKE ?", (f"%{table}%",)
            ).fetchone()[0]
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stations", type=int, default=40)
    parser.add_argument("--days", type=int, default=3)
    arguments = parser.parse_args()
    rng = random.Random(7)
    names = [f"LSN-{n:04d}" for n in range(arguments.stations)]
    days = [FIRST + timedelta(days=n) for n in range(arguments.days)]
    station_days = len(names) * len(days)
    registry = Registry(
        {"alpha": Enterprise("alpha", "A")},
        {},
        {name: (Element(name, Kind.STATION, "alpha"),) for name in names},
        digest="sha256:" + "1" * 64,
    )
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        with Archive(root / "archive") as archive:
            offset = 0
            for day in days:
                offset = fill(archive, names, day, offset, rng)
                archive.merge(day)
        reader = ArchiveReader(root / "archive")
        evidence = sum(files_of(reader, day, digests=False).size for day in days)
        print(
            f"evidence: {evidence / station_days / 1728:.1f} bytes an event, {evidence / station_days * 365 / 1e6:.1f} MB a station's year"
        )
        ledger = Ledger(root / "ledger.db")
        ledger.open()
        now = LocalCalendar().start_of(days[-1]) + 5 * DAY_MS
        closer = Closer(
            ledger,
            reader,
            registry,
            Conventions(),
            ClosingSettings(),
            complete=lambda _: True,
            now_ms=lambda: now,
        )
        assert closer.close_due() == days
        receipts = [
            KeptReceipt(
                n,
                f"r_{rng.randbytes(16).hex()}",
                "alpha",
                now + n,
                json.dumps({"receipt": n, "accepted": rng.randrange(900)}).encode(),
            )
            for n in range(1, 10_001)
        ]
        anchor(ledger, 1, receipts, now)
        ledger.close()
        figures = ledger_bytes(root / "ledger.db", "day_figures")
        kept = ledger_bytes(root / "ledger.db", "snapshots")
    print(f"closed figures: {figures / station_days * 365 / 1e6:.2f} MB a station's year")
    print(
        f"receipts' anchors: {kept / len(receipts):.0f} bytes a receipt, {kept / len(receipts) * 525_600 / 1e6:.0f} MB an enterprise's year at one a minute"
    )


if __name__ == "__main__":
    main()
