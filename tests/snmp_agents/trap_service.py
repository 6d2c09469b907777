"""A running trap service over a real journal, for tests and benchmarks."""

import asyncio
import json
from collections.abc import Collection
from contextlib import asynccontextmanager
from pathlib import Path

from ingest.snmp.devices import Device, View
from ingest.snmp.engine import EngineName, Target
from ingest.snmp.planning import Timing
from ingest.snmp.profiles import load_profiles
from ingest.snmp.traps.service import TrapContext, TrapService
from schemas.credentials import AuthProtocol, Community, PrivProtocol, UsmUser
from schemas.registry import Kind
from schemas.settings.traps import TrapSettings
from stores.journal import GroupCommit, Journal

KEY = "at-least-eight"
COMMUNITY = Community("access", "2c", "seen")
OLD = Community("old", "1", "seen-too")
SHA = UsmUser("core", "btswatch", AuthProtocol.SHA, KEY, PrivProtocol.AES_128, KEY)
SHA256 = UsmUser("edge", "edgeuser", AuthProtocol.SHA_256, KEY, PrivProtocol.AES_128, KEY)
SHA512 = UsmUser("far", "faruser", AuthProtocol.SHA_512, KEY, PrivProtocol.AES_256, KEY)
AUTH_ONLY = UsmUser("plain", "plainuser", AuthProtocol.SHA_224, KEY)
CREDENTIALS = (COMMUNITY, OLD, SHA, SHA256, SHA512, AUTH_ONLY)


def device(host="127.0.0.1", credential=COMMUNITY, views=(), port=161, id_=None):
    return Device(
        Target(id_ or f"{host}:{port}", host, port, credential),
        EngineName.GUFO,
        Timing(host, 60_000, 10_000, 60_000),
        10.0,
        "VTL",
        tuple(views),
    )


LINK = View("L1", Kind.LINK, None, "ge-0/0/1")
STATION = View("S1", Kind.STATION, "bts_demo")


class Polls:
    """What was asked to be polled."""

    def __init__(self) -> None:
        self.asked: list[set[str]] = []

    def request(self, device_ids: Collection[str]) -> None:
        self.asked.append(set(device_ids))


class Running:
    """A service, its journal and what came of the traps."""

    def __init__(self, service: TrapService, journal: Journal, writer: GroupCommit, polls: Polls) -> None:
        self.service, self.journal, self.writer, self.polls = service, journal, writer, polls

    @property
    def port(self) -> int:
        return self.service.receiver.port

    def events(self) -> list[dict]:
        return [json.loads(s.body) for s in self.journal.read(0, 100_000, ["event"])]

    def refused(self) -> list[str]:
        return [r.code for r in self.journal.refused()]

    async def decoded(self, traps: int) -> None:
        """Until so many traps are in the journal and dealt with."""

        def dealt_with():
            found = self.journal.read(0, 100_000, ["trap"])
            return len(found) >= traps and self.service.decoder.position >= found[traps - 1].offset

        await until(dealt_with)


async def until(condition) -> None:
    """Until it holds: for what another process or thread does, of which no event tells."""
    async with asyncio.timeout(60):
        while True:
            if condition():
                return
            await asyncio.sleep(0.005)


@asynccontextmanager
async def running(directory: Path, devices, *, now_ms, credentials=CREDENTIALS, **settings):
    """Again over the same directory it is a restart."""
    journal, polls = Journal(directory / "journal.db"), Polls()
    with journal:
        writer = GroupCommit(journal)
        await writer.start()
        context = TrapContext(
            journal, writer, writer, directory, credentials, devices, load_profiles(), polls
        )
        service = TrapService(
            TrapSettings(port=0, **settings), context, now_ms=now_ms, random_bytes=lambda n: bytes(range(n))
        )
        await service.start()
        try:
            yield Running(service, journal, writer, polls)
        finally:
            assert await service.stop(10)
            await writer.stop(10)
