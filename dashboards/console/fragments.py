"""Pieces of pages as HTML: pure functions of a snapshot and a language, from the templates beside this module.

Jinja escapes whatever comes from outside. A piece is made once per reading and language and shared by all pages.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from dashboards.console import formats
from dashboards.console.live import Snapshot
from dashboards.console.palette import LOOKS
from dashboards.console.summary import counts, counts_by_enterprise, open_outages, worst
from dashboards.console.texts import TEXTS, Language
from dashboards.console.view import NO_FIGURE, ElementNow
from schemas.figures import Figure
from schemas.registry import Kind
from schemas.settings.console import ConsoleSettings
from schemas.status import Code

_OUTAGES_SHOWN: Final = 12
_WORST_SHOWN: Final = 10


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("dashboards.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


class Fragments:
    """Renders templates in one language at one moment.

    Args:
        settings: of the console: zone, low coverage.
        language: of the page.
        now_ms: the moment for spans and dates.
    """

    def __init__(self, settings: ConsoleSettings, language: Language, now_ms: int) -> None:
        self._settings = settings
        self._language = language
        self._now_ms = now_ms

    def render(self, name: str, **values: Any) -> str:
        """The template `name`.html with the words and formats of the language."""
        return _environment().get_template(f"{name}.html").render(**self._words(), **values)

    def wall(self, snapshot: Snapshot) -> dict[str, str]:
        """The wall's panels by name."""
        everything = snapshot.elements.values()
        return {
            "counts": self.render("counts", counts=counts(everything)),
            "province": self.render("province", snapshot=snapshot),
            "outages": self.render("outages", open=open_outages(everything), limit=_OUTAGES_SHOWN),
            "worst": self.render("worst", worst=worst(snapshot.elements, snapshot.today, _WORST_SHOWN)),
            "enterprises": self.render(
                "enterprises",
                snapshot=snapshot,
                by_enterprise=counts_by_enterprise(everything, Kind.STATION),
                no_figure=NO_FIGURE,
            ),
        }

    def around(self, snapshot: Snapshot) -> dict[str, str]:
        """What every page shows around its content: freshness and banners."""
        return {name: self.render(name, snapshot=snapshot) for name in ("fresh", "banner")}

    def element(self, snapshot: Snapshot, one: ElementNow) -> dict[str, str]:
        """The panels of an element's page that need no history."""
        id_ = one.element.id
        today, month = snapshot.today.of(id_), snapshot.month.of(id_)
        return {
            "element_head": self.render("element_head", one=one),
            "tracks": self.render("tracks", one=one),
            "element_figures": self.render("element_figures", today=today, month=month),
            "reconciliation": self.render("reconciliation", pairs=month.figure.pairs_s, order=(1, 2, 3, 0)),
        }

    def _words(self) -> Mapping[str, Any]:
        language, zone = self._language, self._settings.zone
        return {
            "t": lambda key: TEXTS[key].in_(language),
            "other": lambda key: TEXTS[key].in_(language.other),
            "cause": lambda cause: self._named("cause", cause),
            "outcome": lambda outcome: self._named("device", outcome),
            "blindness": lambda reason: self._named("blind", reason),
            "path": lambda path: TEXTS["all_paths"].in_(language) if path == "*" else path,
            "alarm": lambda kind: self._named("alarm", kind),
            "code_name": lambda code: Code(code).name.lower(),
            "percent": lambda ratio, digits=2: formats.percent(ratio, language, digits),
            "count": lambda number: formats.count(number, language),
            "span": lambda seconds: formats.span(seconds, language),
            "mttr": _mttr,
            "clock": lambda ms: formats.clock(ms, zone),
            "moment": lambda ms: formats.moment(ms, language, zone),
            "short_moment": lambda ms: formats.short_moment(ms, self._now_ms, zone),
            "exact": lambda ms: formats.exact(ms, zone),
            "nothing": formats.NOTHING,
            "looks": LOOKS,
            "low_coverage": self._settings.low_coverage,
            "zone": zone,
        }

    def _named(self, family: str, name: str | None) -> str:
        """A name that comes from data: in words where they are known, else as it is."""
        text = TEXTS.get(f"{family}_{name}")
        return text.in_(self._language) if text else name or ""


def _mttr(figure: Figure) -> int | None:
    return figure.down // figure.outages if figure.outages else None
