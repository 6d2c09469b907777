from collections.abc import Iterator
from pathlib import Path

import pytest

from stores.ledger import Ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(tmp_path / "ledger.db")
    ledger.open()
    yield ledger
    ledger.close()
