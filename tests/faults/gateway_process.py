"""A gateway as a process of its own, for tests that kill it: prints its port, serves until its end."""

import asyncio
import sys
from pathlib import Path

from ingest.feeds.deps import GatewayDeps
from ingest.feeds.gateway import create_gateway
from ingest.feeds.service import GatewayService
from schemas.registry import Registry
from schemas.settings.gateway import GatewaySettings
from stores.journal import GroupCommit, Journal
from stores.keys import KeyStore


async def main(data: Path) -> None:
    keys = KeyStore(data / "keys.db")
    keys.open()
    with Journal(data / "journal.db") as journal:
        writer = GroupCommit(journal)
        await writer.start()
        settings = GatewaySettings(requests_per_minute=10**6, events_per_minute=10**8)
        deps = GatewayDeps(writer, journal, keys, Registry, settings)
        service = GatewayService(create_gateway(deps), host="127.0.0.1", port=0)
        await service.start()
        print(service.port, flush=True)
        await asyncio.Event().wait()


asyncio.run(main(Path(sys.argv[1])))
