"""What the dashboard *Compliance* asks: verdicts, error budgets, failing indicators, long outages, dark communes.

Availability is over time, from `finding` and `budget`. What is counted or sampled (radio availability too) is asked for by
`indicators` alone, from a measurement of its own; only numbers of failing ones are put together.
"""

from typing import Final

from dashboards.grafana.flux import (
    DOUBLE,
    LONG,
    NULL,
    STOP,
    STRING,
    TIME,
    Query,
    cut_column,
    equals,
    filled,
    keep,
    nullable,
    program,
    read,
    tags,
    types,
)
from schemas.influx import RESULTS

# So far back begins the quarter, or the month, that holds the end of the time shown.
QUARTER: Final = f"date.sub(d: 93d, from: {STOP})"
MONTH: Final = f"date.sub(d: 32d, from: {STOP})"
OF_ENTERPRISE: Final = equals("per", "enterprise")
OF_ELEMENT: Final = equals("per", "element")
RATIOS: Final = ("availability", "gross", "coverage")
DECIDED: Final = ("standing", "adjusted_days", "restated_days")
_DATE: Final = ("date",)
_DEBUG: Final = ("internal/debug",)
_PIVOT: Final = '  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")'


def verdicts(*where: str) -> Query:
    """Enterprises' verdicts on the quarter and the month that hold the end of the time shown, or the last before it."""
    fields = (
        "result",
        "force",
        "availability",
        "gross",
        "threshold",
        "coverage",
        "down_s",
        "open_days",
        *DECIDED,
        "reason",
    )
    # An answer has a column `result` of its own.
    columns = {
        name if name != "result" else "verdict": kind for name, kind in types("finding", *fields).items()
    }
    by = ("enterprise", "rule", "period")
    lacking = [nullable(name, columns[name]) for name in ("force", "threshold", "open_days", *DECIDED)]
    return Query(
        program(
            read("finding", *fields, where=(OF_ENTERPRISE, *where), start=QUARTER),
            "  |> last()",
            _PIVOT,
            "  |> group()",
            filled("rule"),
            # Running verdicts have no open days, nor how the period stands, and none has a threshold where several held.
            f"  |> map(fn: (r) => ({{r with {', '.join([*map(cut_column, RATIOS), *lacking])}}}))",
            '  |> sort(columns: ["enterprise", "rule", "period"])',
            '  |> rename(columns: {result: "verdict"})',
            keep(*by, "_time", *columns),
            imports=(*_DATE, *_DEBUG),
        ),
        dict.fromkeys(by, STRING) | {"_time": TIME} | columns,
    )


def failing(*where: str) -> Query:
    """How many legal or declared indicators of each enterprise and service failed in that quarter: none is told too."""
    counts = f'r.result == {RESULTS["fail"]} and exists r.force and r.force != "operational"'
    return Query(
        program(
            f"over_time = {_results('finding', OF_ENTERPRISE, *where)}",
            f"counted = {_results('indicator', *where)}",
            "union(tables: [over_time, counted])",
            f"  |> map(fn: (r) => ({{r with failing: if {counts} then 1 else 0}}))",
            f"  |> group(columns: {tags('finding', 'enterprise', 'service')})",
            '  |> sum(column: "failing")',
            "  |> group()",
            keep("enterprise", "service", "failing"),
            imports=_DATE,
        ),
        {"enterprise": STRING, "service": STRING, "failing": LONG},
    )


def _results(measurement: str, *where: str) -> str:
    quarterly = (equals("period", "quarter"), *where)
    return program(
        read(measurement, "result", "force", where=quarterly, start=QUARTER),
        "  |> last()",
        _PIVOT,
        "  |> group()",
        "  |> filter(fn: (r) => exists r.service)",
        keep("enterprise", "service", "result", "force"),
    )


def indicators(*where: str) -> Query:
    """Verdicts of that quarter on what is counted or sampled: shares of samples among them, never of time."""
    fields = ("result", "value", "threshold", "unit", "counted", "verdicts", "force", "reason")
    by = ("enterprise", "service", "indicator", "method")
    columns = {
        name if name != "result" else "verdict": kind for name, kind in types("indicator", *fields).items()
    }
    lacking = [nullable(name, DOUBLE) for name in ("value", "threshold")]
    return Query(
        program(
            read("indicator", *fields, where=where, start=QUARTER),
            "  |> last()",
            _PIVOT,
            "  |> group()",
            f"  |> map(fn: (r) => ({{r with {', '.join(lacking)}}}))",
            f"  |> sort(columns: {tags('indicator', 'enterprise', 'service', 'indicator')})",
            '  |> rename(columns: {result: "verdict"})',
            keep(*by, *columns),
            imports=(*_DATE, *_DEBUG),
        ),
        dict.fromkeys(by, STRING) | columns,
    )


def element_results(*where: str) -> Query:
    """How many elements of each enterprise pass, fail or can't be decided in the month, by the rules about elements."""
    names = {
        "failed": RESULTS["fail"],
        "passed": RESULTS["pass"],
        "not_decidable": RESULTS["not_decidable"],
    }
    zero = ", ".join(f"{name}: 0" for name in names)
    add = ", ".join(
        f"{name}: accumulator.{name} + (if r._value == {code} then 1 else 0)" for name, code in names.items()
    )
    return Query(
        program(
            read(
                "finding",
                "result",
                where=(OF_ELEMENT, equals("period", "month"), *where),
                start=MONTH,
            ),
            "  |> last()",
            f"  |> group(columns: {tags('finding', 'enterprise', 'rule')})",
            f"  |> reduce(identity: {{{zero}}}, fn: (r, accumulator) => ({{{add}}}))",
            "  |> group()",
            filled("rule"),
            keep("enterprise", "rule", *names),
            imports=_DATE,
        ),
        {"enterprise": STRING, "rule": STRING} | dict.fromkeys(names, LONG),
    )


def budgets(*where: str) -> Query:
    """Error budgets of the month and the quarter: what is left, and the part that is spent."""
    return Query(
        program(
            read("budget", "budget_s", "spent_s", where=where, start=QUARTER),
            "  |> last()",
            _PIVOT,
            "  |> group()",
            filled("rule"),
            "  |> map(fn: (r) => ({r with left_s: r.budget_s - r.spent_s, used: "
            f"if r.budget_s > 0 then float(v: r.spent_s) / float(v: r.budget_s) else {NULL}}}))",
            '  |> sort(columns: ["enterprise", "rule", "period"])',
            keep("enterprise", "rule", "period", "_time", "budget_s", "spent_s", "left_s", "used"),
            imports=(*_DATE, *_DEBUG),
        ),
        dict.fromkeys(("enterprise", "rule", "period"), STRING)
        | {"_time": TIME, "budget_s": LONG, "spent_s": LONG, "left_s": LONG, "used": DOUBLE},
    )


def spread(*where: str) -> Query:
    """How many elements had a long outage in that quarter and month, and the worst tenth's part of all down time."""
    fields = ("elements", "over_1h", "over_4h", "over_24h", "worst_share")
    return Query(
        program(
            read("spread", *fields, where=where, start=QUARTER),
            "  |> last()",
            _PIVOT,
            "  |> group()",
            f"  |> map(fn: (r) => ({{r with {nullable('worst_share', DOUBLE)}}}))",
            '  |> sort(columns: ["id", "period"])',
            keep("id", "period", "_time", *fields),
            imports=(*_DATE, *_DEBUG),
        ),
        {"id": STRING, "period": STRING, "_time": TIME} | types("spread", *fields),
    )


def dark_units(*where: str) -> Query:
    """Communes and wards that were without any working station within the days shown, the longest first."""
    return Query(
        program(
            f"sums = {read('dark', 'dark_s', where=where)}",
            "  |> filter(fn: (r) => r._value > 0)",
            "  |> sum()",
            f"longest = {read('dark', 'longest_s', 'stations', where=where)}",
            "  |> max()",
            "union(tables: [sums, longest])",
            "  |> group()",
            f'  |> pivot(rowKey: {tags("dark", "unit")}, columnKey: ["_field"], valueColumn: "_value")',
            "  |> filter(fn: (r) => exists r.dark_s)",
            '  |> sort(columns: ["dark_s"], desc: true)',
            keep("unit", "dark_s", "longest_s", "stations"),
        ),
        {"unit": STRING} | types("dark", "dark_s", "longest_s", "stations"),
    )
