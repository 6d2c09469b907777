"""The trap service: receiver and decoder wired together."""

import asyncio
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from ingest.snmp.authoritative import AuthoritativeEngine
from ingest.snmp.devices import Device
from ingest.snmp.profiles import Profiles
from ingest.snmp.traps.admission import Admission
from ingest.snmp.traps.authentication import Authentication, users_of
from ingest.snmp.traps.clocks import Clocks
from ingest.snmp.traps.decoder import TrapDecoder
from ingest.snmp.traps.identity import boot
from ingest.snmp.traps.informs import Informs
from ingest.snmp.traps.ports import EventSink, PollNow
from ingest.snmp.traps.receiver import TrapReceiver
from ingest.snmp.traps.rules import TrapRules
from ingest.snmp.traps.senders import Senders, normal
from schemas.credentials import Community, Credential
from schemas.settings.traps import TrapSettings
from stores.journal import GroupCommit, Journal

IDENTITY_FILE = "snmp-engine.json"
STATE_FILE = "traps-state.json"


@dataclass(frozen=True)
class TrapContext:
    """What the service works with.

    `journal` and `writer` are open and started; the caller stops them after the service. `sink` is where raw datagrams go (`writer` is one). `credentials` hold the communities and
    users that are accepted; `devices` are the poller's.
    """

    journal: Journal
    writer: GroupCommit
    sink: EventSink
    data_dir: Path
    credentials: Sequence[Credential]
    devices: Sequence[Device]
    profiles: Profiles
    polls: PollNow


class TrapService:
    """`start`, `stop(deadline)`; in between traps and informs become evidence, polls, or quarantine."""

    def __init__(
        self,
        settings: TrapSettings,
        context: TrapContext,
        *,
        now_ms: Callable[[], int],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._settings = settings
        self._context = context
        self._now_ms = now_ms
        self._random_bytes = random_bytes
        self._receiver: TrapReceiver | None = None
        self._decoder: TrapDecoder | None = None

    @property
    def receiver(self) -> TrapReceiver:
        """The running receiver: its port and drops."""
        if self._receiver is None:
            raise RuntimeError("the trap service is not started")
        return self._receiver

    @property
    def decoder(self) -> TrapDecoder:
        """The running decoder: its position."""
        if self._decoder is None:
            raise RuntimeError("the trap service is not started")
        return self._decoder

    async def start(self) -> None:
        """Count a boot, go on in the journal, listen.

        Raises:
            IdentityError: the engine's identity can't be read or written.
            OSError: the address can't be bound.
            JournalError: the journal can't be read or written.
        """
        context = self._context
        now_ms = self._now_ms()
        identity = await asyncio.to_thread(boot, context.data_dir / IDENTITY_FILE, now_ms, self._random_bytes)
        # Hashing passwords takes milliseconds each.
        users = await asyncio.to_thread(users_of, context.credentials)
        communities = [c for c in context.credentials if isinstance(c, Community)]
        clocks = Clocks()
        senders = Senders(context.devices, await _addresses(context.devices))
        engine = AuthoritativeEngine(
            identity.engine_id,
            identity.boots[-1].number,
            identity.boots[-1].started_ms,
            users,
            self._now_ms,
            int.from_bytes(self._random_bytes(8), "big"),
        )
        decoder = TrapDecoder(
            self._settings,
            context.journal,
            context.writer,
            authentication=Authentication(communities, users, identity, clocks),
            clocks=clocks,
            senders=senders,
            rules=TrapRules(context.profiles, senders.ends),
            polls=context.polls,
            state_path=context.data_dir / STATE_FILE,
            now_ms=self._now_ms,
        )
        informs = Informs(engine, frozenset(c.community.encode() for c in communities if c.version == "2c"))
        settings = self._settings
        admission = Admission(
            senders.knows,
            settings.strangers_per_minute,
            settings.strangers_together_per_minute,
            time.monotonic,
        )
        receiver = TrapReceiver(settings, context.sink, informs, admission, self._now_ms, decoder.wake)
        await decoder.start()
        try:
            await receiver.start()
        except OSError:
            await decoder.stop(1.0)
            raise
        self._receiver, self._decoder = receiver, decoder

    async def stop(self, deadline_s: float) -> bool:
        """Write what the socket holds, decode what is written; False where that took longer than `deadline_s`."""
        loop = asyncio.get_running_loop()
        end = loop.time() + deadline_s
        received = self._receiver is None or await self._receiver.stop(deadline_s)
        decoded = self._decoder is None or await self._decoder.stop(max(0.0, end - loop.time()))
        self._receiver = self._decoder = None
        return received and decoded


async def _addresses(devices: Iterable[Device]) -> dict[str, tuple[str, ...]]:
    """The addresses of hosts that are given by name; a name that can't be resolved has none, and is logged."""
    found: dict[str, tuple[str, ...]] = {}
    loop = asyncio.get_running_loop()
    for host in {device.target.host for device in devices}:
        if normal(host) != host or _is_address(host):
            continue
        try:
            infos = await loop.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
        except OSError as error:
            structlog.get_logger().warning("agent's name can't be resolved", host=host, error=str(error))
            found[host] = ()
        else:
            found[host] = tuple({str(info[4][0]) for info in infos})
    return found


def _is_address(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()
