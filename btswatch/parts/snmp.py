"""Pollers and trap receiver, wired to the journal; in one process a trap asks the poller by a call, else by a datagram."""

import asyncio
import secrets
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Final

import structlog

from btswatch.ledger import ledger_of
from btswatch.parts.journal import JournalPart
from btswatch.parts.part import Part
from btswatch.parts.poll_health import PollHealthPart
from btswatch.settings import Settings
from ingest.snmp.devices import Device, canaries_of, devices_of
from ingest.snmp.engine import Answer, EngineName, NoAnswer, SnmpEngine, Target
from ingest.snmp.poll_now import PollNowSocket, send_poll_now
from ingest.snmp.poller import Poller
from ingest.snmp.profiles import Profiles
from ingest.snmp.traps.service import TrapContext, TrapService
from schemas.credentials import Credential
from schemas.registry import Registry
from schemas.time import LocalCalendar
from stores.data_directory import DataDirectory

__all__ = ["PollPart", "TrapPart", "ask_all", "snmp_parts"]

_LOG = structlog.get_logger()
_SYS_UP_TIME: Final = "1.3.6.1.2.1.1.3.0"
# The rows in force change at midnight.
_NEW_DAY_CHECK_S: Final = 60.0
_ASK_AT_ONCE: Final = 200
# What this process writes there can wait; its end can't.
_LEDGER_BUSY_S: Final = 1.0


def snmp_parts(
    settings: Settings,
    directory: DataDirectory,
    journal: JournalPart,
    registry: Registry,
    credentials: Mapping[str, Credential],
    profiles: Profiles,
    wanted: Collection[str],
    now_ms: Callable[[], int],
) -> list[Part]:
    """The wanted ones of `poll` and `traps`, in the order in which they start."""
    source = _DeviceSource(settings, registry, credentials, profiles, now_ms)
    path = directory.path / "poll-now.sock"
    parts: list[Part] = []
    polls: PollPart | None = None
    if "poll" in wanted:
        polls = PollPart(settings, journal, source, path, now_ms)
        ledger = ledger_of(settings, directory, busy_s=_LEDGER_BUSY_S)
        parts += [polls, PollHealthPart(settings.poll.vantage, polls.poller, ledger, now_ms)]
    if "traps" in wanted:
        ask: _AskPoller | _AskSocket = _AskPoller(polls) if polls else _AskSocket(path)
        context = TrapContext(
            journal=journal.journal,
            writer=journal.group,
            sink=journal.group,
            data_dir=directory.path,
            credentials=list(credentials.values()),
            devices=source.today(),
            profiles=profiles,
            polls=ask,
        )
        parts.append(TrapPart(settings, context, now_ms))
    return parts


class _DeviceSource:
    """The devices of the registry rows in force today."""

    def __init__(
        self,
        settings: Settings,
        registry: Registry,
        credentials: Mapping[str, Credential],
        profiles: Profiles,
        now_ms: Callable[[], int],
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._credentials = credentials
        self.profiles = profiles
        self._calendar = LocalCalendar(settings.zone)
        self._now_ms = now_ms

    def day(self) -> date:
        """The local day."""
        return self._calendar.day_of(self._now_ms())

    def today(self) -> tuple[Device, ...]:
        """Today's devices; what can't be polled is told once and left out."""
        found = devices_of(self._registry, self.day(), self._credentials, self.profiles, self._settings.poll)
        for one in found.undone:
            _LOG.warning("element can't be polled", element=one.element, why=one.why)
        return found.devices

    def canaries(self) -> tuple[Device, ...]:
        """The agents that should always answer."""
        return canaries_of(self._settings.poll, self._credentials)


class PollPart:
    """The pollers."""

    def __init__(
        self,
        settings: Settings,
        journal: JournalPart,
        source: _DeviceSource,
        socket_path: Path,
        now_ms: Callable[[], int],
    ) -> None:
        self._source = source
        self._day: date | None = None
        self._task: asyncio.Task[None] | None = None
        self._devices = source.today() + source.canaries()
        self.poller = Poller(
            settings.poll,
            source.profiles,
            {name: engine_named(name) for name in _engines(settings)},
            journal.group,
            now_ms=now_ms,
            monotonic=time.monotonic,
        )
        self._socket = PollNowSocket(socket_path, self.poller)

    async def start(self) -> None:
        """Begin with the plan."""
        self._day = self._source.day()
        self.poller.replace(self._devices)
        await self.poller.start()
        self._socket.open()
        self._task = asyncio.create_task(self._follow_days(), name="poll days")

    async def stop(self, deadline_s: float) -> None:
        """Let polls in flight end and write what they found."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._socket.close()
            if not await self.poller.stop(deadline_s):
                _LOG.error("poller did not drain in time", deadline_s=deadline_s)

    def not_ready(self) -> str | None:
        """Whether the poller can see; a blind one emits nothing."""
        blind = self.poller.health().impairments
        return f"poller: can't see {', '.join(sorted(blind))}" if blind else None

    async def _follow_days(self) -> None:
        while True:
            await asyncio.sleep(_NEW_DAY_CHECK_S)
            if self._source.day() != self._day:
                self._day = self._source.day()
                self.poller.replace(self._source.today() + self._source.canaries())


class TrapPart:
    """Traps and informs."""

    def __init__(self, settings: Settings, context: TrapContext, now_ms: Callable[[], int]) -> None:
        self.service = TrapService(settings.traps, context, now_ms=now_ms, random_bytes=secrets.token_bytes)

    async def start(self) -> None:
        """Listen."""
        await self.service.start()

    async def stop(self, deadline_s: float) -> None:
        """Write what was received."""
        await self.service.stop(deadline_s)

    def not_ready(self) -> str | None:
        """Listening is all it needs; the journal answers for itself."""
        return None


class _AskPoller:
    def __init__(self, polls: PollPart) -> None:
        self._polls = polls

    def request(self, device_ids: Iterable[str]) -> None:
        self._polls.poller.request(device_ids)


class _AskSocket:
    def __init__(self, path: Path) -> None:
        self._path = path

    def request(self, device_ids: Iterable[str]) -> None:
        if not send_poll_now(self._path, device_ids):
            _LOG.warning("no poller to ask: the regular turn will come", path=str(self._path))


def _engines(settings: Settings) -> set[EngineName]:
    """All that a device may ask for, today or on a later day."""
    chosen = [settings.poll.engine, *(group.engine for group in settings.poll.groups)]
    return {EngineName(name) for name in chosen if name is not None}


def engine_named(name: EngineName) -> SnmpEngine:
    """A new engine of this name."""
    if name is EngineName.PYSNMP:
        from ingest.snmp.engine_pysnmp import PysnmpEngine  # noqa: PLC0415 - heavy, and seldom wanted

        return PysnmpEngine(_message_id)
    from ingest.snmp.engine_gufo import GufoEngine  # noqa: PLC0415 - absent where it has no wheel

    return GufoEngine(_message_id)


def _message_id() -> int:
    return secrets.randbits(31)


async def ask_all(devices: Sequence[Device]) -> list[tuple[str, str]]:
    """Ask every device for sysUpTime; those that don't answer, each with why."""
    engines = {name: engine_named(name) for name in {device.engine for device in devices}}
    for name, engine in engines.items():
        await engine.start([device.target for device in devices if device.engine == name])
    at_once = asyncio.Semaphore(_ASK_AT_ONCE)

    async def ask(device: Device) -> tuple[str, str] | None:
        async with at_once:
            outcome = await engines[device.engine].get(device.target, [_SYS_UP_TIME])
        return None if isinstance(outcome, Answer) else (_named(device), _why(outcome, device.target))

    try:
        return [found for found in await asyncio.gather(*map(ask, devices)) if found is not None]
    finally:
        for engine in engines.values():
            await engine.stop()


def _named(device: Device) -> str:
    elements = ", ".join(view.element for view in device.views[:3])
    return f"{device.id} ({elements})" if elements else device.id


def _why(outcome: object, target: Target) -> str:
    if isinstance(outcome, NoAnswer):
        return f"no answer within {target.timeout_s} s and {target.retries} further tries"
    return repr(outcome)
