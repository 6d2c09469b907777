"""Connections to a ledger in SQLite: WAL mode, one writer at a time by the file's lock."""

from functools import partial
from typing import Any

import sqlalchemy
from sqlalchemy import URL, Connection, Engine, event

from stores.ledger.limits import Limits
from stores.ledger.transaction import writes


def create(url: URL, limits: Limits) -> Engine:
    """An engine, nothing opened yet."""
    engine = sqlalchemy.create_engine(url)
    event.listen(engine, "connect", partial(_prepare, limits.busy_ms))
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(busy_timeout_ms: int, connection: Any, _record: Any) -> None:
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


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes(connection) else "BEGIN")
