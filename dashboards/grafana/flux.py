"""Queries in Flux, made of the schema's own names: a measurement, tag or field that is renamed there can't be built here.

Flux, not InfluxQL: joined columns with their types come from the server, so that a panel draws them as they are and a
test can look at them; and it is the faster of the two where many series are summed (tests/benchmarks/bench_dashboards.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from grafana_foundation_sdk.cog import variants
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import DataSourceRef

from dashboards.grafana.committed import DATASOURCE_TYPE
from schemas.influx import MEASUREMENT, Measurement, Type, bucket_of

PREFIX: Final = "${bucket}"
DATASOURCE: Final = "${datasource}"
START: Final = "v.timeRangeStart"
STOP: Final = "v.timeRangeStop"
TIME: Final = "dateTime:RFC3339"
STRING: Final = "string"
LONG: Final = "long"
DOUBLE: Final = "double"
BOOLEAN: Final = "boolean"
DATATYPES: Final[Mapping[Type, str]] = {
    Type.INTEGER: LONG,
    Type.FLOAT: DOUBLE,
    Type.TEXT: STRING,
    Type.BOOLEAN: BOOLEAN,
}
NULL: Final = 'debug.null(type: "float")'


@dataclass(frozen=True, slots=True)
class Query:
    """`columns` says what the query returns to the panel, by name, in the datatypes of Flux's annotated CSV."""

    flux: str
    columns: Mapping[str, str]


class FluxTarget(variants.Dataquery, Builder[variants.Dataquery]):
    """A query as it stands in a dashboard. The SDK has no builder for InfluxDB's."""

    def __init__(self, ref_id: str, query: str, columns: Mapping[str, str] | None = None) -> None:
        self.ref_id = ref_id
        self.query = query
        self.columns = columns or {}

    def build(self) -> Self:
        """As the SDK's builders have it."""
        return self

    def to_json(self) -> dict[str, object]:
        """Grafana's JSON."""
        return {"datasource": datasource(), "query": self.query, "refId": self.ref_id}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Back from JSON; what Grafana's InfluxDB query doesn't have is refused."""
        unknown = data.keys() - {"datasource", "query", "refId"}
        if unknown:
            raise ValueError(f"no part of a Flux query: {', '.join(sorted(unknown))}")
        return cls(data["refId"], data["query"])


def datasource() -> DataSourceRef:
    """The data source that the dashboard's variable chooses."""
    return DataSourceRef(type_val=DATASOURCE_TYPE, uid=DATASOURCE)


def chosen(tag: str, variable: str) -> str:
    """The tag has one of the values chosen for the dashboard's variable."""
    return f"r.{tag} =~ /^${{{variable}:regex}}$/"


def one(tag: str, variable: str) -> str:
    """The tag has the one value of a variable that takes no more."""
    return f"r.{tag} == ${{{variable}:doublequote}}"


def equals(tag: str, value: str) -> str:
    """The tag has the value."""
    return f'r.{tag} == "{value}"'


def read(name: str, *fields: str, where: tuple[str, ...] = (), start: str = START, stop: str = STOP) -> str:
    """The points of some fields of a measurement in a range; `where` holds conditions on its tags.

    Raises:
        KeyError: the schema has no such measurement, field or tag.
    """
    measurement = MEASUREMENT[name]
    for field in fields:
        measurement.field(field)
    for condition in where:
        _tag(measurement, condition.split(" ", 1)[0].removeprefix("r."))
    wanted = " or ".join(f'r._field == "{field}"' for field in fields)
    lines = [
        f'from(bucket: "{bucket_of(name, PREFIX)}")',
        f"  |> range(start: {start}, stop: {stop})",
        f'  |> filter(fn: (r) => r._measurement == "{name}")',
        f"  |> filter(fn: (r) => {wanted})",
        *(f"  |> filter(fn: (r) => {condition})" for condition in where),
    ]
    return "\n".join(lines)


def tags(name: str, *wanted: str) -> str:
    """Tags as a list of Flux.

    Raises:
        KeyError: the measurement has no such tag.
    """
    for tag in wanted:
        _tag(MEASUREMENT[name], tag)
    return "[" + ", ".join(f'"{tag}"' for tag in wanted) + "]"


def _tag(measurement: Measurement, name: str) -> None:
    if name not in {tag.name for tag in measurement.tags}:
        raise KeyError(f"{measurement.name} has no tag {name}")


def wide(name: str, *by: str) -> str:
    """The fields side by side, one row for each combination of the tags, all in one table."""
    return (
        f'  |> group()\n  |> pivot(rowKey: {tags(name, *by)}, columnKey: ["_field"], valueColumn: "_value")'
    )


def filled(column: str) -> str:
    """A column of texts that elements may lack, with an empty text for those."""
    return f'  |> map(fn: (r) => ({{r with {column}: if exists r.{column} then r.{column} else ""}}))'


def nullable(column: str, datatype: str) -> str:
    """A column that is there also where nothing has written its field yet; without a value then."""
    kind = {LONG: "int", DOUBLE: "float", STRING: "string"}[datatype]
    return f'{column}: if exists r.{column} then r.{column} else debug.null(type: "{kind}")'


def types(name: str, *fields: str) -> dict[str, str]:
    """The fields' datatypes by name."""
    return {field: DATATYPES[MEASUREMENT[name].field(field).type] for field in fields}


# What `chosen_of` and `top_of` need.
CHOSEN_IMPORTS: Final = ("array", "regexp", "strings")
OF_CHOSEN: Final = "r.element =~ of_chosen"


def chosen_of(asked: str) -> str:
    """The elements of what is asked (one table), as the pattern that `OF_CHOSEN` holds tags to.

    A pattern is looked at where series are found; contains() would be asked for every single point.
    """
    return program(
        f"chosen = {asked}",
        '  |> findColumn(fn: (key) => true, column: "element")',
        "quoted = array.map(arr: chosen, fn: (x) => regexp.quoteMeta(v: x))",
        'of_chosen = regexp.compile(v: "^(" + strings.joinStr(arr: quoted, v: "|") + ")$")',
    )


def top_of(asked: str, count: int) -> str:
    """The same of those with most of what is asked, one value each."""
    return chosen_of(
        program(
            asked,
            "  |> group()",
            "  |> filter(fn: (r) => float(v: r._value) > 0.0)",
            f'  |> top(n: {count}, columns: ["_value"])',
        )
    )


def cut(parts: str, whole: str, digits: int = 4) -> str:
    """A ratio of whole numbers, cut and never rounded up (99.999 % must not be read as 100 %); null without a whole."""
    scale = 10**digits
    return f"if {whole} > 0 then float(v: ({parts}) * {scale} / ({whole})) / {scale}.0 else {NULL}"


def cut_column(column: str, digits: int = 4) -> str:
    """The same of a ratio that is stored as one. What is added is less than a second among all of a province's quarter."""
    scale = 10**digits
    return f"{column}: if exists r.{column} then float(v: int(v: r.{column} * {scale}.0 + 0.000001)) / {scale}.0 else {NULL}"


RATIOS: Final = (
    "  |> map(fn: (r) => ({r with\n"
    f"    A: {cut('r.up_s + r.degraded_s', 'r.up_s + r.degraded_s + r.down_s')},\n"
    f"    A_min: {cut('r.up_s + r.degraded_s', 'r.total_s - r.planned_s')},\n"
    f"    A_max: {cut('r.up_s + r.degraded_s + r.unknown_s', 'r.total_s - r.planned_s')},\n"
    f"    coverage: {cut('r.total_s - r.unknown_s', 'r.total_s')}\n"
    "  }))"
)
"""Availability with its bounds and coverage beside the sums of seconds (spec: availability, section 5)."""
SUMMED: Final = ("up_s", "degraded_s", "down_s", "planned_s", "unknown_s", "total_s")
CHANGED_DAYS: Final = ("adjusted_days", "restated_days")
_MOVED: Final = ("moved_up_s", "moved_degraded_s", "moved_down_s")
CHANGED: Final = (*CHANGED_DAYS, *_MOVED)
"""What people decided after days were closed, of `figure` and `scope`; most points have none of it."""
_AS_CLOSED: Final = cut(
    "r.up_s + r.degraded_s - r.moved_up_s - r.moved_degraded_s",
    "(r.up_s + r.degraded_s + r.down_s - r.moved_up_s - r.moved_degraded_s - r.moved_down_s)",
)
AS_CLOSED: Final = (
    "  |> map(fn: (r) => ({r with "
    + ", ".join(f"{name}: if exists r.{name} then r.{name} else 0" for name in CHANGED)
    + "}))\n"
    f"  |> map(fn: (r) => ({{r with closed_A: if r.adjusted_days + r.restated_days == 0 then {NULL} else {_AS_CLOSED}}}))"
)
"""Availability before those decisions beside the sums of `CHANGED`; null where there was none."""


def keep(*columns: str) -> str:
    """Only these columns, in one table."""
    named = ", ".join(f'"{column}"' for column in columns)
    return f"  |> keep(columns: [{named}])"


def program(*parts: str, imports: tuple[str, ...] = ()) -> str:
    """The parts below each other, after what they import."""
    head = [f'import "{name}"' for name in sorted(imports)]
    return "\n".join([*head, *parts])
