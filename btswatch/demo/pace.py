"""How far the live engine is behind: what is made up waits for it, so that what is live doesn't wait for what is made up."""

import re
from typing import Final

import httpx

_LAG: Final = re.compile(r"^btswatch_engine_lag_entries(?:\{[^}]*\})? (\S+)$", re.MULTILINE)


class EngineLag:
    """Asks the engine's process over its metrics.

    Args:
        url: its /metrics.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = httpx.Client(trust_env=False, timeout=5)

    def entries(self) -> int | None:
        """Journal entries that it has not read yet; None while it doesn't answer."""
        try:
            found = _LAG.search(self._client.get(self._url).text)
        except httpx.HTTPError:
            return None
        return int(float(found[1])) if found else None
