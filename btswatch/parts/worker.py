"""A worker of the cluster: Faust within our process model."""

import asyncio
import gc
from typing import cast

import structlog

from btswatch.parts.part import Ending
from btswatch.settings import Settings
from processors.engine.embedded import pace_of
from processors.engine.worker.app import WorkerApp, build_app
from processors.engine.worker.changelogs import make_changelogs
from processors.engine.worker.compliance import Compliance
from processors.engine.worker.host import Availability
from processors.engine.worker.in_force import InForceWatch
from processors.engine.worker.standstill import Standstill
from processors.engine.worker.table import DeliveredTable
from processors.rules import Rules
from schemas.registry import Registry

_LOG = structlog.get_logger()


class WorkerPart:
    """Runs the app with its agents in this process's loop; the process ends when the app does."""

    def __init__(self, settings: Settings, registry: Registry, rules: Rules, ending: Ending) -> None:
        self._settings = settings
        self._registry = registry
        self._rules = rules
        self._ending = ending
        self._standstill = Standstill(settings.worker.session_s * 0.9)
        self._app: WorkerApp | None = None
        self._availability: Availability | None = None
        self._running: asyncio.Task[None] | None = None
        self._stopping = False

    async def start(self) -> None:
        """Begin to join the group; partitions come when the brokers give them."""
        settings = self._settings
        # Events come by the ten thousand, and none of them is in a cycle: looking for cycles so often is wasted.
        gc.set_threshold(50_000, 20, 50)
        self._app = app = build_app(settings.kafka, settings.worker, self._standstill)
        self._availability = Availability(
            app,
            settings.kafka,
            settings.worker,
            self._registry,
            settings.conventions(),
            pace_of(settings.engine),
            self._standstill,
            InForceWatch(self._registry.digest, self._rules.digest),
        )
        Compliance(
            app,
            settings.kafka,
            settings.worker,
            settings.conventions(),
            self._standstill,
            self._registry,
            self._rules,
        )
        self._standstill.start()
        self._running = asyncio.create_task(self._run(app), name="worker")

    async def stop(self, deadline_s: float) -> None:
        """Store everything at the next tick, acknowledge it, leave the group."""
        app, availability, running = self._app, self._availability, self._running
        if app is None or availability is None or running is None:
            return
        self._stopping = True
        if not app.crashed and app.started:
            await availability.drain(deadline_s * 0.6)
        # Not cancelled when the time is over: the client finishes what it waits for all the same, with a broker that hangs.
        leaving = asyncio.create_task(app.stop(), name="worker leaving")
        await asyncio.wait([leaving], timeout=deadline_s * 0.4)
        if leaving.done():
            await leaving
            running.cancel()
            await asyncio.wait([running])
        else:
            _LOG.error("worker left before it could say so: its partitions wait for the session's end")
            self._ending.given_up = True
        self._standstill.stop()

    def not_ready(self) -> str | None:
        """Whether it is in the group and its partitions' time goes on."""
        if self._app is None or self._availability is None or not self._app.tables.actives_ready:
            return "worker: joining its group or restoring its partitions"
        return self._availability.not_ready()

    async def _run(self, app: WorkerApp) -> None:
        try:
            tables = [cast("DeliveredTable", table) for table in app.tables.values()]
            await asyncio.to_thread(make_changelogs, tables, self._settings.kafka)
            await app.start()
            await app.wait()
        except Exception as error:  # noqa: BLE001 - whatever ends it ends the process, with its reason
            self._ending.fail(error)
            return
        if not self._stopping:
            self._ending.fail(app.crash_reason or RuntimeError("the worker's app ended"))
