import threading

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from stores.ledger import Ledger, SchemaMismatchError
from stores.ledger.migrate import downgrade, upgrade
from stores.ledger.tables import METADATA


def empty(ledger):
    """Take the whole schema away: what a database looks like before the first start."""
    with ledger.writing() as connection:
        downgrade(connection)
        connection.execute(sa.text("DROP TABLE IF EXISTS alembic_version"))


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


def test_names_are_ordered_by_their_bytes(ledger):
    with ledger.reading() as connection:
        for table in METADATA.tables.values():
            for column in sa.inspect(connection).get_columns(table.name):
                known = table.c[column["name"]]
                if ledger.dialect == "postgresql" and known.primary_key and isinstance(known.type, sa.String):
                    assert column["type"].collation == "C", f"{table.name}.{known.name}"
        names = [("Z-1",), ("a1",), ("a-2",), ("Ä",), ("a_",)]
        query = sa.union_all(
            *(sa.select(sa.literal(name, METADATA.tables["properties"].c.name.type)) for (name,) in names)
        )
        assert [tuple(row) for row in connection.execute(query.order_by(sa.text("1")))] == sorted(names)


def test_going_down_to_nothing_and_up_again_works(ledger):
    with ledger.writing() as connection:
        downgrade(connection)
        left = set(sa.inspect(connection).get_table_names())
        assert left <= {"alembic_version"}
        upgrade(connection)
        assert set(METADATA.tables) <= set(sa.inspect(connection).get_table_names())


def test_opening_twice_migrates_once(new_ledger):
    target = new_ledger()
    for _ in range(2):
        ledger = Ledger(target)
        ledger.open()
        ledger.open()
        ledger.close()


def test_processes_that_open_an_empty_database_at_once_do_not_collide(new_ledger):
    first = Ledger(new_ledger())
    first.open()
    empty(first)
    others = [Ledger(first.url) for _ in range(4)]
    failed = []

    def open_one(one):
        try:
            one.open()
        except Exception as error:  # noqa: BLE001 - whatever one process meets is the finding
            failed.append(error)

    threads = [threading.Thread(target=open_one, args=(one,)) for one in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    with others[-1].reading() as connection:
        assert set(METADATA.tables) <= set(sa.inspect(connection).get_table_names())
    for one in (first, *others):
        one.close()


def test_a_ledger_of_another_schema_is_not_touched(ledger):
    with ledger.writing() as connection:
        known = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    ledger.close()
    with pytest.raises(SchemaMismatchError, match="9999"):
        ledger.open()
    other = sa.create_engine(ledger.url.set(drivername=driver(ledger)))
    with other.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :known"), {"known": known})
    other.dispose()


def driver(ledger):
    return "sqlite" if ledger.dialect == "sqlite" else "postgresql+psycopg"


def test_a_reader_that_may_not_migrate_says_what_is_missing(ledger):
    empty(ledger)
    ledger.close()
    with pytest.raises(SchemaMismatchError, match="none"):
        ledger.open(migrate=False)
    ledger.open()
