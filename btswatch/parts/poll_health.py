"""What the pollers see of devices and of themselves, kept in the ledger for the console.

Written beside the polling, in a thread: a ledger that is busy or gone delays no poll, and the next round writes what this
one could not.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from ingest.snmp.last_polls import LastPoll
from ingest.snmp.poller import Poller
from ingest.snmp.silences import Blindness
from ingest.snmp.vantage import Impairment
from schemas.metrics import POLL_HEALTH_FAILED
from stores.ledger import Ledger, devices
from stores.ledger.devices import DeviceHealth, VantageIncident

_LOG = structlog.get_logger()
_EVERY_S: Final = 15.0
# What stays as it is is written seldom: its last answer and round trip are shown at most this old.
_FRESH_MS: Final = 300_000


class PollHealthPart:
    """Writes to the ledger what changed, every some seconds.

    Args:
        vantage: the poller's name.
        poller: whose devices and blindness are told of.
        ledger: opened and closed here; better one that does not wait long for other writers.
        now_ms: the clock.
        every_s: seconds between two rounds.
    """

    def __init__(
        self,
        vantage: str,
        poller: Poller,
        ledger: Ledger,
        now_ms: Callable[[], int],
        *,
        every_s: float = _EVERY_S,
    ) -> None:
        self._poller = poller
        self._ledger = ledger
        self._now_ms = now_ms
        self._every_s = every_s
        self._changes = HealthChanges(vantage)
        self._opened = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin with the first round."""
        self._task = asyncio.create_task(self._run(), name="poll health")

    async def stop(self, deadline_s: float) -> None:
        """Write once more, if the ledger takes it in time. What this poller was blind to has an end then."""
        if self._task is None:
            return
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self._task = None
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._round(last=True), deadline_s)
        if self._opened:
            self._ledger.close()

    def not_ready(self) -> str | None:
        """Polling does not need it."""
        return None

    async def _run(self) -> None:
        while True:
            began = time.monotonic()
            # Shielded, so that a round under way ends before the last one begins.
            writing = asyncio.ensure_future(self._round())
            try:
                await asyncio.shield(writing)
            except asyncio.CancelledError:
                await writing
                raise
            await asyncio.sleep(max(0.0, self._every_s - (time.monotonic() - began)))

    async def _round(self, *, last: bool = False) -> None:
        # Gathered in the loop, where the poller changes it.
        self._changes.see(
            self._poller.device_ids(),
            self._poller.last_polls(),
            self._poller.health().impairments,
            self._poller.take_ended_blindness(),
            self._now_ms(),
        )
        try:
            await asyncio.to_thread(self._write, last=last)
        except (SQLAlchemyError, OSError) as error:
            POLL_HEALTH_FAILED.counter().inc()
            _LOG.warning("devices' health not written; it is tried again", error=str(error).splitlines()[0])

    def _write(self, *, last: bool) -> None:
        if not self._opened:
            self._ledger.open()
            self._opened = True
        self._changes.write(self._ledger, self._now_ms(), last=last)


class HealthChanges:
    """What is to be written, and what was. A write that fails loses none of it."""

    def __init__(self, vantage: str) -> None:
        self._vantage = vantage
        self._polls: Mapping[str, LastPoll] = {}
        self._written: dict[str, tuple[LastPoll, int]] = {}
        self._devices: frozenset[str] = frozenset()
        self._kept: frozenset[str] | None = None
        self._blind: Mapping[str, Impairment] = {}
        self._ended: list[Blindness] = []
        self._open: dict[str, VantageIncident] = {}
        self._seen_ms = 0

    def see(
        self,
        devices_polled: frozenset[str],
        polls: Mapping[str, LastPoll],
        blind: Mapping[str, Impairment],
        ended: list[Blindness],
        now_ms: int,
    ) -> None:
        """How it is now, and which blindness ended since the last time."""
        self._devices = devices_polled
        self._polls, self._blind, self._seen_ms = polls, blind, now_ms
        self._ended += ended

    def write(self, ledger: Ledger, now_ms: int, *, last: bool = False) -> None:
        """Write the changes; `last`: nobody looks from here on, so what is open ends.

        Raises:
            SQLAlchemyError: the ledger does not take it; call again.
        """
        changed = [(id_, poll) for id_, poll in self._polls.items() if self._is_news(id_, poll, now_ms)]
        incidents, still_open = self._incidents()
        kept = self._devices
        first, others = self._kept is None, self._kept != kept
        if changed or incidents or first or others or last:
            with ledger.writing() as connection:
                devices.save_devices(connection, [self._health(id_, poll, now_ms) for id_, poll in changed])
                if first or others:
                    devices.drop_devices(connection, self._vantage, but=kept)
                if first:
                    # Left open by a poller that was killed: until now nobody looked.
                    devices.close_incidents(connection, self._vantage, self._seen_ms)
                devices.save_incidents(connection, incidents)
                if last:
                    devices.close_incidents(connection, self._vantage, self._seen_ms)
        self._written = {id_: known for id_, known in self._written.items() if id_ in kept}
        self._written |= {id_: (poll, now_ms) for id_, poll in changed}
        self._kept, self._open = kept, still_open
        self._ended.clear()

    def _is_news(self, device: str, poll: LastPoll, now_ms: int) -> bool:
        known = self._written.get(device)
        if known is None:
            return True
        before, written_ms = known
        return _told(before) != _told(poll) or (before != poll and now_ms - written_ms >= _FRESH_MS)

    def _health(self, device: str, poll: LastPoll, now_ms: int) -> DeviceHealth:
        return DeviceHealth(
            device=device,
            vantage=self._vantage,
            outcome=poll.outcome,
            since_ms=poll.since_ms,
            answered_ms=poll.answered_ms,
            round_trip_ms=poll.rtt_ms,
            failures=poll.failures,
            detail=poll.detail,
            updated_ms=now_ms,
        )

    def _incidents(self) -> tuple[list[VantageIncident], dict[str, VantageIncident]]:
        """The incidents to write, and those that are open then."""
        still_open = dict(self._open)
        found = list(self._closed(still_open))
        for path, impairment in self._blind.items():
            known = still_open.get(path)
            incident = self._incident(impairment, known, None)
            still_open[path] = incident
            if incident != known:
                found.append(incident)
        return found, still_open

    def _closed(self, still_open: dict[str, VantageIncident]) -> Iterator[VantageIncident]:
        for one in self._ended:
            known = still_open.pop(one.impairment.path, None)
            yield self._incident(one.impairment, known, one.ended_ms)

    def _incident(
        self, impairment: Impairment, known: VantageIncident | None, closed_ms: int | None
    ) -> VantageIncident:
        # Known by its first instant, though a silence that was sent earlier may still come to light.
        opened_ms = known.opened_ms if known else impairment.since_ms
        seen = max(impairment.silent, known.devices if known else 0)
        reason = impairment.reason.name.lower()
        return VantageIncident(self._vantage, impairment.path, opened_ms, closed_ms, reason, seen)


def _told(poll: LastPoll) -> tuple[object, ...]:
    return poll.outcome, poll.since_ms, poll.failures, poll.detail
