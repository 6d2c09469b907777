"""A gateway on a real port, with a real journal and real keys."""

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import httpx
import pytest

from ingest.feeds.copies import Copies
from ingest.feeds.deps import GatewayDeps
from ingest.feeds.gateway import create_gateway
from ingest.feeds.service import GatewayService
from schemas.registry import Element, Enterprise, Kind, Registry
from schemas.settings.gateway import GatewaySettings
from schemas.time import parse_rfc3339, to_ms
from stores.journal import GroupCommit, Journal
from stores.keys import KeyStore

NOW_MS = to_ms(parse_rfc3339("2026-11-02T12:00:00+07:00"))


def registry() -> Registry:
    elements = {
        "VN-1": (Element("VN-1", Kind.STATION, "vina"),),
        "VN-2": (Element("VN-2", Kind.STATION, "vina", credential="secret", agent="10.0.0.1"),),
        # Sold on 1 November 2026.
        "SOLD": (
            Element("SOLD", Kind.STATION, "vina", valid_to=date(2026, 11, 1)),
            Element("SOLD", Kind.STATION, "mobi", valid_from=date(2026, 11, 1)),
        ),
        "MB-1": (Element("MB-1", Kind.STATION, "mobi"),),
        "L-1": (Element("L-1", Kind.LINK, "vina", a_end="VN-1", b_end="MB-1", depends_on=("MB-1",)),),
    }
    enterprises = {name: Enterprise(name, name) for name in ("vina", "mobi")}
    return Registry(enterprises=enterprises, elements=elements, digest="sha256:" + "0" * 64)


@dataclass
class Running:
    """One gateway under test."""

    client: httpx.AsyncClient
    port: int
    journal: Journal
    keys: KeyStore
    tokens: dict[str, str]
    clock: list[int]
    service: GatewayService
    stack: contextlib.AsyncExitStack = field(repr=False)
    copies: Copies | None = None

    def headers(self, enterprise: str = "vina", **more: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[enterprise]}", **more}

    async def push(
        self, content: bytes, kind: str = "application/json", enterprise: str = "vina"
    ) -> httpx.Response:
        headers = self.headers(enterprise, **{"Content-Type": kind})
        return await self.client.post("/v1/events", content=content, headers=headers)


Start = Callable[..., "contextlib.AbstractAsyncContextManager[Running]"]


@pytest.fixture
def gateway_at(tmp_path: Path) -> Start:
    @contextlib.asynccontextmanager
    async def start(**options) -> AsyncIterator[Running]:
        deps_options = {key: options.pop(key) for key in ("figures", "writer", "head") if key in options}
        copies_of = options.pop("copies_of", None)
        max_bytes = options.pop("journal_bytes", 1 << 30)
        settings = GatewaySettings(port=0, **options)
        clock = [NOW_MS]
        async with contextlib.AsyncExitStack() as stack:
            journal = Journal(tmp_path / "journal.db", max_bytes=max_bytes)
            journal.open()
            stack.callback(journal.close)
            keys = KeyStore(tmp_path / "keys.db")
            keys.open()
            stack.callback(keys.close)
            tokens = {name: keys.create(name, actor="test", now_ms=NOW_MS)[1] for name in ("vina", "mobi")}
            writer = GroupCommit(journal)
            await writer.start()
            stack.push_async_callback(writer.stop, 5)
            copies = copies_of(journal) if copies_of else None
            if copies is not None:
                copies.start()
                stack.push_async_callback(copies.stop)
            deps = GatewayDeps(
                **{"writer": writer, **deps_options},
                journal=journal,
                keys=keys,
                registry=registry,
                settings=settings,
                copies=copies,
                now_ms=lambda: clock[0],
            )
            service = GatewayService(create_gateway(deps), host="127.0.0.1", port=0)
            await service.start()
            stack.push_async_callback(service.stop, 5)
            client = await stack.enter_async_context(
                httpx.AsyncClient(base_url=f"http://127.0.0.1:{service.port}", timeout=20)
            )
            yield Running(client, service.port, journal, keys, tokens, clock, service, stack, copies)

    return start


@pytest.fixture
async def gateway(gateway_at: Start) -> AsyncIterator[Running]:
    async with gateway_at() as running:
        yield running
