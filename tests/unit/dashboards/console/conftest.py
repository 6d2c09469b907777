from datetime import UTC, datetime

import pytest

from dashboards.console.ledger_view import LedgerView
from schemas.time import to_ms
from stores.ledger import Ledger
from tests.console import sample_province as sample

NOW_MS = to_ms(datetime(2026, 11, 12, 3, 30, tzinfo=UTC))


@pytest.fixture
def now_ms():
    return NOW_MS


@pytest.fixture
def registry():
    return sample.registry(30, 12)


@pytest.fixture
def ledger(tmp_path, registry):
    opened = Ledger(tmp_path / "ledger.db")
    opened.open()
    sample.fill(opened, registry, NOW_MS, 6)
    yield opened
    opened.close()


@pytest.fixture
def view(ledger, registry):
    return LedgerView(ledger, registry, sample.CALENDAR, lambda: NOW_MS, lambda: 123_470)
