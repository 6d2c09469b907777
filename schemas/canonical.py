"""The canonical form of JSON, which digests and comparisons use, and a digest as it is written."""

import json
from typing import Annotated, Any

from pydantic import Field

Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]


def canonical_json(value: Any) -> str:
    """Keys sorted, no blanks, ASCII: the form that digests and comparisons use."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
