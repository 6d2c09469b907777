"""The notifier's own memory: watched conditions, alerts, and who was told what. One SQLite file beside the journal.

Not in the ledger: that the ledger is away is no reason to tell nobody that a station is down.
"""

import fcntl
import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Final

from processors.sinks.notify.alert import Alert, Status, fingerprint
from processors.sinks.notify.grouping import Untold
from processors.sinks.notify.phases import Phase, Spell, Stand
from processors.sinks.notify.watch import Watch
from processors.sinks.port import TargetRefusedError, TargetUnavailableError

# Spells of one condition that a message may still speak of.
_SPELLS: Final = 50
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS watch(
    fingerprint TEXT PRIMARY KEY, labels TEXT NOT NULL, facts TEXT NOT NULL, source TEXT NOT NULL,
    before_phase TEXT NOT NULL, before_ms INTEGER NOT NULL, phase TEXT NOT NULL, since_ms INTEGER NOT NULL,
    stamp INTEGER NOT NULL, as_of_ms INTEGER NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS watch_pending ON watch(phase) WHERE phase = 'pending';
CREATE TABLE IF NOT EXISTS alert(
    fingerprint TEXT NOT NULL, starts_ms INTEGER NOT NULL, ends_ms INTEGER, changed_ms INTEGER NOT NULL,
    labels TEXT NOT NULL, facts TEXT NOT NULL, PRIMARY KEY(fingerprint, starts_ms)) STRICT;
CREATE TABLE IF NOT EXISTS receiver(name TEXT PRIMARY KEY, begun_ms INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS told(
    receiver TEXT NOT NULL, fingerprint TEXT NOT NULL, starts_ms INTEGER NOT NULL, status TEXT NOT NULL,
    at_ms INTEGER NOT NULL, PRIMARY KEY(receiver, fingerprint, starts_ms, status)) STRICT, WITHOUT ROWID;
PRAGMA user_version = 1;
"""
_UNTOLD: Final = """
SELECT labels, facts, starts_ms, ends_ms, changed_ms, EXISTS(
    SELECT 1 FROM told t WHERE t.receiver = :receiver AND t.fingerprint = a.fingerprint
    AND t.starts_ms = a.starts_ms AND t.status = 'firing') AS heard
FROM alert a WHERE NOT EXISTS (
    SELECT 1 FROM told t WHERE t.receiver = :receiver AND t.fingerprint = a.fingerprint
    AND t.starts_ms = a.starts_ms AND t.status = iif(a.ends_ms IS NULL, 'firing', 'resolved'))
ORDER BY changed_ms LIMIT :most
"""


class NotifyStore:
    """The file at `path`, for one process, whose threads share it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._lock: FileIO | None = None
        self._one = threading.RLock()

    def open(self) -> None:
        """Open the file, and make it where it is new.

        Raises:
            TargetRefusedError: another process has it, or it is no database.
            TargetUnavailableError: the disk refuses.
        """
        try:
            self._lock = FileIO(self._path.with_suffix(".lock"), "w")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self.close()
            raise TargetRefusedError(f"{self._path}: another notifier runs on this data directory") from error
        except OSError as error:
            raise TargetUnavailableError(f"{self._path}: {error.strerror}") from error
        with self._told():
            connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
            self._connection = connection
            self._path.chmod(0o600)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.executescript(_TABLES)

    def close(self) -> None:
        """Give it back."""
        with self._one:
            if self._connection is not None:
                self._connection.close()
            if self._lock is not None:
                self._lock.close()
            self._connection = self._lock = None

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction."""
        with self._one, self._told():
            connection = self._opened()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def untold(self, receiver: str, most: int) -> list[tuple[Untold, bool]]:
        """Alerts whose status the receiver doesn't know, oldest change first; with each whether it heard it fire."""
        with self._one, self._told():
            rows = self._opened().execute(_UNTOLD, {"receiver": receiver, "most": most}).fetchall()
        return [
            (Untold(Alert(json.loads(labels), json.loads(facts), starts, ends), changed), bool(heard))
            for labels, facts, starts, ends, changed, heard in rows
        ]

    def tell(self, receiver: str, told: Sequence[tuple[Alert, Status]], now_ms: int) -> None:
        """Note that the receiver knows."""
        with self.writing() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO told VALUES (?, ?, ?, ?, ?)",
                [(receiver, alert.fingerprint, alert.starts_ms, status, now_ms) for alert, status in told],
            )

    def begin(self, receiver: str, now_ms: int) -> int:
        """When the receiver was first known: now, where it is new."""
        with self.writing() as connection:
            connection.execute("INSERT OR IGNORE INTO receiver VALUES (?, ?)", (receiver, now_ms))
            query = "SELECT begun_ms FROM receiver WHERE name = ?"
            return int(connection.execute(query, (receiver,)).fetchone()[0])

    def counts(self) -> Mapping[str, int]:
        """Conditions by phase."""
        with self._one, self._told():
            return dict(self._opened().execute("SELECT phase, count(*) FROM watch GROUP BY phase"))

    def forget(self, before_ms: int, most: int) -> None:
        """Forget what nobody can speak of any more, and of alerts the oldest that are more than `most`."""
        with self.writing() as connection:
            connection.execute(
                "DELETE FROM alert WHERE ends_ms < ? OR rowid IN (SELECT rowid FROM alert"
                " WHERE ends_ms IS NOT NULL ORDER BY ends_ms DESC LIMIT -1 OFFSET ?)",
                (before_ms, most),
            )
            connection.execute("DELETE FROM watch WHERE phase = 'inactive' AND as_of_ms < ?", (before_ms,))
            connection.execute(
                "DELETE FROM told WHERE at_ms < ? AND NOT EXISTS (SELECT 1 FROM alert a"
                " WHERE a.fingerprint = told.fingerprint AND a.starts_ms = told.starts_ms)",
                (before_ms,),
            )

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            raise TargetUnavailableError(f"{self._path}: is not open")
        return self._connection

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise TargetUnavailableError(f"{self._path}: {error}") from error
            raise TargetRefusedError(f"{self._path}: {error}") from error


def watch_of(connection: sqlite3.Connection, name: str) -> Watch | None:
    """The watch of this fingerprint."""
    query = (
        "SELECT labels, facts, source, before_phase, before_ms, phase, since_ms, stamp, as_of_ms FROM watch"
        " WHERE fingerprint = ?"
    )
    row = connection.execute(query, (name,)).fetchone()
    return None if row is None else _watch(row)


def save_watch(connection: sqlite3.Connection, watch: Watch) -> None:
    """Write it."""
    connection.execute(
        "INSERT OR REPLACE INTO watch VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            fingerprint(watch.labels),
            _text(watch.labels),
            _text(watch.facts),
            watch.partition,
            watch.before.phase.value,
            watch.before.since_ms,
            watch.stand.phase.value,
            watch.stand.since_ms,
            watch.stamp,
            watch.as_of_ms,
        ),
    )


def ripe(connection: sqlite3.Connection, clock_of: Callable[[str], int], for_ms: int) -> list[Watch]:
    """Pending conditions that have lasted."""
    query = (
        "SELECT labels, facts, source, before_phase, before_ms, phase, since_ms, stamp, as_of_ms FROM watch"
        " WHERE phase = 'pending'"
    )
    found = (_watch(row) for row in connection.execute(query).fetchall())
    return [one for one in found if clock_of(one.partition) - one.stand.since_ms >= for_ms]


def spells_of(connection: sqlite3.Connection, name: str) -> list[Spell]:
    """The newest alerts of a condition, oldest first."""
    query = "SELECT starts_ms, ends_ms FROM alert WHERE fingerprint = ? ORDER BY starts_ms DESC LIMIT ?"
    return [Spell(*row) for row in connection.execute(query, (name, _SPELLS))][::-1]


def save_spell(connection: sqlite3.Connection, watch: Watch, spell: Spell, now_ms: int) -> None:
    """An alert begins, or ends."""
    connection.execute(
        "INSERT INTO alert VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT(fingerprint, starts_ms) DO UPDATE"
        " SET ends_ms = excluded.ends_ms, changed_ms = excluded.changed_ms",
        (
            fingerprint(watch.labels),
            spell.starts_ms,
            spell.ends_ms,
            now_ms,
            _text(watch.labels),
            _text(watch.facts),
        ),
    )


def _watch(row: tuple[str, str, str, str, int, str, int, int, int]) -> Watch:
    labels, facts, partition, before, before_ms, phase, since_ms, stamp, as_of_ms = row
    return Watch(
        json.loads(labels),
        json.loads(facts),
        partition,
        Stand(Phase(before), before_ms),
        Stand(Phase(phase), since_ms),
        stamp,
        as_of_ms,
    )


def _text(content: Mapping[str, str]) -> str:
    return json.dumps(content, ensure_ascii=False, sort_keys=True)
