"""The pages. Each is built once from the snapshot, then only told what changed: single panels, rows and points."""

import json
from collections.abc import Awaitable, Callable
from typing import Any, Final

from fastapi import Request
from nicegui import Client, ui

from dashboards.console import frame, geography, grid
from dashboards.console.fragments import Fragments
from dashboards.console.live import Change, Live, Snapshot
from dashboards.console.panels import Panels
from dashboards.console.texts import TEXTS
from dashboards.console.timeline import Span
from schemas.registry import Kind
from schemas.settings.console import ConsoleSettings

_WALL_LISTS: Final = ("outages", "worst")
Apply = Callable[[Change], Awaitable[None]]


class Pages:
    """Registers the pages with NiceGUI (once per process: its routes are the process's own)."""

    def __init__(
        self, live: Live, settings: ConsoleSettings, now_ms: Callable[[], int], *, simulated: bool
    ) -> None:
        self._live = live
        self._settings = settings
        self._now_ms = now_ms
        self._simulated = simulated
        self._panels = Panels(live, settings, now_ms)

    def register(self) -> None:
        """Add all routes."""
        for path, build in (
            ("/", self._wall),
            ("/stations", self._stations),
            ("/links", self._links),
            ("/feeds", self._feeds),
            ("/health", self._health),
            ("/stations/{element:path}", self._element),
            ("/links/{element:path}", self._element),
        ):
            ui.page(path, title="btswatch", response_timeout=20)(self._route(build))

    async def _wall(self, page: "Page") -> None:
        panels = self._panels.wall(page.visit.language)
        with ui.element("main").classes("wall"):
            page.panel("counts", panels, "tiles")
            page.panel("province", panels, "headlines")
            with ui.element("div").classes("lists"):
                for name in _WALL_LISTS:
                    page.panel(name, panels, "panel")
            page.panel("enterprises", panels, "panel enterprises")
            with ui.element("section").classes("panel map"):
                ui.html(page.fragments.render("map_title"), sanitize=False)
                chart = ui.echart({"series": []}).classes("chart")
        known = page.snapshot.elements.keys()
        page.call(f"bw.map({chart.id}, {_script(geography.scene(page.snapshot))})")

        async def apply(change: Change) -> None:
            nonlocal known
            if not (change.figures or change.turned):
                page.show(self._panels.around(page.visit.language))
                return
            page.show(self._panels.wall(page.visit.language))
            if change.snapshot.elements.keys() != known:
                known = change.snapshot.elements.keys()
                page.call(f"bw.map({chart.id}, {_script(geography.scene(change.snapshot))})")
            elif moved := geography.moved(change.snapshot, change.turned):
                page.call(f"bw.mapMoved({_script(moved)})")

        page.listen(apply)

    async def _stations(self, page: "Page") -> None:
        self._list(page, Kind.STATION)

    async def _links(self, page: "Page") -> None:
        self._list(page, Kind.LINK)

    def _list(self, page: "Page", kind: Kind) -> None:
        rows = self._panels.rows(kind)
        with ui.element("main").classes("page list"):
            ui.html(page.fragments.render("filters", kind=kind, total=len(rows)), sanitize=False).classes(
                "filters"
            )
            ui.aggrid(
                grid.options(kind, page.visit.language, rows.values()),
                theme="quartz",
                auto_size_columns=False,
            )

        async def apply(change: Change) -> None:
            nonlocal rows
            page.show(self._panels.around(page.visit.language))
            before = rows
            if change.figures:
                rows = self._panels.rows(kind)
            elif change.turned:
                rows = {**rows, **grid.rows(change.snapshot, kind, change.turned)}
            if transaction := grid.transaction(before, rows):
                page.call(f"bw.transact({_script(transaction)})")

        page.listen(apply)

    async def _feeds(self, page: "Page") -> None:
        await self._single(page, "feeds")

    async def _health(self, page: "Page") -> None:
        await self._single(page, "health")

    async def _single(self, page: "Page", name: str) -> None:
        with ui.element("main").classes("page"):
            page.panel(name, self._panels.single(name, page.visit.language))

        async def apply(_change: Change) -> None:
            page.show(self._panels.single(name, page.visit.language))

        page.listen(apply)

    async def _element(self, page: "Page") -> None:
        id_ = str(page.request.path_params["element"])
        asked = page.request.query_params.get("range", "")
        span = Span(asked) if asked in set(Span) else Span.NIGHT
        if id_ not in page.snapshot.elements:
            page.client.status_code = 404
            ui.html(page.fragments.render("not_found", id=id_), sanitize=False).classes("page")
            return
        panels = await self._panels.element(id_, span, page.visit.language)
        with ui.element("main").classes("page"):
            page.panel("element_head", panels, "element-head")
            page.panel("timeline", panels, "panel")
            with ui.element("div").classes("columns"):
                with ui.element("div"):
                    page.panel("transitions", panels, "panel")
                    page.panel("reconciliation", panels, "panel")
                with ui.element("div"):
                    page.panel("tracks", panels, "panel")
                    page.panel("element_figures", panels, "pairs")

        async def apply(change: Change) -> None:
            if (change.figures or id_ in change.ids) and id_ in change.snapshot.elements:
                page.show(await self._panels.element(id_, span, page.visit.language))

        page.listen(apply)

    def _route(self, build: Callable[["Page"], Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        async def opened(request: Request, client: Client) -> None:
            await self._open(request, client, build)

        return opened

    async def _open(
        self, request: Request, client: Client, build: Callable[["Page"], Awaitable[None]]
    ) -> None:
        visit = frame.visitor(request, self._settings)
        frame.head(visit, self._settings, self._now_ms())
        if self._live.pages >= self._settings.max_clients:
            client.status_code = 503
            ui.label(TEXTS["too_many"].in_(visit.language))
            return
        snapshot = await self._live.fresh()
        fragments = Fragments(self._settings, visit.language, self._now_ms())
        page = Page(self._live, request, client, visit, fragments, snapshot)
        here = request.url.path
        page.put("fresh", frame.top(fragments, visit, here, simulated=self._simulated))
        page.panel("banner", self._panels.around(visit.language))
        page.show(self._panels.around(visit.language))
        await build(page)


class Page:
    """One browser's page: its panels by name, and the way to change them."""

    def __init__(
        self,
        live: Live,
        request: Request,
        client: Client,
        visit: frame.Visitor,
        fragments: Fragments,
        snapshot: Snapshot,
    ) -> None:
        self.request = request
        self.client = client
        self.visit = visit
        self.fragments = fragments
        self.snapshot = snapshot
        self._live = live
        self._pieces: dict[str, ui.html] = {}

    def put(self, name: str, piece: ui.html) -> None:
        """Know a piece of the page by the name of its content."""
        self._pieces[name] = piece

    def panel(self, name: str, contents: dict[str, str], classes: str = "") -> None:
        """Add a panel here."""
        # Our own templates, which escape; the browser need not do it again.
        self.put(name, ui.html(contents[name], sanitize=False).classes(classes))

    def show(self, contents: dict[str, str]) -> None:
        """Set the pieces whose content differs; nothing is sent for the others."""
        for name, content in contents.items():
            piece = self._pieces.get(name)
            if piece is not None and piece.content != content:
                piece.set_content(content)

    def call(self, script: str) -> None:
        """Run our own script in this browser."""
        self.client.run_javascript(script)

    def listen(self, apply: Apply) -> None:
        """Follow the snapshot until the browser is gone."""

        async def listener(change: Change) -> None:
            with self.client:
                await apply(change)

        self._live.listen(self.client.id, listener)
        self.client.on_delete(lambda: self._live.leave(self.client.id))


def _script(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
