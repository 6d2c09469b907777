"""Connections to a ledger in PostgreSQL: a small pool, one writer at a time by an advisory lock.

Writers are told apart in time, as SQLite does it, not in rows: the closing of a day reads provisional figures and
writes official ones in one transaction, and sinks rewrite whole sets of rows, so that interleaved writers would have to
lock rows in one order everywhere or meet in deadlocks. What is written here is small (evidence never comes here), so
that taking turns costs little. The lock belongs to the transaction: a client that dies gives it back.
"""

from importlib.util import find_spec
from typing import Final

import sqlalchemy
from sqlalchemy import URL, Connection, Engine, event

from stores.ledger.limits import Limits
from stores.ledger.transaction import writes

# Any number will do that no other user of the database takes: "bts" and 1.
WRITER_LOCK: Final = 0x627473_0001
_POOL: Final = 5


class DriverMissingError(Exception):
    """The PostgreSQL driver is not installed."""

    def __init__(self) -> None:
        super().__init__("a ledger in PostgreSQL needs psycopg: install btswatch with its extra `cluster`")


def create(url: URL, limits: Limits) -> Engine:
    """An engine, nothing opened yet. What the URL says of a connection goes before what stands here.

    Raises:
        DriverMissingError: no psycopg.
    """
    if find_spec("psycopg") is None:
        raise DriverMissingError
    session = {
        "lock_timeout": limits.busy_ms,
        "statement_timeout": limits.statement_ms,
        "idle_in_transaction_session_timeout": limits.idle_ms,
    }
    defaults = {
        "application_name": "btswatch",
        "connect_timeout": str(max(2, limits.connect_ms // 1000)),
        "options": " ".join(f"-c {name}={value}" for name, value in session.items()),
        # A server that vanished without a word is noticed after half a minute, not after hours.
        "keepalives_idle": "10",
        "keepalives_interval": "5",
        "keepalives_count": "4",
        "tcp_user_timeout": "30000",
    }
    engine = sqlalchemy.create_engine(
        url.set(drivername="postgresql+psycopg"),
        connect_args={name: value for name, value in defaults.items() if name not in url.query},
        # A server that was started anew costs no transaction: the dead connection is noticed before it begins.
        pool_pre_ping=True,
        pool_size=_POOL,
        max_overflow=_POOL,
        pool_timeout=limits.busy_ms / 1000,
        # Rows hold no secrets, but an error in a log should not quote a batch of them.
        hide_parameters=True,
    )
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    if writes(connection):
        # READ COMMITTED: each statement sees what the writer before has committed. A snapshot for the whole
        # transaction would be of the time before the lock was given.
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITER_LOCK})")
    else:
        # One view for all statements of a reading, as SQLite gives it; says nothing of who writes.
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


def no_statement_timeout(connection: Connection) -> None:
    """For the rest of the transaction: a migration takes as long as it takes."""
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
