"""The archive: every accepted event in daily compressed files, from which the official figures are made.

The journal remembers what is not yet in a file: after a crash the caller goes on reading it behind
`durable_offset`, and every event is in the archive exactly once.
"""

import fcntl
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Self

from schemas.metrics import ARCHIVE_LINES, ARCHIVE_PENDING
from schemas.time import LocalCalendar
from stores.archive_files import (
    ArchiveBusyError,
    ArchiveDamagedError,
    ArchiveError,
    ArchiveMarkerError,
    ArchiveWriteError,
    make_directories,
    publish,
    sync_directory,
    write_temporary,
    write_text,
)
from stores.archive_merge import GivenUpError, merge_day
from stores.archive_names import (
    FAMILY_OF_TYPE,
    TEMPORARY,
    Family,
    day_dir,
    day_dirs,
    manifest_of,
    note_path,
    notes,
    segment_of,
    segment_path,
    through_markers,
    through_path,
    visible_segments,
)
from stores.archive_reader import ArchiveReader, Verification

__all__ = [
    "Archive",
    "ArchiveBusyError",
    "ArchiveDamagedError",
    "ArchiveError",
    "ArchiveMarkerError",
    "ArchiveReader",
    "ArchiveWriteError",
    "Family",
    "Pending",
    "Verification",
]


@dataclass(frozen=True, slots=True)
class Pending:
    """What was appended and not yet flushed."""

    lines: int
    bytes: int
    first_offset: int | None
    last_offset: int | None


class Archive(ArchiveReader):
    """The writing side; one process at a time has it open.

    Args:
        root: the archive's directory.
        calendar: whose local days the files are cut by.
    """

    def __init__(self, root: Path, calendar: LocalCalendar | None = None) -> None:
        super().__init__(root)
        self._calendar = calendar or LocalCalendar()
        self._lock: FileIO | None = None
        self._buffers: dict[tuple[date, Family], list[tuple[int, bytes]]] = defaultdict(list)
        self._first: int | None = None
        self._last = 0
        self._lines = 0
        self._bytes = 0
        self._interrupted = False
        # A merge may run in another thread than the flushes; only clearing away would take files from under it.
        self._files = threading.Lock()

    def open(self) -> None:
        """Take the archive for writing, and clear away what a crash left behind.

        Raises:
            ArchiveBusyError: another process has it.
            ArchiveMarkerError: its marker is gone or too old; nothing is cleared away.
        """
        if self._lock is not None:
            return
        make_directories(self.root)
        lock = FileIO(self.root / "lock", "w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise ArchiveBusyError(self.root) from None
        try:
            self._must_reach_what_is_there()
        except BaseException:
            lock.close()
            raise
        self._lock = lock
        if not through_markers(self.root):
            through_path(self.root, 0).touch()
            sync_directory(self.root)
        self._clear_away()
        self._forget_pending()

    def close(self) -> None:
        """Give the archive up. What is pending is dropped: it stands in the journal; `flush` first to spare the work."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None
            self._forget_pending()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def is_open(self) -> bool:
        """Whether it is open for writing."""
        return self._lock is not None

    @property
    def pending(self) -> Pending:
        """How much waits for a flush."""
        return Pending(self._lines, self._bytes, self._first, self._last if self._lines else None)

    def append(self, lines: Iterable[tuple[int, int, str, bytes]]) -> None:
        """Buffer lines in journal order: (offset, the event's time in ms, event type, JSON line without newline).

        Offsets that are in the archive or in the buffer already are passed over.
        """
        self._must_be_open()
        for offset, time_ms, event_type, line in lines:
            if offset <= self._last:
                continue
            family = FAMILY_OF_TYPE.get(event_type, Family.OTHER)
            self._buffers[self._calendar.day_of(time_ms), family].append((offset, line))
            self._first = self._first or offset
            self._last = offset
            self._lines += 1
            self._bytes += len(line)
        ARCHIVE_PENDING.gauge().set(self._lines)

    def flush(self, through: int | None = None, note: str | None = None) -> int:
        """Write what is pending into files; the new durable offset.

        Args:
            through: the caller has read the journal up to here: what lies between the last line and this
                offset belongs to no archive (traps, refused events).
            note: what the caller wants to find again: it counts from the same moment as this flush's lines, and
                until the next flush. Only where the durable offset moves.

        Raises:
            ArchiveWriteError: the disk refused; the lines stay pending.
        """
        self._must_be_open()
        try:
            if self._interrupted:
                self._take_up_again()
            durable = self.durable_offset()
            target = max(self._last, through or 0)
            if target <= durable:
                return durable
            self._interrupted = True
            self._write_segments()
            if note is not None:
                write_text(note_path(self.root, target), note)
            # This one name makes all of the flush's files count at once.
            through_path(self.root, durable).rename(through_path(self.root, target))
            sync_directory(self.root)
            note_path(self.root, durable).unlink(missing_ok=True)
        except OSError as error:
            # At once, since the room may be wanted; what fails here is done by the next flush or open.
            with suppress(OSError), self._files:
                self._clear_away()
            raise ArchiveWriteError(self.root, error) from error
        self._interrupted = False
        for (_, family), lines in self._buffers.items():
            ARCHIVE_LINES.counter().labels(family.value).inc(len(lines))
        self._forget_pending()
        return target

    def merge(self, day: date, stopping: Callable[[], bool] = lambda: False) -> bool:
        """Make one file per family of the day and name their digests in the manifest; False where it is so already.

        Done again after late events it takes them in. A reader sees every line once before, during and after.
        May be called from another thread than the rest.

        Args:
            day: the local day.
            stopping: asked between lines; True gives the merge up, and nothing is changed.

        Raises:
            ArchiveDamagedError: a file does not read back; nothing is changed.
            ArchiveWriteError: the disk refused; nothing is changed.
        """
        self._must_be_open()
        with self._files:
            try:
                return merge_day(self.root, day, self.durable_offset(), stopping)
            except GivenUpError:
                return False

    def _write_segments(self) -> None:
        temporaries = []
        for (day, family), lines in self._buffers.items():
            path = segment_path(day_dir(self.root, day), family, lines[0][0], lines[-1][0])
            temporaries.append(write_temporary(path, (line for _, line in lines)))
        publish(temporaries)

    def _take_up_again(self) -> None:
        """After a flush that failed: it may have come as far as its marker, whose lines must not be written again."""
        with self._files:
            self._clear_away()
        sync_directory(self.root)
        durable = self.durable_offset()
        for key, lines in list(self._buffers.items()):
            self._buffers[key] = [(offset, line) for offset, line in lines if offset > durable]
            if not self._buffers[key]:
                del self._buffers[key]
        self._interrupted = False

    def _clear_away(self) -> None:
        """Remove what does not count: half-written files, unfinished flushes and merges."""
        durable = self.durable_offset()
        for marker in (path for offset, path in through_markers(self.root).items() if offset < durable):
            marker.unlink()
        stale = [path for offset, path in notes(self.root).items() if offset != durable]
        for note in (*stale, *self.root.glob(f"note-*{TEMPORARY}")):
            note.unlink()
        for _, directory in day_dirs(self.root):
            for temporary in directory.glob(f"*{TEMPORARY}"):
                temporary.unlink()
            visible = {segment.path for segment in visible_segments(directory, durable)}
            for path in directory.glob("*.ndjson.gz"):
                if segment_of(path) is not None and path not in visible:
                    path.unlink()

    def _forget_pending(self) -> None:
        self._buffers.clear()
        self._first = None
        self._last = self.durable_offset()
        self._lines = self._bytes = 0
        ARCHIVE_PENDING.gauge().set(0)

    def _must_reach_what_is_there(self) -> None:
        """Its first marker is older than its first file, and only what was flushed is ever merged: else it is a bad copy."""
        markers, durable = through_markers(self.root), self.durable_offset()
        for _, directory in day_dirs(self.root):
            merged = manifest_of(directory)
            for segment in filter(None, map(segment_of, directory.glob("*.ndjson.gz"))):
                if segment.last > durable and (not markers or segment.path.name in merged):
                    raise ArchiveMarkerError(self.root, segment.path, durable if markers else None)

    def _must_be_open(self) -> None:
        if self._lock is None:
            raise ArchiveError(f"archive {self.root} is not open for writing")
