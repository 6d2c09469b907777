"""What the ledger's tables are made of: one schema for SQLite and PostgreSQL, columns that keys and values share."""

from typing import Any, Final

from sqlalchemy import Column, MetaData, String

METADATA: Final = MetaData(
    naming_convention={"pk": "pk_%(table_name)s", "ix": "ix_%(table_name)s_%(column_0_N_name)s"}
)
READINGS: Final = ("unknown", "up", "degraded", "down")
SECONDS: Final = ("up_s", "degraded_s", "down_s", "planned_s", "unknown_s")
RECONCILIATION: Final = tuple(
    f"rec_{measured}_{declared}_s" for measured in READINGS for declared in READINGS
)
# Ordered by their bytes in every database: PostgreSQL's own order depends on the machine's locale, and may change
# under an index when the machine is upgraded.
NAME: Final = String().with_variant(String(collation="C"), "postgresql")


def key(name: str, kind: Any = NAME) -> Column[Any]:
    """A part of the primary key."""
    return Column(name, kind, primary_key=True, autoincrement=False)


def need(name: str, kind: Any) -> Column[Any]:
    """A value that every row has."""
    return Column(name, kind, nullable=False)
