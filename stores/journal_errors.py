"""What can go wrong with the journal, as types that carry their numbers."""

import os
import sqlite3
from pathlib import Path

# Below this much free space a failed write is taken for a full disk, whatever the system called it.
_NO_ROOM_BYTES = 1 << 20


class JournalError(Exception):
    """Nothing of the transaction was written; what was acknowledged before is safe."""

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(f"journal {path}: {detail}")
        self.path = path
        self.detail = detail


class JournalFullError(JournalError):
    """No room: `max_bytes` or the disk. Appending works again as soon as there is room.

    Attributes:
        used_bytes: what the database holds, None where that can't be told.
        max_bytes: the journal's own bound.
        free_bytes: what the file system has left.
    """

    def __init__(self, path: Path, used_bytes: int | None, max_bytes: int) -> None:
        self.used_bytes = used_bytes
        self.max_bytes = max_bytes
        self.free_bytes = free_bytes(path)
        super().__init__(
            path, f"full: {used_bytes} of {max_bytes} bytes used, {self.free_bytes} bytes free on the disk"
        )


class JournalBusyError(JournalError):
    """Another process held the write lock for longer than the busy timeout."""


class JournalUnavailableError(JournalError):
    """The disk or the file refused: not a database, an I/O error, no permission."""


class JournalVersionError(JournalError):
    """The file was written by a newer btswatch."""

    def __init__(self, path: Path, found: int, known: int) -> None:
        super().__init__(
            path,
            f"has schema version {found}, this btswatch knows {known}: run the newer btswatch that wrote it",
        )
        self.found = found
        self.known = known


class JournalStoppedError(JournalError):
    """The group commit was stopped before this could be written."""


class OriginRefusedError(JournalError):
    """Simulated or imported history was offered to a production data directory."""

    def __init__(self, path: Path, origin: str, reporter: str, event_id: str) -> None:
        super().__init__(
            path, f"a production data directory refuses {origin} entries (reporter {reporter}, id {event_id})"
        )
        self.origin = origin
        self.reporter = reporter
        self.event_id = event_id


def free_bytes(path: Path) -> int:
    """What the file system that holds `path` has left for us."""
    room = os.statvfs(path.parent)
    return room.f_bavail * room.f_frsize


def typed(error: sqlite3.Error, path: Path, max_bytes: int) -> JournalError:
    """The journal's own error for one of SQLite's."""
    # Errors of the Python layer, such as a value of the wrong type, carry no code.
    primary = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if primary == sqlite3.SQLITE_FULL:
        return JournalFullError(path, None, max_bytes)
    if primary in {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN} and free_bytes(path) < _NO_ROOM_BYTES:
        return JournalFullError(path, None, max_bytes)
    if primary in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return JournalBusyError(path, f"{error}: another process writes for too long")
    return JournalUnavailableError(path, str(error))
