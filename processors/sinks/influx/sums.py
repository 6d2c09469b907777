"""Fields made of figures: sums of seconds, declared against measured, communes without any working station. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from processors.core.declared_against_measured import divergence
from processors.core.outages_of_a_period import all_down
from processors.reconciling import outages_by_unit
from processors.sinks.influx.lines import Value
from schemas.figures import TRACK_READINGS, Figure
from stores.ledger.figures import DayFigure


def day_values(figure: Figure, *, final: bool) -> dict[str, Value]:
    """The fields of `figure` and `scope`."""
    parts = divergence(figure)
    return {
        "up_s": figure.up,
        "degraded_s": figure.degraded,
        "down_s": figure.down,
        "planned_s": figure.planned,
        "unknown_s": figure.unknown,
        "total_s": figure.total,
        "outages": figure.outages,
        "longest_s": figure.longest_s or 0,
        "undeclared_s": parts.undeclared_s,
        "false_alarm_s": parts.over_declared_s,
        "both_s": parts.both_s,
        "declared_only_s": parts.on_word_s,
        "silent_s": parts.silent_s,
        "final": final,
    }


def reconciliation_values(figure: Figure) -> Iterator[tuple[str, dict[str, Value]]]:
    """The fields of `reconciliation` by measured reading."""
    for at, measured in enumerate(TRACK_READINGS):
        row = figure.pairs_s[4 * at : 4 * at + 4]
        yield measured, {f"declared_{name}_s": row[to] for to, name in enumerate(TRACK_READINGS)}


def figure_of(published: Mapping[str, Any]) -> Figure:
    """The same from a figure as it is published."""
    seconds, outages, table = published["seconds"], published["outages"], published["reconciliation"]
    return Figure(
        seconds["up"],
        seconds["degraded"],
        seconds["down"],
        seconds["planned"],
        seconds["unknown"],
        outages["count"],
        outages.get("longest_s"),
        tuple(table[measured][declared] for measured in TRACK_READINGS for declared in TRACK_READINGS),
    )


def dark_values(figures: Iterable[DayFigure]) -> Iterator[tuple[str, dict[str, Value]]]:
    """The fields of `dark` by unit: of each unit that has stations in service."""
    for unit, outages in outages_by_unit(figures).items():
        spans = [(end - start) // 1000 for start, end in all_down(outages)]
        yield unit, {"dark_s": sum(spans), "longest_s": max(spans, default=0), "stations": len(outages)}
