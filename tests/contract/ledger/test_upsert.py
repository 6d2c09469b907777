from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from stores.ledger.tables import positions, refused_counts
from stores.ledger.upsert import UnsupportedDialectError, upsert

ROW = {"consumer": "engine", "journal_offset": 5, "updated_ms": 1}


def stored(connection):
    return [tuple(row) for row in connection.execute(sa.select(positions))]


def test_a_second_row_of_the_same_key_replaces_the_first(ledger):
    with ledger.writing() as connection:
        upsert(connection, positions, [ROW])
        upsert(connection, positions, [ROW | {"journal_offset": 9}])
        assert stored(connection) == [("engine", 9, 1)]


def test_kept_columns_keep_the_stored_value_and_added_ones_add_up(ledger):
    with ledger.writing() as connection:
        upsert(connection, positions, [ROW])
        upsert(
            connection,
            positions,
            [{"consumer": "engine", "journal_offset": 2, "updated_ms": 7}],
            add=["journal_offset"],
            keep=["updated_ms"],
        )
        assert stored(connection) == [("engine", 7, 1)]


def test_a_guarded_row_stays_as_it_is(ledger):
    with ledger.writing() as connection:
        upsert(connection, positions, [ROW])
        upsert(connection, positions, [ROW | {"journal_offset": 9}], unless=positions.c.journal_offset == 5)
        assert stored(connection) == [("engine", 5, 1)]


def test_no_rows_are_no_statement(ledger):
    with ledger.writing() as connection:
        upsert(connection, refused_counts, [])


def test_postgresql_gets_its_own_statement():
    said = []
    connection = SimpleNamespace(
        dialect=postgresql.dialect(), execute=lambda statement, rows: said.append(statement)
    )
    upsert(connection, positions, [ROW], add=["journal_offset"])
    text = str(said[0].compile(dialect=postgresql.dialect()))
    assert "ON CONFLICT (consumer) DO UPDATE SET" in text
    assert "journal_offset = (positions.journal_offset + excluded.journal_offset)" in text


def test_other_databases_are_refused():
    with pytest.raises(UnsupportedDialectError, match="mysql"):
        upsert(SimpleNamespace(dialect=SimpleNamespace(name="mysql")), positions, [ROW])
