"""What every page has around it: navigation, freshness, banners, language and theme."""

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from fastapi import Request
from nicegui import ui

from dashboards.console import formats
from dashboards.console.fragments import Fragments
from dashboards.console.palette import LOOKS
from dashboards.console.texts import TEXTS, Language
from schemas.settings.console import ConsoleSettings
from schemas.status import Cause

STATIC: Final = Path(__file__).parent / "static"
STATIC_URL: Final = "/console"
LANGUAGE_COOKIE: Final = "bw_language"
THEME_COOKIE: Final = "bw_theme"
_THEMES: Final = {"dark": True, "light": False}


@dataclass(frozen=True, slots=True)
class Visitor:
    """How this browser wants to see it."""

    language: Language
    theme: str


def visitor(request: Request, settings: ConsoleSettings) -> Visitor:
    """From the cookies of the two switches; a first visit from the settings, then from what the browser asks for."""
    theme = request.cookies.get(THEME_COOKIE, "auto")
    chosen = request.cookies.get(LANGUAGE_COOKIE) or settings.language
    if chosen not in set(Language):
        asked = [part.strip()[:2].lower() for part in request.headers.get("accept-language", "").split(",")]
        chosen = next((language for language in asked if language in set(Language)), Language.VI)
    return Visitor(Language(chosen), theme if theme in _THEMES else "auto")


def head(visit: Visitor, settings: ConsoleSettings, now_ms: int) -> None:
    """Our style sheet and script, and the page's words for them."""
    language = visit.language
    ui.dark_mode(_THEMES.get(visit.theme))
    values = json.dumps(_browser_values(visit, settings, now_ms), ensure_ascii=False).replace("<", "\\u003c")
    ui.add_head_html(
        f'<link rel="stylesheet" href="{STATIC_URL}/console.css?{_version("console.css")}">'
        f'<script src="{STATIC_URL}/console.js?{_version("console.js")}"></script>'
        f'<script>document.documentElement.lang="{language}";bw.begin({values})</script>'
    )


def top(fragments: Fragments, visit: Visitor, here: str, *, simulated: bool) -> ui.html:
    """The bar on top; returns the piece that says how fresh the data is."""
    with ui.element("header").classes("top"):
        ui.html(fragments.render("frame_head", here=here, simulated=simulated), sanitize=False)
        fresh = ui.html("", sanitize=False)
        ui.html(fragments.render("frame_tools", next_language=visit.language.other), sanitize=False)
    return fresh


def _browser_values(visit: Visitor, settings: ConsoleSettings, now_ms: int) -> dict[str, Any]:
    language = visit.language
    words = ("no_figure", "coverage_short", "adjusted", "all")
    return {
        "now": now_ms,
        "zone": settings.zone,
        "stale": settings.stale_s,
        "low": settings.low_coverage,
        "theme": visit.theme,
        "mark": formats.MARK[language],
        "units": formats.UNITS[language],
        "words": {key: TEXTS[key].in_(language) for key in words},
        "causes": {cause: TEXTS[f"cause_{cause}"].in_(language) for cause in Cause},
        "looks": {
            int(reading): {
                "name": look.name,
                "glyph": look.glyph,
                "symbol": look.symbol,
                "badness": look.badness,
                "text": TEXTS[look.name].in_(language),
            }
            for reading, look in LOOKS.items()
        },
    }


def _version(name: str) -> str:
    return sha256((STATIC / name).read_bytes()).hexdigest()[:12]
