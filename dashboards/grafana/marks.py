"""Annotations: planned work, closed days, dead letters. Those of decisions are in `decided`."""

from typing import Final

from dashboards.console.texts import Language
from dashboards.grafana.board import Annotation
from dashboards.grafana.flux import STRING, TIME, Query, keep, program, read
from dashboards.grafana.texts import text
from schemas.status import Reading

# A mark each would hide what it marks.
MOST: Final = 200
EVENTS: Final = "contrib/tomhollingworth/events"


def planned_work(language: Language, *where: str) -> Annotation:
    """From when to when elements were out of service for announced work."""
    flux = program(
        read("state", "state", where=where),
        '  |> events.duration(unit: 1ns, columnName: "lasts", stop: v.timeRangeStop)',
        f"  |> filter(fn: (r) => r._value == {int(Reading.PLANNED)})",
        "  |> group()",
        f"  |> limit(n: {MOST})",
        "  |> map(fn: (r) => ({time: r._time, timeEnd: time(v: int(v: r._time) + r.lasts), text: r.element, "
        f'tags: "{text("planned", language)}"}}))',
        imports=(EVENTS,),
    )
    columns = {"time": TIME, "timeEnd": TIME, "text": STRING, "tags": STRING}
    return Annotation(text("planned_work", language), "planned", Query(flux, columns))


def closed_days(language: Language) -> Annotation:
    """Days whose figures are official."""
    flux = program(
        read("closed", "elements"),
        "  |> group()",
        f'  |> map(fn: (r) => ({{time: r._time, text: "{text("closed_text", language)}"}}))',
        keep("time", "text"),
    )
    return Annotation(
        text("closed_days", language), "unknown", Query(flux, {"time": TIME, "text": STRING}), shown=False
    )


def dead_letters(language: Language) -> Annotation:
    """What was refused, one mark a reason and window."""
    flux = program(
        read("deadletter", "count"),
        '  |> group(columns: ["entrance", "code"])',
        "  |> aggregateWindow(every: v.windowPeriod, fn: sum, createEmpty: false)",
        "  |> group()",
        f"  |> limit(n: {MOST})",
        '  |> map(fn: (r) => ({time: r._time, text: string(v: r._value) + " " + r.code, tags: r.entrance}))',
    )
    columns = {"time": TIME, "text": STRING, "tags": STRING}
    return Annotation(text("dead_letters", language), "down", Query(flux, columns))
