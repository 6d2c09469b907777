"""Fixtures for every test: real tools and servers, found or refused loudly."""

import os
import shutil
from collections.abc import Callable

import pytest
import structlog
from hypothesis import HealthCheck, settings

from tests.absence import absent_because
from tests.ledgers import ledger, ledger_databases, new_ledger
from tests.servers import (
    influx,
    influx_server,
    kafka,
    kafka_prefix,
    new_kafka,
    postgres,
    postgres_server,
)

__all__ = [
    "influx",
    "influx_server",
    "kafka",
    "kafka_prefix",
    "ledger",
    "ledger_databases",
    "new_kafka",
    "new_ledger",
    "postgres",
    "postgres_server",
]

# How long an example takes is the machine's doing: one that waited for the processor is no finding.
settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# Where a run decides about a change it tries the same examples each time; elsewhere it looks for new ones.
settings.register_profile(
    "decides", settings.get_profile("tests"), derandomize=True, database=None, print_blob=True
)
settings.load_profile("decides" if os.environ.get("BTSWATCH_REQUIRE_SERVICES") == "1" else "tests")


@pytest.fixture(scope="session", autouse=True)
def loggers_are_made_anew():
    """A command run within the tests sets logging up; loggers that it caches would pass by what later tests capture."""
    configure = structlog.configure
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(
            structlog, "configure", lambda **given: configure(**given | {"cache_logger_on_first_use": False})
        )
        yield


@pytest.fixture
def absent() -> Callable[[str], None]:
    """Skip with the reason, or fail where services are required."""
    return absent_because


@pytest.fixture
def require_tool(absent: Callable[[str], None]) -> Callable[..., str]:
    """The path of the first of the named programs that is installed."""

    def find(*names: str) -> str:
        for name in names:
            path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
            if path:
                return path
        absent(f"{' or '.join(names)} is not installed")
        raise AssertionError("unreachable")

    return find
