"""An installation with a real gateway in front of its journal."""

import asyncio
import json
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from btswatch.cli.configured import registry_of
from btswatch.settings import Settings
from ingest.feeds.deps import GatewayDeps
from ingest.feeds.gateway import create_gateway
from ingest.feeds.service import GatewayService
from schemas.time import format_ms
from stores.data_directory import DataDirectory, Mode
from stores.journal import GroupCommit, Journal
from stores.keys import KeyStore


def now_ms():
    return time.time_ns() // 1_000_000


@dataclass
class Place:
    """The files of an installation; `stations` are those of the enterprise vina."""

    path: Path
    toml: str = ""
    stations: list[str] = field(default_factory=lambda: ["VN-1"])

    def __post_init__(self):
        self.settings = self.path / "btswatch.toml"
        self.directory = DataDirectory(self.path / "data")
        self.directory.create(Mode.PRODUCTION)
        with self.directory.journal():
            pass
        self.write()

    def write(self):
        registry = self.path / "registry"
        registry.mkdir(exist_ok=True)
        (registry / "enterprises.csv").write_text("id,name\nvina,Vina\n")
        (registry / "units.csv").write_text("code,name,kind\n20,Lạng Sơn,province\n")
        (registry / "stations.csv").write_text(
            "\n".join(["id,enterprise", *(f"{s},vina" for s in self.stations)]) + "\n"
        )
        (registry / "links.csv").write_text("id,enterprise\n")
        self.settings.write_text(f'data = "data"\nregistry = "registry"\n{self.toml}')

    def add_station(self, station):
        self.stations.append(station)
        self.write()

    def journal(self) -> Journal:
        return self.directory.journal()

    def lines(self):
        with self.journal() as journal:
            return [json.loads(one.body) for one in journal.read(0, 1000, ["event"])]

    def push(self, body, kind="application/json"):
        """What the gateway answers to vina's body."""
        return asyncio.run(self._push(body, kind))

    async def _push(self, body, kind):
        loaded = Settings.load(self.settings)
        keys = KeyStore(self.path / "data" / "keys.db")
        keys.open()
        _, token = keys.create("vina", actor="test", now_ms=now_ms())
        with self.journal() as journal:
            writer = GroupCommit(journal)
            await writer.start()
            registry = registry_of(loaded)
            deps = GatewayDeps(writer, journal, keys, lambda: registry)
            service = GatewayService(create_gateway(deps), host="127.0.0.1", port=0)
            await service.start()
            async with httpx.AsyncClient(trust_env=False) as client:
                answer = await client.post(
                    f"http://127.0.0.1:{service.port}/v1/events",
                    content=body,
                    headers={"Authorization": f"Bearer {token}", "Content-Type": kind},
                )
            await service.stop(5)
            await writer.stop(5)
        keys.close()
        return answer


def event(id_="e1", subject="VN-1", *, at_ms=None, **more):
    return {
        "specversion": "1.0",
        "id": id_,
        "source": "vina/noc",
        "type": "btswatch.status.v1",
        "subject": subject,
        "time": format_ms(at_ms or now_ms()),
        "data": {"status": "down"},
        **more,
    }
