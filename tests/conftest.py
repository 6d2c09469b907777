"""Fixtures for every test: real tools and servers, found or refused loudly."""

import os
import shutil
from collections.abc import Callable

import pytest


def services_required() -> bool:
    return os.environ.get("BTSWATCH_REQUIRE_SERVICES") == "1"


@pytest.fixture
def absent() -> Callable[[str], None]:
    """Skip with the reason, or fail where services are required."""

    def call(reason: str) -> None:
        if services_required():
            pytest.fail(f"{reason} (BTSWATCH_REQUIRE_SERVICES=1)")
        pytest.skip(reason)

    return call


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
