"""Closed days are merged in the engine's process, and a replay of the archive's directory prints the same as before."""

import asyncio
import gzip
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from btswatch.parts.archive_upkeep import ArchiveUpkeep
from processors.core.decode import decode_one, microseconds
from schemas.metrics import ARCHIVE_MERGE_FAILED, ARCHIVE_MERGED
from stores.archive import Archive, ArchiveReader
from stores.ledger import Ledger, closings
from stores.ledger.closings import ClosedDay

VECTORS = Path(__file__).parents[2] / "conformance" / "availability"
EXPECTED = VECTORS / "2-hour-element-final.json"


@pytest.fixture
def archive(tmp_path):
    """The vectors' events as an engine archives them: in many flushes, so in many files."""
    with Archive(tmp_path / "archive") as opened:
        for offset, line in enumerate(
            gzip.decompress((VECTORS / "events.ndjson.gz").read_bytes()).splitlines(), 1
        ):
            event = decode_one(line)
            if isinstance(event, dict):
                opened.append([(offset, microseconds(event["time"]) // 1000, event["type"], line)])
            if offset % 500 == 0:
                opened.flush()
        opened.flush()
        yield opened


@pytest.fixture
def ledger(tmp_path):
    opened = Ledger(tmp_path / "ledger.db")
    opened.open()
    yield opened
    opened.close()


def close(ledger, day):
    with ledger.writing() as connection:
        closings.save_closed(connection, ClosedDay(day, 0, True, 1, 1, 0, "", "", {}))


def unmerged(archive):
    reader = ArchiveReader(archive.root)
    return [day for day in reader.days() if not reader.verify(day).merged]


def replay(*events):
    return subprocess.run(
        [
            sys.executable, "-m", "btswatch", "replay", "--registry", VECTORS / "registry",
            "--events", *map(str, events), "--from", "2026-11-02T00:00:00+07:00", "--to", "2026-11-04T00:00:00+07:00",
            "--now", "2026-11-09T00:00:00+07:00", "--period", "hour", "--format", "json",
        ],
        capture_output=True,
        check=False,
    )  # fmt: skip


def test_merged_days_replay_to_the_same_bytes_and_only_closed_ones_are_merged(archive, ledger):
    days = archive.days()
    assert unmerged(archive) == days
    upkeep = ArchiveUpkeep(archive, ledger)
    upkeep.merge_closed()
    assert unmerged(archive) == days
    before = ARCHIVE_MERGED.counter()._value.get()
    close(ledger, days[0])
    upkeep.merge_closed()
    assert unmerged(archive) == days[1:]
    assert ARCHIVE_MERGED.counter()._value.get() == before + 1
    expected = EXPECTED.read_bytes()
    assert replay(archive.root).stdout == expected
    close(ledger, days[-1])
    upkeep.merge_closed()
    assert unmerged(archive) == []
    assert len(list(archive.root.rglob("*.gz"))) <= 3 * len(days)
    assert replay(archive.root).stdout == expected
    # Files and plain directories in any number, too.
    months = sorted({path.parents[1] for path in archive.root.rglob("*.gz")})
    assert replay(*months).stdout == expected
    assert replay(*sorted(archive.root.rglob("*.gz"))).stdout == expected


def test_done_again_it_changes_nothing_and_late_events_are_merged_with_the_next_close(archive, ledger):
    days = archive.days()
    close(ledger, days[0])
    upkeep = ArchiveUpkeep(archive, ledger)
    upkeep.merge_closed()
    upkeep.merge_closed()
    ArchiveUpkeep(archive, ledger).merge_closed()
    [line, *_] = archive.read(days[0])
    at_ms = microseconds(decode_one(line)["time"]) // 1000
    late = archive.durable_offset() + 1
    archive.append([(late, at_ms, "btswatch.status.v1", line)])
    archive.flush()
    assert unmerged(archive) == days
    close(ledger, days[0] + timedelta(1))
    upkeep.merge_closed()
    assert unmerged(archive) == [day for day in days if day > days[0] + timedelta(1)]


def test_a_damaged_day_is_told_and_its_neighbours_are_merged(archive, ledger):
    days = archive.days()
    close(ledger, days[-1])
    broken = next(iter(sorted(archive.root.rglob(f"{days[0]:%Y/%m/%d}/*.gz"))))
    broken.write_bytes(broken.read_bytes()[:-20])
    failed = ARCHIVE_MERGE_FAILED.counter().labels("ArchiveDamagedError")
    before = failed._value.get()
    ArchiveUpkeep(archive, ledger).merge_closed()
    assert failed._value.get() == before + 1
    assert unmerged_but(archive, days[0]) == []
    assert broken.exists()


def unmerged_but(archive, day):
    return [one for one in unmerged(archive) if one != day]


async def test_it_runs_beside_the_engine_and_a_stop_leaves_whole_files(archive, ledger):
    lines = [line for day in archive.days() for line in archive.read(day)]
    close(ledger, date(2100, 1, 1))
    upkeep = ArchiveUpkeep(archive, ledger, every_s=0.01)
    upkeep.start()
    await asyncio.sleep(0)
    await upkeep.stop()
    assert [line for day in archive.days() for line in archive.read(day)] == lines
    again = ArchiveUpkeep(archive, ledger, every_s=0.01)
    again.start()
    async with asyncio.timeout(20):
        while unmerged(archive):  # noqa: ASYNC110 - what is waited for stands in files
            await asyncio.sleep(0.02)
    await again.stop()
    assert [line for day in archive.days() for line in archive.read(day)] == lines


def test_a_directory_without_events_is_refused(tmp_path):
    done = replay(tmp_path)
    assert done.returncode == 2
    assert b"holds no *.ndjson or *.ndjson.gz file" in done.stderr
