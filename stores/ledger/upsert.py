"""Insert-or-update, the one place that knows the dialects."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, not_
from sqlalchemy.dialects import postgresql, sqlite


class UnsupportedDialectError(Exception):
    """The database is neither SQLite nor PostgreSQL."""

    def __init__(self, dialect: str) -> None:
        super().__init__(f"the ledger speaks sqlite and postgresql, not {dialect}")
        self.dialect = dialect


def upsert(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    add: Sequence[str] = (),
    keep: Sequence[str] = (),
    unless: ColumnElement[bool] | None = None,
) -> None:
    """Write `rows`, each with the same columns; a row with the same primary key is replaced.

    Args:
        connection: inside a transaction.
        table: the table.
        rows: complete rows; nothing is done for none.
        add: columns that are added to the stored value instead of replacing it.
        keep: columns that keep the stored value.
        unless: a stored row of which this is true stays as it is.

    Raises:
        UnsupportedDialectError: neither SQLite nor PostgreSQL.
    """
    if not rows:
        return
    dialect = connection.dialect.name
    if dialect == "sqlite":
        insert: Any = sqlite.insert(table)
    elif dialect == "postgresql":
        insert = postgresql.insert(table)
    else:
        raise UnsupportedDialectError(dialect)
    key = [column.name for column in table.primary_key]
    changed = {name: insert.excluded[name] for name in rows[0] if name not in key and name not in keep}
    changed |= {name: table.c[name] + insert.excluded[name] for name in add}
    where = None if unless is None else not_(unless)
    if changed:
        statement = insert.on_conflict_do_update(index_elements=key, set_=changed, where=where)
    else:
        statement = insert.on_conflict_do_nothing(index_elements=key)
    connection.execute(statement, list(rows))
