"""Pipeline health: the product's own metrics, as its parts show them."""

from dataclasses import dataclass
from typing import Final, Literal

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards.console.texts import Language
from dashboards.grafana import variables
from dashboards.grafana.board import Grid, board
from dashboards.grafana.flux import DOUBLE, STRING, TIME, Query, chosen, keep, program, read
from dashboards.grafana.marks import dead_letters
from dashboards.grafana.panels import FEW_POINTS, Panels
from schemas import cluster_metrics, metrics
from schemas.metric_spec import Spec


@dataclass(frozen=True, slots=True)
class Shown:
    """A metric on the dashboard: a counter's rate a minute, a gauge's greatest, a histogram's mean; by part and `by`."""

    title: str
    spec: Spec
    unit: str
    by: str = ""
    draw: Literal["line", "bars", "stacked", "percent"] = "line"

    def __post_init__(self) -> None:
        if self.by and self.by not in self.spec.labels:
            raise ValueError(f"{self.spec.name} has no label {self.by}")


SHOWN: Final = (
    Shown("journal", metrics.JOURNAL_APPENDED, "cpm", "kind"),
    Shown("journal_size", metrics.JOURNAL_BYTES, "bytes"),
    Shown("commit_time", metrics.JOURNAL_COMMIT_SECONDS, "s"),
    Shown("gateway", metrics.GATEWAY_REQUESTS, "cpm", "status"),
    Shown("polls", metrics.POLLS, "cpm", "outcome", draw="stacked"),
    Shown("poll_lag", metrics.POLL_LOOP_LAG_SECONDS, "s"),
    Shown("blind", metrics.VANTAGE_IMPAIRED, "none", "path"),
    Shown("engine_lag", metrics.ENGINE_LAG, "short"),
    Shown("sent", cluster_metrics.FORWARDER_SENT, "cpm", "topic"),
    Shown("forwarder_lag", cluster_metrics.FORWARDER_LAG, "short"),
    Shown("sink_lag", cluster_metrics.SINK_LAG, "short", "sink"),
    Shown("sink_outage", cluster_metrics.SINK_OUTAGE, "none", "sink"),
    Shown("sink_time", cluster_metrics.SINK_WRITE_SECONDS, "s", "sink"),
    Shown("sink_dead", cluster_metrics.SINK_DEAD_LETTERS, "cpm", "code"),
    Shown("differences", metrics.CLOSING_DIFFERENCES, "cpm"),
    Shown("failures", metrics.ENGINE_FAILED, "cpm", "error"),
)


def pipeline(language: Language) -> Dashboard:
    """The dashboard."""
    panels = Panels(language)
    made = board(
        "pipeline",
        language,
        variables=[variables.part(language)],
        annotations=[dead_letters(language)],
        time=("now-6h", "now"),
    )
    grid = Grid(made)
    for shown in SHOWN:
        label = "${__field.labels.part}" + (f" ${{__field.labels.{shown.by}}}" if shown.by else "")
        panel = panels.lines(
            shown.title, asked(shown), unit=shown.unit, label=label, empty="no_metrics", draw=shown.draw
        ).description(f"{shown.spec.name}: {shown.spec.help}")
        grid.put(panel.min(0).max_data_points(FEW_POINTS), 12 if shown.by else 6, 7)
    return grid.made


def asked(shown: Shown) -> Query:
    """The query of a metric."""
    by = ["part", *([shown.by] if shown.by else [])]
    columns = {"_time": TIME, "_value": DOUBLE} | dict.fromkeys(by, STRING)
    how = {"counter": _rate, "gauge": _greatest, "histogram": _mean}[shown.spec.kind]
    return Query(program(how(shown.spec.name, by), keep(*columns)), columns)


def _named(*names: str) -> str:
    wanted = " or ".join(f'r.name == "{name}"' for name in names)
    return program(
        read("pipeline", "value", where=(chosen("part", "part"),)), f"  |> filter(fn: (r) => {wanted})"
    )


def _group(by: list[str]) -> str:
    return "  |> group(columns: [" + ", ".join(f'"{name}"' for name in by) + "])"


def _rate(name: str, by: list[str]) -> str:
    # A part that starts anew counts from 0: nonNegative leaves that step out.
    return program(
        _named(name),
        "  |> aggregateWindow(every: v.windowPeriod, fn: last, createEmpty: false)",
        "  |> derivative(unit: 1m, nonNegative: true)",
        _group([*by, "_time"]),
        "  |> sum()",
        _group(by),
        '  |> sort(columns: ["_time"])',
    )


def _greatest(name: str, by: list[str]) -> str:
    return program(
        _named(name), _group(by), "  |> aggregateWindow(every: v.windowPeriod, fn: max, createEmpty: false)"
    )


def _mean(name: str, by: list[str]) -> str:
    pivot = ", ".join(f'"{column}"' for column in [*by, "_time"])
    return program(
        _named(f"{name}_sum", f"{name}_count"),
        "  |> aggregateWindow(every: v.windowPeriod, fn: last, createEmpty: false)",
        "  |> difference(nonNegative: true)",
        _group([*by, "_time", "name"]),
        "  |> sum()",
        "  |> group()",
        f'  |> pivot(rowKey: [{pivot}], columnKey: ["name"], valueColumn: "_value")',
        f"  |> filter(fn: (r) => exists r.{name}_count and exists r.{name}_sum and r.{name}_count > 0.0)",
        f"  |> map(fn: (r) => ({{r with _value: r.{name}_sum / r.{name}_count}}))",
        _group(by),
        '  |> sort(columns: ["_time"])',
    )
