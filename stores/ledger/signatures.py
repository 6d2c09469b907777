"""Signed periods: each signature keeps its verdicts; a later one never replaces an earlier one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, insert, select

from stores.ledger.tables import signatures


@dataclass(frozen=True, slots=True)
class Signature:
    """A person's sign-off of a period; `root` is the Merkle root over the verdicts, `revision` counts from 1."""

    period: str
    revision: int
    signed_ms: int
    signed_by: str
    note: str
    root: str
    verdicts: Sequence[Mapping[str, Any]]


def save(connection: Connection, one: Signature) -> None:
    """Keep it."""
    names = [column.name for column in signatures.columns]
    values = {name: getattr(one, name) for name in names}
    connection.execute(insert(signatures).values(values | {"verdicts": list(one.verdicts)}))


def revisions(connection: Connection) -> dict[str, int]:
    """How often each period was signed, by its name."""
    query = select(signatures.c.period, func.max(signatures.c.revision)).group_by(signatures.c.period)
    return {row[0]: int(row[1]) for row in connection.execute(query)}


def of_period(connection: Connection, period: str) -> list[Signature]:
    """All signatures of the period, the first one first."""
    query = select(signatures).where(signatures.c.period == period).order_by(signatures.c.revision)
    return [Signature(**row) for row in connection.execute(query).mappings()]
