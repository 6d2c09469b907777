"""What people decided after days were closed: upheld objections and restatements, as columns, a table and marks."""

from typing import Final

from grafana_foundation_sdk.builders import table as build_table

from dashboards.console.texts import Language
from dashboards.grafana import look
from dashboards.grafana.board import Annotation
from dashboards.grafana.flux import (
    DOUBLE,
    STRING,
    TIME,
    Query,
    cut_column,
    keep,
    program,
    read,
    types,
)
from dashboards.grafana.panels import Panels
from dashboards.grafana.texts import text
from schemas.influx.decisions import OBJECTION, RESTATEMENT

# A mark each would hide what it marks.
MOST: Final = 200
BY: Final = {OBJECTION: "by_objection", RESTATEMENT: "by_restatement"}
CLAIMS: Final = {name: name for name in ("up", "degraded", "planned", "unknown")}
_DEBUG: Final = ("internal/debug",)
_FIELDS: Final = ("numbers", "claim", "before_down_s", "down_s")
_A: Final = ("before_availability", "availability")
_PIVOT: Final = '  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")'


def decisions(*where: str) -> Query:
    """What was decided about the days that begin in the time shown, the last decision first."""
    by = ("element", "enterprise", "by")
    return Query(
        program(
            read("decision", *_FIELDS, *_A, "decided_ms", where=where),
            _PIVOT,
            "  |> group()",
            '  |> sort(columns: ["decided_ms", "element"], desc: true)',
            f"  |> limit(n: {MOST})",
            f"  |> map(fn: (r) => ({{r with {', '.join(map(cut_column, _A))}, "
            "decided: time(v: r.decided_ms * 1000000)}))",
            keep("_time", *by, *_FIELDS, *_A, "decided"),
            imports=_DEBUG,
        ),
        {"_time": TIME}
        | dict.fromkeys(by, STRING)
        | types("decision", *_FIELDS)
        | dict.fromkeys(_A, DOUBLE)
        | {"decided": TIME},
    )


def table(panels: Panels, query: Query, station: list[dict[str, object]]) -> build_table.Panel:
    """The panel of `decisions`: each with the figure before and after it."""
    return panels.table(
        "decisions",
        query,
        {
            "_time": panels.column("local_day", unit="time:YYYY-MM-DD"),
            "element": panels.element_column(station),
            "enterprise": panels.column("enterprise"),
            "by": panels.column("decided_by", mappings=look.word_mappings(BY, panels.language)),
            "numbers": panels.column("numbers"),
            "claim": panels.column("claim", mappings=look.word_mappings(CLAIMS, panels.language)),
            "before_down_s": panels.seconds_column("down_before"),
            "down_s": panels.seconds_column("down_after"),
            "before_availability": panels.ratio_column("A_before"),
            "availability": panels.ratio_column("A_after"),
            "decided": panels.column("decided"),
        },
        empty="none_decided",
    )


def marks(language: Language, *where: str) -> Annotation:
    """From when to when: an upheld objection's interval, a restated day."""
    word = f'if r.by == "{OBJECTION}" then "{text(BY[OBJECTION], language)}" else "{text(BY[RESTATEMENT], language)}"'
    flux = program(
        read("decision", "numbers", "from_ms", "to_ms", *_A, where=where),
        _PIVOT,
        "  |> group()",
        '  |> sort(columns: ["_time"], desc: true)',
        f"  |> limit(n: {MOST})",
        f"  |> map(fn: (r) => ({{r with {', '.join(map(cut_column, _A))}, word: {word}}}))",
        "  |> map(fn: (r) => ({time: time(v: r.from_ms * 1000000), timeEnd: time(v: r.to_ms * 1000000), "
        f'text: r.element + ": " + r.word + " " + r.numbers + ", {text("A", language)} " '
        f'+ {_percent(_A[0], language)} + " → " + {_percent(_A[1], language)}, tags: r.word}}))',
        imports=_DEBUG,
    )
    columns = {"time": TIME, "timeEnd": TIME, "text": STRING, "tags": STRING}
    return Annotation(text("decisions_mark", language), "degraded", Query(flux, columns))


def _percent(column: str, language: Language) -> str:
    none = text("no_figure", language)
    return (
        f"(if exists r.{column} then string(v: float(v: int(v: r.{column} * 10000.0 + 0.000001)) / 100.0)"
        f' + " %" else "{none}")'
    )
