"""How far a consumer has come in the journal, and what the ledger was made with."""

from typing import Final

from sqlalchemy import Connection, select

from stores.ledger.tables import positions, properties
from stores.ledger.upsert import upsert

ENGINE: Final = "engine"
"""The engine's name among the consumers: its position says how fresh the ledger is."""


def position(connection: Connection, consumer: str) -> int:
    """The journal offset whose effects the ledger holds; 0 before the first."""
    found = connection.execute(
        select(positions.c.journal_offset).where(positions.c.consumer == consumer)
    ).scalar()
    return int(found or 0)


def saved_ms(connection: Connection, consumer: str) -> int:
    """When the consumer's position was written last; 0 before the first."""
    found = connection.execute(
        select(positions.c.updated_ms).where(positions.c.consumer == consumer)
    ).scalar()
    return int(found or 0)


def save_position(connection: Connection, consumer: str, offset: int, now_ms: int) -> None:
    """Remember the offset; belongs in the transaction of what it covers."""
    upsert(connection, positions, [{"consumer": consumer, "journal_offset": offset, "updated_ms": now_ms}])


def known_property(connection: Connection, name: str) -> str | None:
    """A property such as the grid that the stored cells are cut by."""
    found = connection.execute(select(properties.c.value).where(properties.c.name == name)).scalar()
    return None if found is None else str(found)


def save_property(connection: Connection, name: str, value: str) -> None:
    """Set a property."""
    upsert(connection, properties, [{"name": name, "value": value}])
