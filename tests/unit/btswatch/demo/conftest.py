from datetime import UTC, datetime

import pytest

from btswatch.demo.agents import AgentAddresses
from btswatch.demo.province import province
from btswatch.demo.script import Script
from schemas.time import LocalCalendar, to_ms

LIVE_FROM = to_ms(datetime(2026, 11, 24, 3, 17, tzinfo=UTC))


@pytest.fixture(scope="session")
def registry():
    today = LocalCalendar().day_of(LIVE_FROM)
    return province(60, 7, today, AgentAddresses(77, 20_500, own_addresses=True)).registry


@pytest.fixture(scope="session")
def script(registry):
    return Script(registry, 7, LIVE_FROM)


@pytest.fixture(scope="session")
def live_from():
    return LIVE_FROM
