"""The panels' contents of the current snapshot, made once for all pages of a language."""

import asyncio
from collections.abc import Callable

from dashboards.console import grid, timeline
from dashboards.console.fragments import Fragments
from dashboards.console.live import Live, Snapshot
from dashboards.console.texts import Language
from dashboards.console.timeline import Span
from schemas.registry import Kind
from schemas.settings.console import ConsoleSettings
from schemas.time import LocalCalendar

Contents = dict[str, str]


class Panels:
    """Renders what the pages ask for; what was made for a snapshot is kept until the next one."""

    def __init__(self, live: Live, settings: ConsoleSettings, now_ms: Callable[[], int]) -> None:
        self._live = live
        self._settings = settings
        self._now_ms = now_ms
        self._calendar = LocalCalendar(settings.zone)
        self._made: dict[tuple[str, str], Contents] = {}
        self._rows: dict[Kind, dict[str, grid.Row]] = {}
        self._of: Snapshot | None = None

    def around(self, language: Language) -> Contents:
        """The pieces of every page: freshness and banners."""
        return self._once("around", language, lambda f, s: f.around(s))

    def wall(self, language: Language) -> Contents:
        """The wall's panels."""
        return self._once("wall", language, lambda f, s: f.wall(s)) | self.around(language)

    def single(self, name: str, language: Language) -> Contents:
        """A page of one panel."""
        made = self._once(name, language, lambda f, s: {name: f.render(name, snapshot=s)})
        return made | self.around(language)

    def rows(self, kind: Kind) -> dict[str, grid.Row]:
        """The table's rows by id, shared by all its pages: not to be changed."""
        self._turn()
        if kind not in self._rows:
            self._rows[kind] = grid.rows(self._live.snapshot, kind)
        return self._rows[kind]

    async def element(self, id_: str, span: Span, language: Language) -> Contents:
        """An element's panels; its history is read from the ledger now."""
        now = self._now_ms()
        from_ms, to_ms = timeline.interval(span, now, self._calendar)
        found = await asyncio.to_thread(self._live.view.history, id_, from_ms, to_ms)
        fragments = Fragments(self._settings, language, now)
        one = self._live.snapshot.elements[id_]
        return {
            **fragments.element(self._live.snapshot, one),
            "timeline": fragments.render(
                "timeline",
                chosen=span,
                pieces=timeline.pieces(found),
                ticks=timeline.ticks(found, span, self._calendar),
                seconds=timeline.seconds(found.runs),
            ),
            "transitions": fragments.render(
                "transitions", changes=timeline.changes(found.transitions, one.since_ms)
            ),
            **self.around(language),
        }

    def _once(
        self, name: str, language: Language, make: Callable[[Fragments, Snapshot], Contents]
    ) -> Contents:
        self._turn()
        key = (name, language)
        if key not in self._made:
            fragments = Fragments(self._settings, language, self._now_ms())
            self._made[key] = make(fragments, self._live.snapshot)
        return self._made[key]

    def _turn(self) -> None:
        if self._of is not self._live.snapshot:
            self._of = self._live.snapshot
            self._made.clear()
            self._rows.clear()
