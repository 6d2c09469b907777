"""The dashboards' JSON files, made from the code and compared with what is committed."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import table
from grafana_foundation_sdk.models.dashboard import Dashboard as DashboardModel
from grafana_foundation_sdk.models.dashboard import Panel

from dashboards.console.texts import Language
from dashboards.grafana.committed import FOLDER
from dashboards.grafana.compliance import compliance
from dashboards.grafana.declared import declared
from dashboards.grafana.enterprise import enterprise
from dashboards.grafana.feeds import feeds
from dashboards.grafana.links import links
from dashboards.grafana.pipeline import pipeline
from dashboards.grafana.province import province
from dashboards.grafana.station import station

ROOT: Final = FOLDER.parent.parent
DASHBOARDS: Final[dict[str, Callable[[Language], Dashboard]]] = {
    "province": province,
    "enterprise": enterprise,
    "station": station,
    "links": links,
    "compliance": compliance,
    "declared": declared,
    "feeds": feeds,
    "pipeline": pipeline,
}


def generated() -> dict[Path, str]:
    """Every file, by its path."""
    encoder = JSONEncoder(sort_keys=True, indent=1, ensure_ascii=False)
    return {
        FOLDER / language / f"{name}.json": encoder.encode(finished(make(language))) + "\n"
        for language in Language
        for name, make in DASHBOARDS.items()
    }


def finished(made: Dashboard) -> DashboardModel:
    """The dashboard without what the SDK always writes, though Grafana's published types of 11.6 or of 13 don't have it."""
    model = made.build()
    for variable in model.templating.list_val or []:
        variable.auto = variable.auto_min = variable.auto_count = None
    for panel in model.panels or []:
        if isinstance(panel, Panel) and isinstance(panel.options, table.Options):
            panel.options.footer = None
    return model


def drift() -> list[Path]:
    """Files that differ from what the code makes, are absent, or are made by nothing; relative to the checkout."""
    wanted = generated()
    there = {path for language in Language for path in (FOLDER / language).glob("*.json")}
    stale = there - wanted.keys()
    stale |= {path for path, text in wanted.items() if path not in there or path.read_text("utf-8") != text}
    return sorted(path.relative_to(ROOT) for path in stale)


def write() -> Iterator[Path]:
    """Write them all; give those that changed."""
    for path, text in generated().items():
        if not path.exists() or path.read_text("utf-8") != text:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
            yield path
