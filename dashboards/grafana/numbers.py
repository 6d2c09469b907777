"""Queries for devices' numbers: by the minute for short times, by the hour or day for longer ones, as they are kept."""

from typing import Final

from dashboards.grafana.flux import (
    CHOSEN_IMPORTS,
    DOUBLE,
    OF_CHOSEN,
    START,
    STOP,
    STRING,
    TIME,
    Query,
    keep,
    program,
    read,
    tags,
    top_of,
)

_HOUR_NS: Final = 3_600_000_000_000
# From so long a time on, days are read instead of hours.
_DAYS_FROM_NS: Final = 8 * 24 * _HOUR_NS
BUSIEST: Final = 10
USE: Final = ("in_use", "out_use")


def of_element(kind: str, metrics: tuple[str, ...], *where: str) -> Query:
    """One element's metrics over time: the newest of each minute, or the hours' means where a window is an hour or more."""
    minutes = read(kind, *metrics, where=where)
    hours = read(f"{kind}_hour", *(f"{metric}_mean" for metric in metrics), where=where)
    return Query(
        program(
            f"minutes = {minutes}",
            f"hours = {hours}",
            '  |> map(fn: (r) => ({r with _field: strings.replaceAll(v: r._field, t: "_mean", u: "")}))',
            f"kept = if int(v: v.windowPeriod) < {_HOUR_NS} then minutes else hours",
            "kept",
            '  |> group(columns: ["_field"])',
            "  |> aggregateWindow(every: v.windowPeriod, fn: mean, createEmpty: false)",
            '  |> rename(columns: {_field: "metric"})',
            keep("_time", "_value", "metric"),
            imports=("strings",),
        ),
        {"_time": TIME, "_value": DOUBLE, "metric": STRING},
    )


def _kept(name: str, fields: tuple[str, ...], where: tuple[str, ...]) -> str:
    """Hours or days, as the time shown is short or long, under a name."""
    return program(
        f"{name}_by_hour = {read('link_hour', *fields, where=where)}",
        f"{name}_by_day = {read('link_day', *fields, where=where)}",
        f"{name} = if int(v: {STOP}) - int(v: {START}) < {_DAYS_FROM_NS} then {name}_by_hour else {name}_by_day",
    )


def mean_use(*where: str) -> Query:
    """Each link's mean use in both directions and its peak over the time shown, the busiest first."""
    into, out = means = tuple(f"{metric}_mean" for metric in USE)
    peak = "utilisation_max"
    by = tags("link_day", "element", "enterprise", "track")
    return Query(
        program(
            _kept("means", means, where),
            _kept("peaks", (peak,), where),
            "union(tables: [means |> mean(), peaks |> max()])",
            "  |> group()",
            f'  |> pivot(rowKey: {by}, columnKey: ["_field"], valueColumn: "_value")',
            f"  |> filter(fn: (r) => exists r.{into} and exists r.{out})",
            f"  |> map(fn: (r) => ({{r with busier: if r.{into} > r.{out} then r.{into} else r.{out}}}))",
            '  |> sort(columns: ["busier"], desc: true)',
            keep("element", "enterprise", "track", *means, "busier", peak),
        ),
        dict.fromkeys(("element", "enterprise", "track"), STRING)
        | dict.fromkeys((*means, "busier", peak), DOUBLE),
    )


def above_limits(limits: tuple[tuple[str, float], ...], *where: str) -> Query:
    """How many links' mean use in their busier direction is above each limit: one row, a column a limit."""
    asked = mean_use(*where)
    zero = ", ".join(f"{name}: 0" for name, _ in limits)
    add = ", ".join(
        f"{name}: accumulator.{name} + (if r.busier > {limit} then 1 else 0)" for name, limit in limits
    )
    return Query(
        program(asked.flux, f"  |> reduce(identity: {{{zero}}}, fn: (r, accumulator) => ({{{add}}}))"),
        {name: "long" for name, _ in limits},
    )


def busiest(metric: str, *where: str) -> Query:
    """The mean over hours (or days) of the links that have most of it over the time shown."""
    field = f"{metric}_mean"
    return Query(
        program(
            _kept("all", (field,), where),
            top_of("all\n  |> mean()", BUSIEST),
            _kept("busiest", (field,), (*where, OF_CHOSEN)),
            "busiest",
            f"  |> group(columns: {tags('link_day', 'element', 'track')})",
            keep("_time", "_value", "element", "track"),
            imports=CHOSEN_IMPORTS,
        ),
        {"_time": TIME, "_value": DOUBLE, "element": STRING, "track": STRING},
    )
