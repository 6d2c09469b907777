"""What a test does without a tool or server that it needs."""

import os

import pytest


def absent_because(reason: str) -> None:
    """Skip with the reason, or fail where services are required (BTSWATCH_REQUIRE_SERVICES=1)."""
    if os.environ.get("BTSWATCH_REQUIRE_SERVICES") == "1":
        pytest.fail(f"{reason} (BTSWATCH_REQUIRE_SERVICES=1)")
    pytest.skip(reason)
