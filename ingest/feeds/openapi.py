"""Prints the gateway's OpenAPI document, as committed in docs/reference/openapi.json.

`python -m ingest.feeds.openapi > docs/reference/openapi.json`
"""

import json
import sys
from typing import Any, cast

from ingest.feeds.deps import GatewayDeps
from ingest.feeds.gateway import create_gateway
from schemas.registry import Registry


def document() -> dict[str, Any]:
    """The document; nothing of what the gateway works with is needed for it."""
    absent = cast("Any", None)
    return create_gateway(GatewayDeps(absent, absent, absent, Registry)).openapi()


def rendered() -> str:
    """As it is committed."""
    return json.dumps(document(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(rendered())
