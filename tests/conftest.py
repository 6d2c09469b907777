"""Fixtures for every test: real tools and servers, found or refused loudly."""

import os
import shutil
from collections.abc import Callable

import pytest
import structlog

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
