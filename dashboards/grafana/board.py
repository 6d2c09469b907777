"""What all dashboards have in common: their uid, time, variables, annotations, and the way to each other."""

from collections.abc import Iterable
from typing import Any, Final

from grafana_foundation_sdk.builders.dashboard import Dashboard, DashboardLink
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import (
    AnnotationQuery,
    AnnotationTarget,
    DashboardCursorSync,
    DashboardLinkType,
    GridPos,
)

from dashboards.console.texts import Language
from dashboards.grafana import look
from dashboards.grafana.flux import FluxTarget, Query, datasource
from dashboards.grafana.texts import text
from dashboards.grafana.variables import Variable, around
from dashboards.grafana.ways import address
from schemas.time import DEFAULT_ZONE

TAG: Final = "btswatch"
WIDTH: Final = 24


def uid_of(name: str, language: Language) -> str:
    """A dashboard's uid: it stays the same for ever."""
    return f"btswatch-{name}-{language}"


class AnnotationFlux(AnnotationTarget):
    """An annotation's query. The SDK's model knows only Grafana's own annotations."""

    def __init__(self, query: Query) -> None:
        super().__init__()
        self.columns = query.columns
        self.target = FluxTarget("Anno", query.flux, query.columns)

    def to_json(self) -> dict[str, object]:
        """Grafana's JSON."""
        return self.target.to_json()


class Annotation(Builder[AnnotationQuery]):
    """Marks over the panels, from columns named time, timeEnd and text."""

    def __init__(self, name: str, colour: str, query: Query, *, shown: bool = True) -> None:
        self._model = AnnotationQuery(
            name=name,
            datasource=datasource(),
            enable=shown,
            hide=False,
            icon_color=look.colour(colour),
            target=AnnotationFlux(query),
        )

    def build(self) -> AnnotationQuery:
        """The annotation."""
        return self._model


def board(
    name: str,
    language: Language,
    *,
    variables: Iterable[Variable] = (),
    annotations: Iterable[Annotation] = (),
    links: Iterable[DashboardLink] = (),
    time: tuple[str, str] = ("now-30d/d", "now"),
    refresh: str = "1m",
) -> Dashboard:
    """A dashboard without panels yet."""
    made = (
        Dashboard(text(f"{name}_title", language))
        .uid(uid_of(name, language))
        .tags([TAG, f"{TAG}-{language}"])
        .timezone(DEFAULT_ZONE)
        .week_start("monday")
        .readonly()
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .time(*time)
        .refresh(refresh)
        .annotations(list(annotations))
        .link(_siblings(language))
        .link(_other_language(name, language))
        .link(address(text("open_console", language), "${console}"))
    )
    for link in links:
        made = made.link(link)
    for variable in (*around(), *variables):
        made = made.with_variable(variable)
    return made


def _siblings(language: Language) -> DashboardLink:
    return (
        DashboardLink("btswatch")
        .type(DashboardLinkType.DASHBOARDS)
        .tags([f"{TAG}-{language}"])
        .include_vars(include_vars=True)
        .keep_time(keep_time=True)
    )


def _other_language(name: str, language: Language) -> DashboardLink:
    return (
        DashboardLink(text("other_language", language))
        .type(DashboardLinkType.LINK)
        .icon("doc")
        .url(f"/d/{uid_of(name, language.other)}")
        .include_vars(include_vars=True)
        .keep_time(keep_time=True)
    )


class Grid:
    """Puts panels on a dashboard, each as far up and left as there is room, and gives them ids in their order."""

    def __init__(self, made: Dashboard) -> None:
        self.made = made
        self._count = 0
        self._floor = [0] * WIDTH

    def put(self, panel: Any, width: int, height: int) -> None:
        """The next panel."""
        x = min(range(WIDTH - width + 1), key=lambda left: (max(self._floor[left : left + width]), left))
        y = max(self._floor[x : x + width])
        self._floor[x : x + width] = [y + height] * width
        self._count += 1
        self.made.with_panel(panel.id(self._count).grid_pos(GridPos(h=height, w=width, x=x, y=y)))
