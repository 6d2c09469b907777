"""What the dashboard *Declared vs measured* asks: where the enterprise's word and the measurement part."""

from typing import Final

from dashboards.grafana.flux import (
    CHANGED_DAYS,
    CHOSEN_IMPORTS,
    DOUBLE,
    NULL,
    OF_CHOSEN,
    STRING,
    TIME,
    Query,
    chosen_of,
    cut,
    filled,
    keep,
    program,
    read,
    tags,
    types,
    wide,
)

_DEBUG: Final = ("internal/debug",)
CELLS: Final = ("declared_up_s", "declared_degraded_s", "declared_down_s", "declared_unknown_s")
PARTS: Final = ("undeclared_s", "false_alarm_s", "both_s", "silent_s", "declared_only_s")
APART: Final = ("undeclared_s", "false_alarm_s")
LATENESS: Final = ("told_s", "late_s")
WORST: Final = 20
_ORDER: Final = {"up": 0, "degraded": 1, "down": 2}
# Cut, never rounded up: an agreement of 1 says that there was not one second.
AGREEMENT: Final = cut("r.both_s - r.undeclared_s - r.false_alarm_s", "r.both_s", 6)
_TOLD: Final = "exists r.told_s and exists r.late_s and r.told_s > 0"
PUNCTUALITY: Final = (
    f"if {_TOLD} then float(v: (r.told_s - r.late_s) * 1000000 / r.told_s) / 1000000.0 else 1.0"
)
LATE: Final = f"if {_TOLD} then float(v: r.late_s) / float(v: r.told_s) else {NULL}"
_DAYS: Final = ", ".join(f"{name}: if exists r.{name} then r.{name} else 0" for name in CHANGED_DAYS)
# As processors/core/declared_against_measured.py: FORMULA.
SCORE: Final = (
    "  |> map(fn: (r) => ({r with agreement: "
    + AGREEMENT
    + f", punctuality: {PUNCTUALITY}, late: {LATE}}}))\n"
    f"  |> map(fn: (r) => ({{r with score: if exists r.agreement then r.agreement * r.punctuality else {NULL}}}))"
)


def table(*where: str) -> Query:
    """The sixteen cells of each enterprise over the days shown: a row for each measured reading."""
    order = " else ".join(f'if r.measured == "{name}" then {at}' for name, at in _ORDER.items()) + " else 3"
    return Query(
        program(
            read("reconciliation", *CELLS, where=where),
            f'  |> group(columns: {tags("reconciliation", "id", "measured").removesuffix("]")}, "_field"])',
            "  |> sum()",
            wide("reconciliation", "id", "measured"),
            f"  |> map(fn: (r) => ({{r with order: {order}}}))",
            '  |> sort(columns: ["id", "order"])',
            keep("id", "measured", *CELLS),
        ),
        {"id": STRING, "measured": STRING} | types("reconciliation", *CELLS),
    )


def scores(*where: str) -> Query:
    """Each enterprise's score over the days shown, with what it is made of; `late` of closed days alone."""
    return Query(
        program(
            read("scope", *PARTS, *LATENESS, *CHANGED_DAYS, where=where),
            f'  |> group(columns: {tags("scope", "id").removesuffix("]")}, "_field"])',
            "  |> sum()",
            wide("scope", "id"),
            SCORE,
            f"  |> map(fn: (r) => ({{r with {_DAYS}}}))",
            '  |> sort(columns: ["id"])',
            keep("id", "score", "agreement", "late", *PARTS, *CHANGED_DAYS),
            imports=_DEBUG,
        ),
        {"id": STRING}
        | dict.fromkeys(("score", "agreement", "late"), DOUBLE)
        | types("scope", *PARTS, *CHANGED_DAYS),
    )


def score_by_day(*where: str) -> Query:
    """The same by local day, a series for each enterprise."""
    return Query(
        program(
            read("scope", "both_s", *APART, *LATENESS, where=where),
            f"  |> group(columns: {tags('scope', 'id')})",
            '  |> pivot(rowKey: ["_time", "id"], columnKey: ["_field"], valueColumn: "_value")',
            "  |> filter(fn: (r) => r.both_s > 0)",
            SCORE,
            "  |> map(fn: (r) => ({_time: r._time, id: r.id, _value: r.score}))",
            f"  |> group(columns: {tags('scope', 'id')})",
            imports=_DEBUG,
        ),
        {"_time": TIME, "_value": DOUBLE, "id": STRING},
    )


def worst(*where: str) -> Query:
    """The elements with most contradicting time over the days shown."""
    by = ("element", "enterprise", "unit")
    asked = program(
        read("figure", *APART, where=where),
        f"  |> group(columns: {tags('figure', 'element')})",
        "  |> sum()",
        "  |> group()",
        "  |> filter(fn: (r) => r._value > 0)",
        f'  |> top(n: {WORST}, columns: ["_value"])',
    )
    return Query(
        program(
            chosen_of(asked),
            read("figure", "both_s", *APART, where=(*where, OF_CHOSEN)),
            "  |> sum()",
            "  |> group()",
            filled("unit"),
            wide("figure", *by),
            f"  |> map(fn: (r) => ({{r with agreement: {AGREEMENT}, apart_s: r.undeclared_s + r.false_alarm_s}}))",
            '  |> sort(columns: ["apart_s"], desc: true)',
            keep(*by, "agreement", *APART),
            imports=(*_DEBUG, *CHOSEN_IMPORTS),
        ),
        dict.fromkeys(by, STRING) | {"agreement": DOUBLE} | types("figure", *APART),
    )
