"""One reader of the ledger for all pages: it waits for the engine's bell, reads what changed, tells the pages.

Nothing is read while nobody looks. However fast the bell rings, states are read at most every `refresh_s`,
figures at most every `today_s` and `month_s`; a page gets one call per reading, with what changed since the last.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

import structlog

from dashboards.console.view import (
    ElementNow,
    FeedNow,
    Figures,
    HistoryProgress,
    PipelineHealth,
    Place,
    ProvinceView,
)
from schemas.metrics import CONSOLE_PAGES, CONSOLE_READ_SECONDS, CONSOLE_READS_FAILED
from schemas.settings.console import ConsoleSettings

_LOG = structlog.get_logger()
# Without a ring the reader still looks at times: freshness, and a lost ring costs no more than this.
_QUIET_S: Final = 5.0


class Bell(Protocol):
    """What `stores.doorbell.Doorbell` does for a waiter."""

    async def wait_async(self, timeout_s: float | None) -> bool:
        """Whether it rang within the time."""


@dataclass(frozen=True)
class Snapshot:
    """All that the pages show, as of `read_ms`. `failure` says why the last reading failed, if it did."""

    elements: Mapping[str, ElementNow] = field(default_factory=dict)
    places: tuple[Place, ...] = ()
    today: Figures = field(default_factory=Figures)
    month: Figures = field(default_factory=Figures)
    feeds: tuple[FeedNow, ...] = ()
    health: PipelineHealth = field(default_factory=PipelineHealth)
    progress: HistoryProgress | None = None
    written_ms: int = 0
    read_ms: int = 0
    failure: str | None = None

    @property
    def fresh_ms(self) -> int | None:
        """When the engine wrote last: a state, or only how far it is in the journal. None before it ever did."""
        return max(self.written_ms, self.health.written_ms or 0) or None


@dataclass(frozen=True, slots=True)
class Change:
    """What one reading brought.

    `ids` differ in anything, `turned` in more than the time of the last evidence; `figures` says whether figures,
    feeds and health were read again.
    """

    snapshot: Snapshot
    ids: frozenset[str]
    turned: frozenset[str]
    figures: bool


Listener = Callable[[Change], Awaitable[None]]


class Live:
    """Shares one `Snapshot` among all pages and calls their listeners when it changed."""

    def __init__(
        self, view: ProvinceView, bell: Bell, settings: ConsoleSettings, now_ms: Callable[[], int]
    ) -> None:
        self._view = view
        self._bell = bell
        self._settings = settings
        self._now_ms = now_ms
        self._listeners: dict[str, Listener] = {}
        self._busy = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._due_today_ms = 0
        self._due_month_ms = 0
        self.snapshot = Snapshot()

    @property
    def view(self) -> ProvinceView:
        """For what one page alone asks, such as an element's history."""
        return self._view

    @property
    def pages(self) -> int:
        """How many pages are open."""
        return len(self._listeners)

    def start(self) -> None:
        """Begin to wait for the bell; needs a running loop."""
        CONSOLE_PAGES.gauge().set(0)
        self._task = asyncio.create_task(self._run(), name="console-live")

    async def stop(self) -> None:
        """Stop reading; a reading under way is finished first."""
        self._stopping.set()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def fresh(self) -> Snapshot:
        """The snapshot, read again first if it is older than a live page would let it become."""
        if self._now_ms() - self.snapshot.read_ms > self._settings.refresh_s * 1000:
            await self._refresh()
        return self.snapshot

    def listen(self, page: str, listener: Listener) -> None:
        """Call the listener at each change until `leave(page)`."""
        self._listeners[page] = listener
        CONSOLE_PAGES.gauge().set(len(self._listeners))

    def leave(self, page: str) -> None:
        """The page is gone. Leaving twice is harmless."""
        self._listeners.pop(page, None)
        CONSOLE_PAGES.gauge().set(len(self._listeners))

    async def _run(self) -> None:
        while not self._stopping.is_set():
            await self._bell.wait_async(_QUIET_S)
            if self._listeners:
                await self._refresh()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._settings.refresh_s):
                    await self._stopping.wait()

    async def _refresh(self) -> None:
        async with self._busy:
            before = self.snapshot
            # Shielded: a cancelled page must not leave a half-read snapshot to the others.
            change = await asyncio.shield(asyncio.to_thread(self._read, before))
            self.snapshot = change.snapshot
            if change.ids or change.figures or before.failure != change.snapshot.failure:
                await self._tell(change)

    async def _tell(self, change: Change) -> None:
        for page, listener in list(self._listeners.items()):
            try:
                await listener(change)
            except Exception as error:  # noqa: BLE001 - one broken page never stops the others
                CONSOLE_READS_FAILED.counter().labels("page").inc()
                _LOG.warning("console page failed", page=page, error=repr(error))
                self.leave(page)

    def _read(self, before: Snapshot) -> Change:
        now = self._now_ms()
        try:
            with CONSOLE_READ_SECONDS.histogram().time():
                return self._read_due(before, now)
        except Exception as error:  # noqa: BLE001 - a locked or absent ledger must show, not kill the console
            CONSOLE_READS_FAILED.counter().labels("ledger").inc()
            _LOG.warning("ledger not readable", error=repr(error))
            failed = replace(before, read_ms=now, failure=type(error).__name__)
            return Change(failed, frozenset(), frozenset(), figures=False)

    def _read_due(self, before: Snapshot, now: int) -> Change:
        view, figures = self._view, now >= self._due_today_ms
        if now >= self._due_month_ms:
            # Everything anew: heals what changed in the registry or left the ledger.
            states = view.elements()
            elements = {one.element.id: one for one in states.elements}
            snapshot = replace(before, places=view.places(), month=view.month())
            self._due_month_ms = now + int(self._settings.month_s * 1000)
            figures = True
        else:
            states = view.changed(before.written_ms)
            elements = {**before.elements, **{one.element.id: one for one in states.elements}}
            snapshot = before
        gone = before.elements.keys() - elements.keys()
        ids = {id_ for id_, one in elements.items() if before.elements.get(id_) != one} | gone
        turned = {id_ for id_ in ids if _seen(before.elements.get(id_)) != _seen(elements.get(id_))}
        if figures:
            snapshot = replace(
                snapshot,
                today=view.today(),
                feeds=view.feeds(),
                health=view.pipeline_health(),
                progress=view.history_progress(),
            )
            self._due_today_ms = now + int(self._settings.today_s * 1000)
        written = max(states.written_ms, before.written_ms)
        snapshot = replace(snapshot, elements=elements, written_ms=written, read_ms=now, failure=None)
        return Change(snapshot, frozenset(ids), frozenset(turned), figures)


def _seen(one: ElementNow | None) -> object:
    """What tables and the wall show of an element: a poll that found nothing new changes none of it."""
    if one is None:
        return None
    return one.element, one.state, one.since_ms, one.cause, one.measured.reading, one.declared.reading
