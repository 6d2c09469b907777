"""Feeds: who reports, who is silent, and what could not be taken."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards.console.texts import Language
from dashboards.grafana import variables
from dashboards.grafana.board import Grid, board
from dashboards.grafana.flux import (
    DOUBLE,
    LONG,
    STOP,
    STRING,
    TIME,
    Query,
    chosen,
    keep,
    program,
    read,
    tags,
    types,
)
from dashboards.grafana.marks import dead_letters
from dashboards.grafana.panels import FEW_POINTS, Panels

REPORTER = chosen("reporter", "enterprise")
LATEST = 200


def feeds(language: Language) -> Dashboard:
    """The dashboard."""
    panels = Panels(language)
    made = board(
        "feeds",
        language,
        variables=[variables.enterprise(language)],
        annotations=[dead_letters(language)],
        time=("now-24h", "now"),
    )
    grid = Grid(made)
    label = "${__field.labels.reporter}"
    grid.put(
        panels.table(
            "feeds_now",
            now(),
            {
                "reporter": panels.column("reporter"),
                "silent_s": panels.seconds_column("silent"),
                "accepted": panels.column("accepted"),
                "refused": panels.column("refused"),
            },
            empty="no_numbers",
        ),
        12,
        8,
    )
    grid.put(
        panels.lines("silence_by_time", silence(), unit="dtdurations", label=label).max_data_points(
            FEW_POINTS
        ),
        12,
        8,
    )
    grid.put(
        panels.lines("accepted_by_time", rate("accepted"), unit="cpm", label=label).max_data_points(
            FEW_POINTS
        ),
        12,
        8,
    )
    grid.put(
        panels.lines("refused_by_time", rate("refused"), unit="cpm", label=label).max_data_points(FEW_POINTS),
        12,
        8,
    )
    reasons = "${__field.labels.entrance}: ${__field.labels.code}"
    dead = panels.lines(
        "dead_by_time", dead_by_time(), unit="short", label=reasons, empty="none_dead", draw="stacked"
    ).max_data_points(FEW_POINTS)
    grid.put(dead, 12, 9)
    grid.put(
        panels.table(
            "dead_latest",
            dead_latest(),
            {
                "_time": panels.column("time"),
                "entrance": panels.column("entrance"),
                "code": panels.column("code"),
                "reporter": panels.column("reporter"),
            },
            empty="none_dead",
        ),
        12,
        9,
    )
    grid.put(panels.note("feeds_note"), 24, 3)
    return grid.made


def rate(field: str) -> Query:
    """Events a minute by reporter. The partitions' counts only grow; a new installation begins at 0."""
    return Query(
        program(
            read("feed", field, where=(REPORTER,)),
            "  |> aggregateWindow(every: v.windowPeriod, fn: last, createEmpty: false)",
            "  |> derivative(unit: 1m, nonNegative: true)",
            f'  |> group(columns: {tags("feed", "reporter").removesuffix("]")}, "_time"])',
            "  |> sum()",
            f"  |> group(columns: {tags('feed', 'reporter')})",
            '  |> sort(columns: ["_time"])',
            keep("_time", "_value", "reporter"),
        ),
        {"_time": TIME, "_value": DOUBLE, "reporter": STRING},
    )


def silence() -> Query:
    """Seconds since the last event by reporter: the least of what the partitions saw."""
    return Query(
        program(
            read("feed", "silent_s", where=(REPORTER,)),
            "  |> aggregateWindow(every: v.windowPeriod, fn: last, createEmpty: false)",
            f'  |> group(columns: {tags("feed", "reporter").removesuffix("]")}, "_time"])',
            "  |> min()",
            f"  |> group(columns: {tags('feed', 'reporter')})",
            '  |> sort(columns: ["_time"])',
            keep("_time", "_value", "reporter"),
        ),
        {"_time": TIME, "_value": LONG, "reporter": STRING},
    )


def now() -> Query:
    """Each reporter's silence at the end of the time shown, and what was taken and refused within it."""
    by = tags("feed", "reporter")
    silent = program(
        read("feed", "silent_s", where=(REPORTER,), start=f"date.sub(d: 1h, from: {STOP})"),
        "  |> last()",
        f"  |> group(columns: {by})",
        "  |> min()",
        '  |> map(fn: (r) => ({reporter: r.reporter, _field: "silent_s", _value: r._value}))',
    )
    # Counts only grow, in each partition: the last less the first, which the server finds without reading all.
    counted = read("feed", "accepted", "refused", where=(REPORTER,))
    return Query(
        program(
            f"silent = {silent}",
            f"first = {counted}",
            "  |> first()",
            "  |> map(fn: (r) => ({r with _value: -r._value}))",
            f"last = {counted}",
            "  |> last()",
            "counted = union(tables: [first, last])",
            f'  |> group(columns: {by.removesuffix("]")}, "_field"])',
            "  |> sum()",
            keep("reporter", "_field", "_value"),
            "union(tables: [silent, counted])",
            "  |> group()",
            f'  |> pivot(rowKey: {by}, columnKey: ["_field"], valueColumn: "_value")',
            '  |> sort(columns: ["reporter"])',
            imports=("date",),
        ),
        {"reporter": STRING} | types("feed", "silent_s", "accepted", "refused"),
    )


def dead_by_time() -> Query:
    """How many were refused, by entrance and reason."""
    by = tags("deadletter", "entrance", "code")
    return Query(
        program(
            read("deadletter", "count"),
            f"  |> group(columns: {by})",
            "  |> aggregateWindow(every: v.windowPeriod, fn: sum, createEmpty: false)",
            keep("_time", "_value", "entrance", "code"),
        ),
        {"_time": TIME, "_value": LONG, "entrance": STRING, "code": STRING},
    )


def dead_latest() -> Query:
    """The newest of them."""
    return Query(
        program(
            read("deadletter", "reporter"),
            "  |> group()",
            '  |> sort(columns: ["_time"], desc: true)',
            f"  |> limit(n: {LATEST})",
            '  |> rename(columns: {_value: "reporter"})',
            keep("_time", "entrance", "code", "reporter"),
        ),
        {"_time": TIME, "entrance": STRING, "code": STRING, "reporter": STRING},
    )
