"""Empty ledgers for tests, in SQLite and in PostgreSQL: there databases are migrated once, and emptied for the next test."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from stores.ledger import Ledger
from stores.ledger.tables import METADATA


class LedgerDatabases:
    """Databases of one server, each for one test at a time."""

    def __init__(self, new_database: Callable[[], str]) -> None:
        self._new_database = new_database
        self._free: list[str] = []

    def take(self) -> str:
        """The URL of an empty ledger of this program's schema."""
        url = self._free.pop() if self._free else self._new_database()
        ledger = Ledger(url)
        ledger.open()
        with ledger.writing() as connection:
            connection.execute(text(f"TRUNCATE {', '.join(METADATA.tables)}"))
        ledger.close()
        return url

    def give_back(self, url: str) -> None:
        """For the next test."""
        self._free.append(url)


@pytest.fixture(scope="session")
def ledger_databases(request: pytest.FixtureRequest) -> LedgerDatabases:
    """PostgreSQL's; the server is asked for with the first of them."""
    return LedgerDatabases(lambda: request.getfixturevalue("postgres").new_database())


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.service)])
def new_ledger(
    request: pytest.FixtureRequest, tmp_path: Path, ledger_databases: LedgerDatabases
) -> Iterator[Callable[[], Path | str]]:
    """Gives places of empty ledgers; a test that asks for it runs on each database."""
    if request.param == "sqlite":
        numbers = itertools.count()
        yield lambda: tmp_path / f"ledger-{next(numbers)}.db"
        return
    taken: list[str] = []

    def take() -> str:
        taken.append(ledger_databases.take())
        return taken[-1]

    yield take
    for url in taken:
        ledger_databases.give_back(url)


@pytest.fixture
def ledger(new_ledger: Callable[[], Path | str]) -> Iterator[Ledger]:
    """An open and empty ledger, on each database."""
    opened = Ledger(new_ledger())
    opened.open()
    yield opened
    opened.close()
