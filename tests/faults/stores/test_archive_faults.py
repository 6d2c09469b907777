"""The archive's writer killed in its flight, and its disk full."""

import os
import signal
import subprocess
import sys
import time
from datetime import date

import pytest

from schemas.time import LocalCalendar
from stores.archive import Archive, ArchiveReader, ArchiveWriteError

CALENDAR = LocalCalendar("UTC")
DAY_MS = 86_400_000
TYPES = ["btswatch.status.v1", "btswatch.maintenance.v1", "btswatch.report.v1"]
WRITER = """
import sys
from datetime import date
from pathlib import Path
from schemas.time import LocalCalendar
from stores.archive import Archive
types = ["btswatch.status.v1", "btswatch.maintenance.v1", "btswatch.report.v1"]
archive = Archive(Path(sys.argv[1]), LocalCalendar("UTC"))
archive.open()
for round_ in range(1_000_000):
    first = archive.durable_offset() + 1
    archive.append((n, n % 2 * 86_400_000, types[n % 3], b"%d" % n) for n in range(first, first + 60))
    print(archive.flush(), flush=True)
    if round_ % 5 == 4:
        archive.merge(date(1970, 1, 1 + round_ % 2))
"""


def all_lines(root):
    reader = ArchiveReader(root)
    return sorted(int(line) for day in reader.days() for line in reader.read(day))


def test_sigkill_leaves_every_line_exactly_once(tmp_path):
    for round_ in range(8):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE
        ) as process:
            told = int(process.stdout.readline())
            time.sleep(0.007 * round_)  # the kill is to hit another place each time
            process.send_signal(signal.SIGKILL)
            told = int((process.stdout.read().split(b"\n")[:-1] or [told])[-1])
        durable = ArchiveReader(tmp_path).durable_offset()
        assert durable >= told
        assert all_lines(tmp_path) == list(range(1, durable + 1))
        for day in ArchiveReader(tmp_path).days():
            assert ArchiveReader(tmp_path).verify(day).problems == ()
    with Archive(tmp_path, CALENDAR) as archive:
        assert not list(tmp_path.rglob("*.tmp"))
        for day in archive.days():
            archive.merge(day)
        assert all_lines(tmp_path) == list(range(1, durable + 1))
        assert len(list(tmp_path.rglob("*.gz"))) == 6


def test_a_full_disk_keeps_the_lines_pending_and_leaves_nothing_half_written(tmp_path, absent):
    if os.geteuid() != 0:
        absent("mounting a small tmpfs needs root")
    mount = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        absent("a tmpfs can't be mounted here")
    try:
        ballast = tmp_path / "ballast"
        ballast.write_bytes(bytes(300_000))
        with Archive(tmp_path / "archive", CALENDAR) as archive:
            archive.append((n, 0, TYPES[n % 3], os.urandom(500).hex().encode()) for n in range(1, 31))
            archive.flush()
            archive.append(
                (n, n % 2 * DAY_MS, TYPES[n % 3], os.urandom(500).hex().encode()) for n in range(31, 700)
            )
            with pytest.raises(ArchiveWriteError):
                archive.flush()
            assert archive.durable_offset() == 30
            assert len(list(archive.read(date(1970, 1, 1)))) == 30
            assert len(list(tmp_path.rglob("*.gz*"))) == 3
            assert archive.pending.lines == 669
            ballast.unlink()
            assert archive.flush() == 699
            assert sum(1 for day in archive.days() for _ in archive.read(day)) == 699
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)
