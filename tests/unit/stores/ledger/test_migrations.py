import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from stores.ledger import Ledger, SchemaMismatchError
from stores.ledger.migrate import downgrade, upgrade
from stores.ledger.tables import METADATA


def test_the_migrated_schema_is_the_schema_of_the_tables(ledger):
    with ledger.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_primary_keys_of_the_migrated_schema_are_those_of_the_tables(ledger):
    with ledger.reading() as connection:
        inspector = sa.inspect(connection)
        for table in METADATA.tables.values():
            found = inspector.get_pk_constraint(table.name)["constrained_columns"]
            assert found == [column.name for column in table.primary_key], table.name


def test_going_down_to_nothing_and_up_again_works(ledger):
    with ledger.writing() as connection:
        downgrade(connection)
        left = set(sa.inspect(connection).get_table_names())
        assert left <= {"alembic_version"}
        upgrade(connection)
        assert set(METADATA.tables) <= set(sa.inspect(connection).get_table_names())


def test_opening_twice_migrates_once(tmp_path):
    for _ in range(2):
        ledger = Ledger(tmp_path / "ledger.db")
        ledger.open()
        ledger.close()


def test_a_ledger_of_another_schema_is_not_touched(tmp_path):
    ledger = Ledger(tmp_path / "ledger.db")
    ledger.open()
    with ledger.writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    ledger.close()
    with pytest.raises(SchemaMismatchError, match="9999"):
        ledger.open()


def test_a_reader_that_may_not_migrate_says_what_is_missing(tmp_path):
    with pytest.raises(SchemaMismatchError, match="none"):
        Ledger(tmp_path / "empty.db").open(migrate=False)
