"""Opening the ledger: SQLite in WAL mode, or PostgreSQL by URL; the schema is migrated at open."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import sqlalchemy
from sqlalchemy import URL, Connection, Engine, make_url

from stores.ledger import postgresql_engine, sqlite_engine
from stores.ledger.limits import DEFAULT, Limits
from stores.ledger.transaction import READING, WRITING
from stores.ledger.upsert import UnsupportedDialectError

HEAD: Final = "0005"
SQLITE: Final = "sqlite"
POSTGRESQL: Final = "postgresql"


class LedgerClosedError(Exception):
    """The ledger was used before `open()` or after `close()`."""


class SchemaMismatchError(Exception):
    """The database's schema is newer or older than this program, and it may not migrate it."""

    def __init__(self, found: str | None) -> None:
        super().__init__(f"the ledger has schema {found or 'none'}, this program needs {HEAD}")
        self.found = found
        self.is_newer = found is not None and found > HEAD


class Ledger:
    """A database of results. One transaction writes at a time (SQLite's lock, PostgreSQL's advisory one); any number read.

    Whatever a database refuses or can't do at the moment is an error of SQLAlchemy: the same may be tried again,
    on this object; connections that broke are replaced.

    Args:
        target: a file of SQLite, or a URL of SQLAlchemy.
        limits: how long to wait for what.

    Raises:
        UnsupportedDialectError: a URL of neither SQLite nor PostgreSQL.
    """

    def __init__(self, target: Path | str | URL, *, limits: Limits = DEFAULT) -> None:
        self._limits = limits
        self.url = URL.create(SQLITE, database=str(target)) if isinstance(target, Path) else url_of(target)
        self._engine: Engine | None = None
        self._when_used = False
        self._opening = threading.RLock()

    @property
    def is_open(self) -> bool:
        """Whether `open()` succeeded."""
        return self._engine is not None

    def open(self, *, migrate: bool = True) -> None:
        """Connect, and bring the schema to this program's form. Opening twice is harmless.

        Raises:
            SchemaMismatchError: the schema differs and `migrate` is off, or is newer than this program.
            DriverMissingError: no driver for PostgreSQL.
            SQLAlchemyError: the database is out of reach or refuses.
        """
        with self._opening:
            if self._engine is not None:
                return
            engine = self._create()
            try:
                _meet_schema(engine, migrate=migrate)
            except BaseException:
                engine.dispose()
                raise
            self._engine = engine

    def encoding(self) -> str:
        """How the database keeps texts; asked over a connection of its own.

        Raises:
            SQLAlchemyError: the database is out of reach or refuses.
        """
        engine = self._create()
        try:
            with _reading(engine) as connection:
                asked = "PRAGMA encoding" if self.dialect == SQLITE else "SHOW server_encoding"
                return str(connection.exec_driver_sql(asked).scalar()).replace("-", "")
        finally:
            engine.dispose()

    def open_when_used(self) -> None:
        """Connect with the first reading or writing, which then raises what `open()` would; tried again each time."""
        self._when_used = True

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.url.get_backend_name()

    def close(self) -> None:
        """Give back all connections. Closing twice is harmless."""
        self._when_used = False
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view of the ledger; never waits for the writer."""
        with _reading(self._connected()) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that takes the writer's lock at once; committed at the end, undone on any error."""
        with _writing(self._connected()) as connection:
            yield connection

    def _create(self) -> Engine:
        create = sqlite_engine.create if self.dialect == SQLITE else postgresql_engine.create
        return create(self.url, self._limits)

    def _connected(self) -> Engine:
        if self._engine is None and self._when_used:
            self.open()
        if self._engine is None:
            raise LedgerClosedError("the ledger is not open")
        return self._engine


def url_of(text: str | URL) -> URL:
    """The URL, `postgres://` and named drivers included.

    Raises:
        UnsupportedDialectError: neither SQLite nor PostgreSQL.
        ArgumentError: no URL (SQLAlchemy's; its text quotes what was given).
    """
    url = make_url(text)
    if url.drivername == "postgres":
        url = url.set(drivername=POSTGRESQL)
    if url.drivername.partition("+")[0] not in (SQLITE, POSTGRESQL):
        raise UnsupportedDialectError(url.drivername)
    return url


@contextmanager
def _reading(engine: Engine) -> Iterator[Connection]:
    with engine.connect().execution_options(**READING) as connection:
        yield connection


@contextmanager
def _writing(engine: Engine) -> Iterator[Connection]:
    with engine.connect().execution_options(**WRITING) as connection, connection.begin():
        yield connection


def _meet_schema(engine: Engine, *, migrate: bool) -> None:
    with _reading(engine) as connection:
        found = _revision(connection)
    if found == HEAD:
        return
    if not migrate:
        raise SchemaMismatchError(found)
    with _writing(engine) as connection:
        # Read again: another process may have migrated while this one waited for the writer's lock.
        found = _revision(connection)
        if found is not None and found > HEAD:
            raise SchemaMismatchError(found)
        if found != HEAD:
            _migrate(connection)


def _migrate(connection: Connection) -> None:
    # Alembic costs memory and a fifth of a second: only for a new or old schema.
    from stores.ledger.migrate import upgrade  # noqa: PLC0415 - see above

    if connection.dialect.name == POSTGRESQL:
        postgresql_engine.no_statement_timeout(connection)
    upgrade(connection)


def _revision(connection: Connection) -> str | None:
    if not sqlalchemy.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(sqlalchemy.text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)
