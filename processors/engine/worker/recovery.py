"""Watches Faust read its tables again.

Faust (0.15.3) drops what it has fetched of a changelog when a rebalance comes in between, and then waits for ever for what it
believes to be still to come: the worker's partitions would stand, by a race that comes once in many rebalances.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import structlog
from faust.types import TP

from schemas.cluster_metrics import WORKER_RECOVERY_AGAIN

_FIRST_S: Final = 10.0
_LOG = structlog.get_logger()


class RecoveryWatch:
    """Has changelogs read again from where they are, when nothing has come of them for a while.

    A row that comes twice is the same row: Faust passes over offsets that it has seen.

    Args:
        app: the worker's.
        first_s: how long nothing may come; twice as long each time after, since what is under way is fetched anew.
    """

    def __init__(self, app: Any, first_s: float = _FIRST_S) -> None:
        self._app = app
        self._first_s = first_s

    async def run(self) -> None:
        """Until it is cancelled."""
        pause_s, before = self._first_s, self._left()
        while True:
            await asyncio.sleep(pause_s)
            left = self._left()
            if not left or left != before:
                pause_s, before = self._first_s, left
                continue
            pause_s *= 2
            await self._read_again(left)

    def _left(self) -> Mapping[TP, int]:
        """How many rows each changelog has yet to give; empty where no table is being read."""
        recovery = self._app.tables.recovery
        if not recovery.in_recovery:
            return {}
        return {at: rows for at, rows in recovery.active_remaining().items() if rows > 0}

    async def _read_again(self, left: Mapping[TP, int]) -> None:
        WORKER_RECOVERY_AGAIN.counter().inc()
        known = self._app.tables.recovery.active_offsets
        _LOG.warning(
            "recovery stands still; changelogs are read again",
            rows={str(at.partition): rows for at, rows in left.items()},
        )
        try:
            await self._app.consumer.seek_wait({at: max(0, known[at]) for at in left})
        except Exception as error:  # noqa: BLE001 - partitions may be another's by now; the next look tells
            _LOG.warning("changelogs not read again", error=f"{type(error).__name__}: {error}")
