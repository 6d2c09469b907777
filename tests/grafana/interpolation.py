"""Puts values into a panel's query as Grafana does, and reads InfluxDB's answer as its data source does.

After Grafana's documentation of variable formats and of the InfluxDB data source's macros; no Grafana was run.
"""

import csv
import io
import json
import re
from dataclasses import dataclass, field

from schemas.time import format_ms

_VARIABLE = re.compile(r"\$\{(\w+)(?::(\w+))?\}|\$(\w+)")
_MACRO = re.compile(
    r"[a-zA-Z]+\.(timeRangeStart|timeRangeStop|windowPeriod|bucket|defaultBucket|organization)"
)


@dataclass(frozen=True)
class All:
    """The choice "All" of a variable with a custom value for it, which Grafana puts in as it is."""

    value: str


def put_in(query, values, from_ms, to_ms, window="1m0s"):
    """The query as InfluxDB gets it; `values` are texts, lists of texts, or All, by variable."""

    def formatted(found):
        name = found[1] or found[3]
        assert name in values, f"the dashboard has no variable {name}"
        return _formatted(values[name], found[2] or "")

    def replaced(found):
        given = {
            "timeRangeStart": format_ms(from_ms),
            "timeRangeStop": format_ms(to_ms),
            "windowPeriod": window,
        }
        assert found[1] in given, f"Grafana would replace {found[0]}"
        return given[found[1]]

    return _MACRO.sub(replaced, _VARIABLE.sub(formatted, query))


def _formatted(value, form):
    if isinstance(value, All):
        return value.value
    several = value if isinstance(value, list) else [value]
    if form == "regex":
        escaped = [re.sub(r"[\\^$*+?.()|\[\]{}/]", r"\\\g<0>", one) for one in several]
        return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"
    if form == "doublequote":
        return ",".join('"' + one.replace('"', '\\"') + '"' for one in several)
    assert form == "", form
    return several[0] if len(several) == 1 else "{" + ",".join(several) + "}"


@dataclass
class Answer:
    """InfluxDB's answer: datatypes by column, rows as texts, and the columns of the group keys."""

    columns: dict = field(default_factory=dict)
    rows: list = field(default_factory=list)
    grouped: set = field(default_factory=set)
    tables: int = 0

    def values(self, column):
        return [row[column] for row in self.rows]


def ask(client, org, query):
    """Send it as the data source does.

    Raises:
        AssertionError: InfluxDB refuses the query; its message is told.
    """
    answer = client.post(
        "/api/v2/query",
        params={"org": org},
        json={
            "query": query,
            "type": "flux",
            "dialect": {"annotations": ["datatype", "group", "default"], "header": True},
        },
    )
    assert answer.status_code == 200, f"{answer.text}\n{query}"
    return parsed(answer.text)


def parsed(text):
    found = Answer()
    types = groups = header = None
    tables = set()
    for number, row in enumerate(csv.reader(io.StringIO(text))):
        if not row:
            header = None
        elif row[0] == "#datatype":
            types, header = row[1:], None
        elif row[0] == "#group":
            groups = row[1:]
        elif row[0] == "#default":
            continue
        elif row[0] == "error":
            raise AssertionError(f"line {number}: {row}")
        elif header is None:
            header = row[1:]
            assert header[:2] != ["error", "reference"], text
            for name, kind, group in zip(header, types, groups, strict=True):
                if name in {"result", "table"}:
                    continue
                assert found.columns.setdefault(name, kind) == kind, (
                    f"{name} is {kind} and {found.columns[name]}"
                )
                if group == "true":
                    found.grouped.add(name)
        else:
            cells = dict(zip(header, row[1:], strict=True))
            tables.add(cells.pop("table"))
            cells.pop("result")
            found.rows.append(cells)
    found.tables = len(tables)
    return found


def variables_of(dashboard):
    """The dashboard's variables by name."""
    return {one["name"]: one for one in dashboard["templating"]["list"]}


def fixed_values(dashboard, bucket):
    """What nobody chooses."""
    constants = {
        name: one["query"] for name, one in variables_of(dashboard).items() if one["type"] == "constant"
    }
    return {**constants, "bucket": bucket, "datasource": "btswatch-influxdb"}


def as_text(value):
    return json.dumps(value, ensure_ascii=False)
