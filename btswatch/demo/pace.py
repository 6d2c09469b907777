"""How far the live engine is behind: what is made up waits for it, so that what is live doesn't wait for what is made up."""

import re
from typing import Final

import httpx

ENGINE: Final = "btswatch_engine_lag_entries"
FORWARDER: Final = "btswatch_forwarder_lag_entries"


class EngineLag:
    """Asks the journal's first reader over its metrics: the engine, or in the cluster the forwarder.

    Args:
        url: its /metrics.
        metric: how it calls its lag.
    """

    def __init__(self, url: str, metric: str = ENGINE) -> None:
        self._url = url
        self._lag = re.compile(rf"^{metric}(?:\{{[^}}]*\}})? (\S+)$", re.MULTILINE)
        self._client = httpx.Client(trust_env=False, timeout=5)

    def entries(self) -> int | None:
        """Journal entries that it has not read yet; None while it doesn't answer."""
        try:
            found = self._lag.search(self._client.get(self._url).text)
        except httpx.HTTPError:
            return None
        return int(float(found[1])) if found else None
