"""The journal against what really happens: SIGKILL, full disks, several writers. Real processes, real files."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import contextmanager
from hashlib import sha256

import pytest

from stores.journal import Journal, JournalFullError, NewEntry, Outcome

PREAMBLE = """
import resource, sys
from hashlib import sha256
from pathlib import Path
from stores.journal import *
path, name = Path(sys.argv[1]), sys.argv[2]
def batch(number, size=7, body=b"x" * 300):
    return [NewEntry("event", name, name + "/n", f"{number}.{i}", sha256(b"c").digest(), number, body)
            for i in range(size)]
journal = Journal(path)
journal.open()
"""
# Each line on stdout is an acknowledgement.
APPEND = """
number = int(sys.argv[3])
while True:
    assert {a.outcome for a in journal.append(batch(number), f"r{number}")} == {Outcome.ACCEPTED}
    print(number, flush=True)
    number += 1
"""
APPEND_GROUPED = """
import asyncio, itertools
async def main():
    group = GroupCommit(journal)
    await group.start()
    numbers = itertools.count(int(sys.argv[3]))
    async def sender():
        for number in numbers:
            await group.append(batch(number), f"r{number}")
            print(number, flush=True)
    await asyncio.gather(*(sender() for _ in range(20)))
asyncio.run(main())
"""
APPEND_TIMES = """
for number in range(int(sys.argv[3])):
    journal.append(batch(number))
"""
# A file-size limit stands for a disk that fills up in the middle of a write.
APPEND_LIMITED = """
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
number = 0
try:
    while True:
        journal.append(batch(number, body=bytes(5_000)))
        print(number, flush=True)
        number += 1
except JournalError as error:
    print(type(error).__name__, flush=True)
try:
    journal.append(batch(number, body=bytes(5_000)))
except JournalError as error:
    print(type(error).__name__, flush=True)
"""


def start(script, *arguments):
    command = [sys.executable, "-c", PREAMBLE + script, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def check_database(path):
    raw = sqlite3.connect(path)
    assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    raw.close()


def numbers_of_whole_batches(path, size=7):
    """The batches in the journal; fails where one is not whole, or not in one piece."""
    with Journal(path) as journal:
        stored = journal.read(0, 1_000_000)
        assert [s.offset for s in stored] == list(range(1, len(stored) + 1))
    batches = [[s.received_ms for s in stored[i : i + size]] for i in range(0, len(stored), size)]
    assert all(len(batch) == size and len(set(batch)) == 1 for batch in batches)
    return [batch[0] for batch in batches]


@pytest.mark.parametrize("script", [APPEND, APPEND_GROUPED], ids=["single", "grouped"])
def test_sigkill_loses_nothing_acknowledged_and_leaves_no_half_batch(tmp_path, script):
    path = tmp_path / "journal.db"
    acknowledged = set()
    for round_ in range(6):
        first = 1_000_000 * round_
        with start(script, path, "viettel", first) as process:
            acknowledged.add(int(process.stdout.readline()))
            time.sleep(0.003 * round_)  # the kill is to hit another place each time
            process.send_signal(signal.SIGKILL)
            acknowledged.update(int(line) for line in process.stdout.read().split("\n")[:-1])
        found = numbers_of_whole_batches(path)
        assert acknowledged <= set(found)
        assert len(found) == len(set(found))
        check_database(path)
        with Journal(path) as journal:  # told and not told alike are known by their ids
            again = [
                NewEntry("event", "viettel", "viettel/n", f"{n}.0", sha256(b"c").digest(), n, b"")
                for n in found
            ]
            assert {answer.outcome for answer in journal.append(again)} == {Outcome.DUPLICATE}


def test_several_processes_append_at_once_without_losing_or_mixing(tmp_path):
    path = tmp_path / "journal.db"
    names = ["viettel", "vnpt", "mobifone"]
    processes = [start(APPEND_TIMES, path, name, 40) for name in names]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    for process in processes:
        process.stdout.close()
    with Journal(path) as journal:
        stored = journal.read(0, 10_000)
    assert [s.offset for s in stored] == list(range(1, 3 * 40 * 7 + 1))
    for name in names:
        assert [s.received_ms for s in stored if s.reporter == name] == [
            n for n in range(40) for _ in range(7)
        ]
    check_database(path)


def test_a_write_cut_off_in_its_middle_leaves_the_journal_whole(tmp_path):
    path = tmp_path / "journal.db"
    with start(APPEND_LIMITED, path, "viettel") as process:
        *told, first, second = process.stdout.read().split()
    assert process.returncode == 0
    assert {first, second} <= {"JournalFullError", "JournalUnavailableError"}
    assert len(told) > 3
    assert set(map(int, told)) <= set(numbers_of_whole_batches(path))
    check_database(path)
    with Journal(path) as journal:
        [answer] = journal.append([NewEntry("trap", "a", "", "", b"", 1, b"there is room again")])
        assert answer.outcome is Outcome.ACCEPTED


@contextmanager
def small_disk(directory, absent):
    directory.mkdir()
    if os.geteuid() != 0:
        absent("mounting a small tmpfs needs root")
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(directory)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        absent("a tmpfs can't be mounted here")
    try:
        yield directory
    finally:
        subprocess.run(["umount", str(directory)], check=True)


def test_a_full_disk_refuses_whole_batches_and_recovers_when_there_is_room(tmp_path, absent):
    def batch(number):
        return [
            NewEntry("event", "viettel", "viettel/n", f"{number}.{i}", b"d", number, os.urandom(3_000))
            for i in range(7)
        ]

    with small_disk(tmp_path / "disk", absent) as disk, Journal(disk / "journal.db") as journal:
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(500_000))
        told = 0

        def fill():
            nonlocal told
            while True:
                journal.append(batch(told))
                told += 1

        with pytest.raises(JournalFullError) as caught:
            fill()
        assert caught.value.free_bytes < 1 << 20
        assert told > 10
        for _ in range(3):
            with pytest.raises(JournalFullError):
                journal.append(batch(told))
        assert journal.last_offset() == told * 7
        assert len(journal.read(0, 10_000)) == told * 7
        ballast.unlink()
        assert {answer.outcome for answer in journal.append(batch(told))} == {Outcome.ACCEPTED}
        assert numbers_of_whole_batches(journal.path) == list(range(told + 1))
        check_database(journal.path)
