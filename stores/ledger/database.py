"""Opening the ledger: SQLite in WAL mode, or another database by URL; the schema is migrated at open."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import sqlalchemy
from sqlalchemy import Connection, Engine, event

BUSY_TIMEOUT_MS: Final = 10_000
HEAD: Final = "0001"
_WRITES: Final = "ledger_writes"


class LedgerClosedError(Exception):
    """The ledger was used before `open()` or after `close()`."""


class SchemaMismatchError(Exception):
    """The database's schema is newer or older than this program, and it may not migrate it."""

    def __init__(self, found: str | None) -> None:
        super().__init__(f"the ledger has schema {found or 'none'}, this program needs {HEAD}")
        self.found = found


class Ledger:
    """A database of results. One process writes at a time (SQLite's lock); any number read.

    Args:
        target: a file of SQLite, or a URL of SQLAlchemy.
        busy_timeout_ms: how long a writer waits for another one (SQLite).
    """

    def __init__(self, target: Path | str, *, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> None:
        self._busy_timeout_ms = busy_timeout_ms
        self.url = f"sqlite:///{target}" if isinstance(target, Path) else target
        self._engine: Engine | None = None

    def open(self, *, migrate: bool = True) -> None:
        """Connect, and bring the schema to this program's form.

        Raises:
            SchemaMismatchError: the schema differs and `migrate` is off, or is newer than this program.
        """
        engine = sqlalchemy.create_engine(self.url)
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", partial(_prepare_sqlite, self._busy_timeout_ms))
            event.listen(engine, "begin", _begin_sqlite)
        self._engine = engine
        try:
            self._meet_schema(migrate=migrate)
        except BaseException:
            self.close()
            raise

    def _meet_schema(self, *, migrate: bool) -> None:
        found = self._revision()
        if found == HEAD:
            return
        if not migrate or (found is not None and found > HEAD):
            raise SchemaMismatchError(found)
        # Alembic costs memory and a fifth of a second: only for a new or old schema.
        from stores.ledger.migrate import upgrade  # noqa: PLC0415 - see above

        with self.writing() as connection:
            upgrade(connection)

    def close(self) -> None:
        """Give back all connections. Closing twice is harmless."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view of the ledger; never waits for the writer."""
        with self._connected().connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that takes the writer's lock at once; committed at the end, undone on any error."""
        with (
            self._connected().connect().execution_options(**{_WRITES: True}) as connection,
            connection.begin(),
        ):
            yield connection

    def _connected(self) -> Engine:
        if self._engine is None:
            raise LedgerClosedError("the ledger is not open")
        return self._engine

    def _revision(self) -> str | None:
        with self.reading() as connection:
            if not sqlalchemy.inspect(connection).has_table("alembic_version"):
                return None
            found = connection.execute(sqlalchemy.text("SELECT version_num FROM alembic_version")).scalar()
            return None if found is None else str(found)


def _prepare_sqlite(busy_timeout_ms: int, connection: Any, _record: Any) -> None:
    # The driver's own implicit BEGIN comes too late for DDL and for BEGIN IMMEDIATE.
    connection.isolation_level = None
    # NORMAL in WAL mode never tears a transaction; a power cut may undo the last ones, position included.
    for pragma in (
        f"busy_timeout={busy_timeout_ms}",
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        "cache_size=-8192",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
