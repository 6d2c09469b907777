"""The queries that several dashboards ask, each with the columns that it returns."""

from typing import Final

from dashboards.grafana.flux import (
    AS_CLOSED,
    CHANGED,
    CHANGED_DAYS,
    CHOSEN_IMPORTS,
    DOUBLE,
    LONG,
    OF_CHOSEN,
    RATIOS,
    START,
    STOP,
    STRING,
    SUMMED,
    TIME,
    Query,
    chosen_of,
    equals,
    filled,
    keep,
    program,
    read,
    tags,
    top_of,
    types,
    wide,
)
from dashboards.grafana.panels import SECONDS_COLUMNS, STATE_COLUMNS
from schemas.influx import MEASUREMENT
from schemas.status import Reading

# `now` has a point a local day: two days hold the newest also just after midnight, whatever the zone.
LATELY: Final = f"date.sub(d: 2d, from: {STOP})"
RATIO_COLUMNS: Final = {"A": DOUBLE, "A_min": DOUBLE, "A_max": DOUBLE, "coverage": DOUBLE}
CHANGED_COLUMNS: Final = {"closed_A": DOUBLE} | dict.fromkeys(CHANGED_DAYS, LONG)
_DATE: Final = ("date",)
_DEBUG: Final = ("internal/debug",)
WORST: Final = 30
_MAY_LACK: Final = ("unit", "place")
_NOW_TAGS: Final = frozenset(tag.name for tag in MEASUREMENT["now"].tags)


def counts(*where: str) -> Query:
    """How many elements are in each state at the end of the time shown: one row."""
    zero = ", ".join(f"{name}: 0" for name, _ in STATE_COLUMNS)
    add = ",\n      ".join(
        f"{name}: accumulator.{name} + (if r._value == {int(reading)} then 1 else 0)"
        for name, reading in STATE_COLUMNS
    )
    return Query(
        program(
            read("now", "state", where=where, start=LATELY),
            f"  |> group(columns: {tags('now', 'element')})",
            "  |> last()",
            "  |> group()",
            f"  |> reduce(identity: {{{zero}}}, fn: (r, accumulator) => ({{\n      {add}\n    }}))",
            imports=_DATE,
        ),
        {name: LONG for name, _ in STATE_COLUMNS},
    )


def standing(*columns: str, where: tuple[str, ...]) -> Query:
    """How elements stand at the end of the time shown, one row each; `columns` are tags and fields of `now`."""
    fields = tuple(column for column in columns if column not in _NOW_TAGS)
    return Query(
        program(
            _standing(fields, where),
            *(filled(column) for column in columns if column in _MAY_LACK),
            keep(*columns),
            imports=_DATE,
        ),
        {column: STRING for column in columns if column in _NOW_TAGS} | types("now", *fields),
    )


def outages(*where: str) -> Query:
    """What is down at the end of the time shown, the longest first."""
    down = program(
        read("now", "state", where=where, start=LATELY),
        "  |> last()",
        "  |> group()",
        f"  |> filter(fn: (r) => r._value == {int(Reading.DOWN)})",
    )
    return Query(
        program(
            chosen_of(down),
            _standing(("name", "state", "since_ms", "cause"), (*where, OF_CHOSEN)),
            # One that changed its unit or owner yesterday may have been down as what it was.
            f"  |> filter(fn: (r) => r.state == {int(Reading.DOWN)} and exists r.since_ms)",
            '  |> sort(columns: ["since_ms"])',
            "  |> map(fn: (r) => ({r with since: time(v: r.since_ms * 1000000)}))",
            keep("element", "name", "enterprise", "since", "cause"),
            imports=(*_DATE, *CHOSEN_IMPORTS),
        ),
        {"element": STRING, "name": STRING, "enterprise": STRING, "since": TIME, "cause": STRING},
    )


def _standing(fields: tuple[str, ...], where: tuple[str, ...]) -> str:
    return program(
        read("now", *fields, "as_of_ms", where=where, start=LATELY),
        "  |> last()",
        '  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")',
        "  |> group()",
        # One that changed its unit or owner yesterday has two rows.
        "  |> filter(fn: (r) => exists r.as_of_ms)",
        '  |> sort(columns: ["as_of_ms"], desc: true)',
        '  |> unique(column: "element")',
    )


def ratios(*where: str) -> Query:
    """Availability of all scopes chosen together over the days that begin in the time shown: one row."""
    return Query(
        program(
            read("scope", *SUMMED, *CHANGED, where=where),
            '  |> group(columns: ["_field"])',
            "  |> sum()",
            "  |> group()",
            '  |> map(fn: (r) => ({r with scope: ""}))',
            '  |> pivot(rowKey: ["scope"], columnKey: ["_field"], valueColumn: "_value")',
            RATIOS,
            AS_CLOSED,
            keep(*RATIO_COLUMNS, *CHANGED_COLUMNS),
            imports=_DEBUG,
        ),
        RATIO_COLUMNS | CHANGED_COLUMNS,
    )


def ratio_by_day(by: str, *where: str) -> Query:
    """Availability by local day, a series for each value of the tag `by` of `scope`."""
    return Query(
        program(
            read("scope", "up_s", "degraded_s", "down_s", where=where),
            f"  |> group(columns: {tags('scope', by)})",
            f'  |> pivot(rowKey: ["_time", "{by}"], columnKey: ["_field"], valueColumn: "_value")',
            "  |> filter(fn: (r) => r.up_s + r.degraded_s + r.down_s > 0)",
            "  |> map(fn: (r) => ({_time: r._time, "
            f"{by}: r.{by}, _value: float(v: (r.up_s + r.degraded_s) * 10000 / (r.up_s + r.degraded_s + r.down_s))"
            " / 10000.0}))",
            f"  |> group(columns: {tags('scope', by)})",
        ),
        {"_time": TIME, "_value": DOUBLE, by: STRING},
    )


def seconds_by_day(*where: str) -> Query:
    """Time by state and local day, of all scopes chosen together."""
    summed = program('  |> group(columns: ["_time", "_field"])', "  |> sum()")
    return _seconds("scope", where, summed)


def seconds_by_hour(*where: str) -> Query:
    """Time by state and hour, of one element."""
    return _seconds("availability", where, "")


def _seconds(measurement: str, where: tuple[str, ...], summed: str) -> Query:
    fields = [name for name, _ in SECONDS_COLUMNS]
    return Query(
        program(
            read(measurement, *fields, where=where),
            *([summed] if summed else []),
            "  |> group()",
            '  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")',
            '  |> sort(columns: ["_time"])',
            keep("_time", *fields),
        ),
        {"_time": TIME} | types(measurement, *fields),
    )


def element_sums(*where: str, fields: tuple[str, ...] = (), worst: int = 0) -> Query:
    """Each element's sums and ratios over the days that begin in the time shown; `worst` keeps those with most down time."""
    wanted = (*SUMMED, *CHANGED, "outages", *fields)
    by = ("element", "enterprise", "unit")
    return Query(
        program(
            *([_worst(worst, where)] if worst else []),
            read("figure", *wanted, where=(*where, *([OF_CHOSEN] if worst else []))),
            "  |> sum()",
            "  |> group()",
            filled("unit"),
            wide("figure", *by),
            *(['  |> sort(columns: ["down_s"], desc: true)'] if worst else []),
            RATIOS,
            AS_CLOSED,
            keep(*by, *RATIO_COLUMNS, "down_s", "outages", *fields, *CHANGED_COLUMNS),
            imports=(*_DEBUG, *(CHOSEN_IMPORTS if worst else ())),
        ),
        dict.fromkeys(by, STRING)
        | RATIO_COLUMNS
        | types("figure", "down_s", "outages", *fields)
        | CHANGED_COLUMNS,
    )


def _worst(count: int, where: tuple[str, ...]) -> str:
    return top_of(program(read("figure", "down_s", where=where), "  |> sum()"), count)


def enterprise_sums(*where: str) -> Query:
    """Each enterprise's sums and ratios over the days that begin in the time shown."""
    return _table_of("scope", "id", (equals("scope", "enterprise"), *where))


def unit_sums(*where: str) -> Query:
    """The same of communes and wards, from their elements' days: their own sums are there once a day is closed."""
    return _table_of("figure", "unit", where)


def _table_of(measurement: str, by: str, where: tuple[str, ...]) -> Query:
    more = ("down_s", "outages", "undeclared_s")
    return Query(
        program(
            read(measurement, *SUMMED, *CHANGED, "outages", "undeclared_s", where=where),
            f'  |> group(columns: {tags(measurement, by).removesuffix("]")}, "_field"])',
            "  |> sum()",
            f"  |> filter(fn: (r) => exists r.{by})",
            wide(measurement, by),
            RATIOS,
            AS_CLOSED,
            keep(by, *RATIO_COLUMNS, *more, *CHANGED_COLUMNS),
            imports=_DEBUG,
        ),
        {by: STRING} | RATIO_COLUMNS | types(measurement, *more) | CHANGED_COLUMNS,
    )


def scope_by_day(field: str, by: str, *where: str) -> Query:
    """A sum by local day, a series for each value of the tag `by`."""
    return Query(
        program(
            read("scope", field, where=where),
            f"  |> group(columns: {tags('scope', by)})",
            keep("_time", "_value", by),
        ),
        {"_time": TIME, "_value": types("scope", field)[field], by: STRING},
    )


def timeline(*where: str) -> Query:
    """Effective states over time, with the one before the time shown at its beginning."""
    before = read("state", "state", where=where, start=f"date.sub(d: 2d, from: {START})", stop=START)
    inside = read("state", "state", where=where)
    return Query(
        program(
            f"before = {before}",
            f"  |> group(columns: {tags('state', 'element')})",
            "  |> last()",
            f"  |> map(fn: (r) => ({{r with _time: {START}}}))",
            f"inside = {inside}",
            "union(tables: [before, inside])",
            f"  |> group(columns: {tags('state', 'element')})",
            '  |> sort(columns: ["_time"])',
            keep("_time", "_value", "element"),
            imports=_DATE,
        ),
        {"_time": TIME, "_value": LONG, "element": STRING},
    )


def timeline_of_worst(*where: str) -> Query:
    """The same of those elements with most down time over the days shown."""
    asked = timeline(*where, OF_CHOSEN)
    flux = asked.flux.removeprefix('import "date"\n')
    return Query(program(_worst(WORST, where), flux, imports=(*_DATE, *CHOSEN_IMPORTS)), asked.columns)


def changes(*where: str) -> Query:
    """When one element changed its state, the latest first."""
    return Query(
        program(
            read("state", "state", "cause", where=where),
            '  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")',
            "  |> group()",
            '  |> sort(columns: ["_time"], desc: true)',
            "  |> limit(n: 500)",
            keep("_time", "state", "cause"),
        ),
        {"_time": TIME} | types("state", "state", "cause"),
    )


def element_ratios(*where: str) -> Query:
    """Availability of one element over the days that begin in the time shown: one row."""
    return Query(
        program(
            read("figure", *SUMMED, *CHANGED, where=where),
            '  |> group(columns: ["element", "_field"])',
            "  |> sum()",
            wide("figure", "element"),
            RATIOS,
            AS_CLOSED,
            keep(*RATIO_COLUMNS, *CHANGED_COLUMNS),
            imports=_DEBUG,
        ),
        RATIO_COLUMNS | CHANGED_COLUMNS,
    )


def element_outages(*where: str) -> Query:
    """Outages, down time, the longest outage and what was not declared, of one element over the days shown: one row."""
    sums = ("outages", "down_s", "undeclared_s")
    columns = types("figure", "outages", "down_s", "longest_s", "undeclared_s")
    return Query(
        program(
            f"sums = {read('figure', *sums, where=where)}",
            "  |> sum()",
            f"longest = {read('figure', 'longest_s', where=where)}",
            "  |> max()",
            "union(tables: [sums, longest])",
            "  |> group()",
            f'  |> pivot(rowKey: {tags("figure", "element")}, columnKey: ["_field"], valueColumn: "_value")',
            keep(*columns),
        ),
        columns,
    )
