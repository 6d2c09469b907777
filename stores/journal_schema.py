"""The journal's tables, and how a connection to them is opened."""

import sqlite3
from pathlib import Path

from stores.journal_errors import JournalVersionError

BUSY_TIMEOUT_S = 10.0

# AUTOINCREMENT: an offset is never used twice, not even after everything was trimmed.
# identity has its own life: it outlasts the entry. Its rowid is the entry's offset, so age needs no index.
# tally is kept by triggers: counts and bytes are right by construction, whoever deletes.
_TABLES = (
    """CREATE TABLE entry(
        offset INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL CHECK (kind IN ('event', 'trap')),
        reporter TEXT NOT NULL,
        received_ms INTEGER NOT NULL,
        body BLOB NOT NULL) STRICT""",
    "CREATE INDEX entry_trap ON entry(offset) WHERE kind = 'trap'",
    """CREATE TABLE identity(
        offset INTEGER PRIMARY KEY,
        key BLOB NOT NULL UNIQUE,
        digest BLOB NOT NULL,
        received_ms INTEGER NOT NULL,
        receipt TEXT) STRICT""",
    "CREATE TABLE position(consumer TEXT PRIMARY KEY, offset INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    """CREATE TABLE receipt(
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        reporter TEXT NOT NULL,
        at_ms INTEGER NOT NULL,
        body BLOB NOT NULL) STRICT""",
    """CREATE TABLE refused(
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        at_ms INTEGER NOT NULL,
        reporter TEXT NOT NULL,
        entrance TEXT NOT NULL,
        code TEXT NOT NULL,
        detail TEXT NOT NULL,
        body BLOB NOT NULL,
        truncated INTEGER NOT NULL) STRICT""",
    """CREATE TABLE tally(
        list TEXT PRIMARY KEY,
        count INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        dropped INTEGER NOT NULL) STRICT, WITHOUT ROWID""",
    "INSERT INTO tally VALUES ('receipt', 0, 0, 0), ('refused', 0, 0, 0)",
    """CREATE TRIGGER receipt_in AFTER INSERT ON receipt BEGIN
        UPDATE tally SET count = count + 1, bytes = bytes + length(new.body) WHERE list = 'receipt'; END""",
    """CREATE TRIGGER receipt_out AFTER DELETE ON receipt BEGIN
        UPDATE tally SET count = count - 1, bytes = bytes - length(old.body) WHERE list = 'receipt'; END""",
    """CREATE TRIGGER refused_in AFTER INSERT ON refused BEGIN
        UPDATE tally SET count = count + 1, bytes = bytes + length(new.body) WHERE list = 'refused'; END""",
    """CREATE TRIGGER refused_out AFTER DELETE ON refused BEGIN
        UPDATE tally SET count = count - 1, bytes = bytes - length(old.body) WHERE list = 'refused'; END""",
)

# What was refused and is dealt with, without its body: who replayed or dropped it, and what came of it.
_SETTLED = (
    "ALTER TABLE refused ADD COLUMN tries INTEGER NOT NULL DEFAULT 0",
    """CREATE TABLE settled(
        number INTEGER PRIMARY KEY,
        at_ms INTEGER NOT NULL,
        reporter TEXT NOT NULL,
        entrance TEXT NOT NULL,
        code TEXT NOT NULL,
        detail TEXT NOT NULL,
        action TEXT NOT NULL CHECK (action IN ('replayed', 'dropped')),
        settled_ms INTEGER NOT NULL,
        actor TEXT NOT NULL,
        note TEXT NOT NULL) STRICT""",
)
# A receipt whose content may still change: until then it is not anchored in the audit chain.
_OPEN_RECEIPTS = (
    "ALTER TABLE receipt ADD COLUMN open_until_ms INTEGER",
    "CREATE INDEX receipt_open ON receipt(number) WHERE open_until_ms IS NOT NULL",
    """CREATE TRIGGER receipt_changed AFTER UPDATE OF body ON receipt BEGIN
        UPDATE tally SET bytes = bytes - length(old.body) + length(new.body) WHERE list = 'receipt'; END""",
)
# A file of version N has had the first N steps; what is released is never changed, only followed by another step.
_STEPS = (_TABLES, _SETTLED, _OPEN_RECEIPTS)
SCHEMA_VERSION = len(_STEPS)


def connect(path: Path, *, query_only: bool = False) -> sqlite3.Connection:
    """A connection with the journal's durability: every commit is on disk when it returns.

    Raises:
        sqlite3.Error: the file can't be opened, or is no database.
    """
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA fullfsync = ON")  # macOS: fsync alone stops at the drive's cache
        connection.execute("PRAGMA journal_size_limit = 67108864")
        connection.execute("PRAGMA cache_size = -16000")  # keys of identities come in random order
        if query_only:
            connection.execute("PRAGMA query_only = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the tables to the present version, in a new file from nothing; several processes may try at once.

    Raises:
        JournalVersionError: a newer btswatch wrote the file.
    """
    if _known_version(connection, path) == SCHEMA_VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Asked again: another process may have been quicker.
        for step in _STEPS[_known_version(connection, path) :]:
            for statement in step:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION:d}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _known_version(connection: sqlite3.Connection, path: Path) -> int:
    found = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if found > SCHEMA_VERSION:
        raise JournalVersionError(path, found, SCHEMA_VERSION)
    return found
