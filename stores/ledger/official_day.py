"""A closed day's figures as the audit chain's tree covers them."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection, select

from schemas.audit import AuditEntry, AuditKind, merkle_root
from schemas.canonical import canonical_json
from stores.ledger import audit
from stores.ledger.figures import FINAL
from stores.ledger.tables import day_figures, differing_causes, feed_days, late_declarations

SEALS: Final = (AuditKind.DAY_CLOSED, AuditKind.RESTATED)
"""Entries about a local day; the newest holds."""
# When it was written, and how often before: neither is part of what is official.
_OUTSIDE = ("closed_at_ms", "revision")


def contents(
    connection: Connection, day: date, elements: Sequence[str] | None = None
) -> dict[str, dict[str, Any]]:
    """What is official of each element's day, by element; JSON values."""
    columns = [column for column in day_figures.columns if column.name not in _OUTSIDE]
    query = (
        select(*columns)
        .where(day_figures.c.day == day, day_figures.c.state == FINAL)
        .order_by(day_figures.c.element)
    )
    if elements is not None:
        query = query.where(day_figures.c.element.in_(elements))
    return {
        row["element"]: {name: str(value) if name == "day" else value for name, value in row.items()}
        for row in connection.execute(query).mappings()
    }


def leaves(
    connection: Connection, day: date, elements: Sequence[str] | None = None
) -> list[tuple[str, str, bytes]]:
    """(enterprise, element, canonical JSON of the official row), by element."""
    found = contents(connection, day, elements)
    return [(row["enterprise"], name, canonical_json(row).encode()) for name, row in found.items()]


def sealing(connection: Connection, day: date) -> AuditEntry | None:
    """The entry that vouches for the day's figures: its closing's, or its last restatement's."""
    found = (audit.newest(connection, kind.value, day.isoformat()) for kind in SEALS)
    return max((one for one in found if one is not None), key=lambda one: one.number, default=None)


def seal(connection: Connection, day: date) -> dict[str, Any]:
    """What an entry about the day's closing holds: the tree's root, over all and for each enterprise.

    `word` is the root over what closing found of the enterprises' word.
    """
    found = leaves(connection, day)
    parts: dict[str, list[bytes]] = defaultdict(list)
    for enterprise, _, leaf in found:
        parts[enterprise].append(leaf)
    return {
        "root": merkle_root([leaf for _, _, leaf in found]),
        "elements": len(found),
        "enterprises": {
            name: {"root": merkle_root(part), "elements": len(part)} for name, part in sorted(parts.items())
        },
        "word": merkle_root(list(_word(connection, day))),
    }


def _word(connection: Connection, day: date) -> Iterator[bytes]:
    """Late declarations, differing causes and feeds' silence of the day, as canonical JSON with their table's name."""
    for table in (late_declarations, differing_causes, feed_days):
        query = select(table).where(table.c.day == day).order_by(*table.primary_key)
        for row in connection.execute(query).mappings():
            yield canonical_json([table.name, {**row, "day": str(row["day"])}]).encode()
