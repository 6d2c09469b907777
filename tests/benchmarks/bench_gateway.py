"""Events a second through the real gateway (HTTP, key, judging, journal on disk) against a bare FastAPI endpoint.

The peer only decodes the JSON. Both run in a process of their own; one client process pushes over loopback.
`python tests/benchmarks/bench_gateway.py [--seconds 3]`
"""

import argparse
import asyncio
import json
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI, Request

from ingest.feeds.deps import GatewayDeps
from ingest.feeds.gateway import create_gateway
from ingest.feeds.service import GatewayService
from schemas.registry import Element, Kind, Registry
from schemas.settings.gateway import GatewaySettings
from stores.journal import GroupCommit, Journal
from stores.keys import KeyStore

CONNECTIONS = 16
NO_LIMIT = 10**9


def registry() -> Registry:
    return Registry(
        elements={f"VN-{n}": (Element(f"VN-{n}", Kind.STATION, "vina"),) for n in range(200)}, digest="none"
    )


async def serve_bare(_data: Path, ready: Callable[[int], None], stop: Any) -> None:
    app = FastAPI()

    @app.post("/v1/events", status_code=202)
    async def events(request: Request) -> dict[str, int]:
        content = await request.json()
        return {"accepted": len(content) if isinstance(content, list) else 1}

    service = GatewayService(app, host="127.0.0.1", port=0)
    await service.start()
    ready(service.port)
    await asyncio.to_thread(stop.wait)
    await service.stop(5)


async def serve_gateway(data: Path, ready: Callable[[int], None], stop: Any) -> None:
    keys = KeyStore(data / "keys.db")
    keys.open()
    settings = GatewaySettings(
        requests_per_minute=NO_LIMIT, events_per_minute=NO_LIMIT, max_requests_per_key=64
    )
    whole = registry()
    with Journal(data / "journal.db") as journal:
        writer = GroupCommit(journal)
        await writer.start()
        app = create_gateway(GatewayDeps(writer, journal, keys, lambda: whole, settings))
        service = GatewayService(app, host="127.0.0.1", port=0)
        await service.start()
        ready(service.port)
        await asyncio.to_thread(stop.wait)
        await service.stop(5)
        await writer.stop(5)
    keys.close()


Server = Callable[[Path, Callable[[int], None], Any], Coroutine[Any, Any, None]]


def process(server: Server, data: Path, pipe: Any, stop: Any) -> None:
    before = 0.0

    def ready(port: int) -> None:
        nonlocal before
        before = cpu_seconds()
        pipe.send(port)

    asyncio.run(server(data, ready, stop))
    pipe.send(cpu_seconds() - before)


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def body(serial: int, events: int) -> bytes:
    now = datetime.now(UTC).isoformat()
    one = [
        {
            "specversion": "1.0",
            "id": f"{serial}-{n}",
            "source": "vina/noc",
            "type": "btswatch.status.v1",
            "subject": f"VN-{n % 200}",
            "time": now,
            "data": {"status": "down", "cause": "power", "metrics": {"battery_v": 47.5}},
        }
        for n in range(events)
    ]
    return json.dumps(one).encode()


async def push(port: int, token: str, events: int, seconds: float) -> tuple[int, float]:
    """Events acknowledged, and in how many seconds."""
    serial, done = 0, 0
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", headers=headers, limits=limits, timeout=60
    ) as client:
        (await client.post("/v1/events", content=body(-1, 1))).raise_for_status()
        started = time.perf_counter()

        async def worker() -> None:
            nonlocal serial, done
            while time.perf_counter() - started < seconds:
                serial += 1
                answer = (await client.post("/v1/events", content=body(serial, events))).raise_for_status()
                assert answer.json()["accepted"] == events, answer.text
                done += events

        await asyncio.gather(*(worker() for _ in range(CONNECTIONS)))
        return done, time.perf_counter() - started


def measure(server: Server, events: int, seconds: float) -> tuple[float, float]:
    """Events a second, and CPU microseconds of the server an event."""
    with tempfile.TemporaryDirectory() as name:
        data = Path(name)
        keys = KeyStore(data / "keys.db")
        keys.open()
        _, token = keys.create("vina", actor="bench", now_ms=0)
        keys.close()
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        stop = context.Event()
        child = context.Process(target=process, args=(server, data, theirs, stop))
        child.start()
        try:
            done, took = asyncio.run(push(ours.recv(), token, events, seconds))
        finally:
            stop.set()
        cpu = float(ours.recv())
        child.join()
        return done / took, cpu / done * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3)
    seconds = parser.parse_args().seconds
    print(
        f"{'events/request':>14} {'bare/s':>10} {'gateway/s':>10} {'gateway/bare':>12} {'us CPU bare':>12} {'us CPU gateway':>15}"
    )
    for events in (1, 10, 100, 1000):
        bare, bare_cpu = measure(serve_bare, events, seconds)
        real, cpu = measure(serve_gateway, events, seconds)
        print(
            f"{events:>14} {bare:>10,.0f} {real:>10,.0f} {real / bare:>12.2f} {bare_cpu:>12.0f} {cpu:>15.0f}"
        )


if __name__ == "__main__":
    main()
