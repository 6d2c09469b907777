"""What a profile file may say: objects by numeric OID, how to read them, and the ordered rules that make a status."""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from schemas.base import Contract
from schemas.status import Cause, Status

_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")
SYS_UP_TIME = "1.3.6.1.2.1.1.3.0"


def _numeric(oid: str) -> str:
    if not _OID.fullmatch(oid):
        raise ValueError(f"{oid!r} is no numeric OID: write it as 1.3.6.1..., no leading dot, no names")
    return oid


Oid = Annotated[str, AfterValidator(_numeric)]
FieldName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
MetricName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Number = int | float
Literalish = bool | Number | str


class ReadAs(StrEnum):
    """How a varbind's value is read. The engines don't all keep the SNMP type, so the profile states it."""

    GAUGE = "gauge"
    """A number: INTEGER, Gauge32, Opaque float."""
    COUNTER32 = "counter32"
    COUNTER64 = "counter64"
    TIMETICKS = "timeticks"
    """Hundredths of a second, read as seconds."""
    ENUM = "enum"
    TRUTH = "truth"
    """TruthValue of SNMPv2-TC: 1 true, 2 false."""
    TEXT = "text"
    NUMBER_TEXT = "number_text"
    """A number written as text, a unit after it allowed: "54.01", "41.9 Watt", "-62.8"."""


COUNTERS = frozenset({ReadAs.COUNTER32, ReadAs.COUNTER64})


class Object(Contract):
    """A scalar's instance or a table's column. `metric` exports it: a counter's rate, any other number itself."""

    oid: Oid
    kind: ReadAs
    values: Mapping[int, str] = {}
    scale: float = 1.0
    unit: str = ""
    no_reading: tuple[int, ...] = ()
    """Numbers by which the device says that it has no reading, such as 2147483647."""
    metric: MetricName | None = None

    @model_validator(mode="after")
    def _kind_and_values_fit(self) -> Self:
        if (self.kind is ReadAs.ENUM) != bool(self.values):
            raise ValueError("`values` belongs to kind enum, and an enum needs it")
        if self.metric and self.kind in {ReadAs.TEXT, ReadAs.ENUM}:
            raise ValueError(f"kind {self.kind} is no number, so it can't be the metric {self.metric!r}")
        return self


class Comparison(Contract):
    """Tests of a number; each may name another field instead of a number. All that are given must hold."""

    lt: Number | FieldName | None = None
    le: Number | FieldName | None = None
    gt: Number | FieldName | None = None
    ge: Number | FieldName | None = None
    ne: Literalish | tuple[Literalish, ...] | None = None
    absent: Literal[True] | None = None
    """The field has no value. Every other test of an absent value is false."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("an empty test: give one of lt, le, gt, ge, ne, absent")
        return self

    def references(self) -> Iterator[str]:
        """The fields that the tests compare with."""
        yield from (bound for bound in (self.lt, self.le, self.gt, self.ge) if isinstance(bound, str))


Test = Literalish | tuple[Literalish, ...] | Comparison
When = Mapping[FieldName, Test]


class Table(Contract):
    """Columns with one index. `key` columns name a row for the registry's `if_name`, the first that matches wins."""

    columns: Mapping[FieldName, Object]
    key: tuple[FieldName, ...] = ()
    optional: bool = False
    """Not needed for the status: the poller may read it less often."""
    discontinuity: FieldName | None = None
    """The column that changes when a row's counters lost their continuity (ifCounterDiscontinuityTime)."""
    speed: FieldName | None = None
    """The column that bounds the row's rates, scaled to bit/s."""
    last_change: Oid | None = None
    """The scalar that changes when rows were renumbered (ifTableLastChange)."""

    @model_validator(mode="after")
    def _columns_exist(self) -> Self:
        for name in (*self.key, self.discontinuity, self.speed):
            if name is not None and name not in self.columns:
                raise ValueError(f"there is no column {name!r}; columns: {', '.join(self.columns)}")
        return self


class Select(Contract):
    """The rows a profile judges: the one the registry names; without a name all that meet `otherwise`, if it stands."""

    table: FieldName
    otherwise: When | None = None
    combine: Literal["worst", "best"] = "worst"
    """Several rows: the worst decides, or the best where they protect one another (1+1)."""


class Summary(Contract):
    """A number over a table's rows, usable in rules. Absent when the table was not read, or has no value to take."""

    table: FieldName
    of: Literal["count", "min", "max", "sum"]
    column: FieldName | None = None
    where: When = Field(default_factory=dict)
    metric: MetricName | None = None

    @model_validator(mode="after")
    def _column_fits(self) -> Self:
        if (self.of == "count") != (self.column is None):
            raise ValueError("min, max and sum need a `column`, count takes none")
        return self


class Rule(Contract):
    """When all conditions hold, this is the status. `unknown` says that nothing can be said."""

    when: When
    status: Status | Literal["unknown"]
    cause: Cause | None = None
    detail: str = ""

    @model_validator(mode="after")
    def _cause_fits(self) -> Self:
        if self.status is Status.NO_RESPONSE:
            raise ValueError("no_response is the poller's word for silence; an answer can't say it")
        if self.cause and self.status in {Status.UP, "unknown"}:
            raise ValueError(f"status {self.status} has no cause")
        return self


class Notification(Contract):
    """A trap of this device. With a `status` an authenticated one says it; without, the status rules read it."""

    oid: Oid
    status: Status | None = None
    cause: Cause | None = None
    detail: str = ""


class Subject(StrEnum):
    """What a profile's rules judge.

    EQUIPMENT is what stands beside the radio (power, sensors, a router): that it is well doesn't say that radio serves.
    """

    STATION = "station"
    LINK = "link"
    EQUIPMENT = "equipment"


class Match(Contract):
    """Which devices: prefixes of sysObjectID, cut at dots; the longest match wins."""

    sys_object_id: tuple[Oid, ...] = ()


class Profile(Contract):
    """One profile file."""

    name: FieldName
    title: str
    subject: Subject
    match: Match = Match()
    scalars: Mapping[FieldName, Object] = {}
    tables: Mapping[FieldName, Table] = {}
    select: Select | None = None
    summaries: Mapping[FieldName, Summary] = {}
    status: tuple[Rule, ...] = ()
    notifications: Mapping[FieldName, Notification] = {}

    @model_validator(mode="after")
    def _names_resolve(self) -> Self:
        problems = list(_problems(self))
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def selectable(self) -> Table | None:
        """The table of `select`."""
        return self.tables[self.select.table] if self.select else None


def _problems(profile: Profile) -> Iterator[str]:
    seen: set[str] = set()
    tables = profile.tables
    for name in (*profile.scalars, *profile.summaries, *(c for t in tables.values() for c in t.columns)):
        if name in seen:
            yield f"the name {name!r} is used twice; rules could not tell which is meant"
        seen.add(name)
    for name, summary in profile.summaries.items():
        if summary.table not in tables:
            yield f"summary {name}: there is no table {summary.table!r}"
            continue
        columns = tables[summary.table].columns
        if summary.column is not None and summary.column not in columns:
            yield f"summary {name}: table {summary.table} has no column {summary.column!r}"
        yield from _unresolved(f"summary {name}", summary.where, columns)
    visible: dict[str, Object | Summary] = {**profile.scalars, **profile.summaries}
    if profile.select:
        if profile.select.table not in tables:
            yield f"select: there is no table {profile.select.table!r}"
            return
        columns = tables[profile.select.table].columns
        yield from _unresolved("select", profile.select.otherwise or {}, columns)
        visible.update(columns)
    for number, rule in enumerate(profile.status, start=1):
        yield from _unresolved(f"status rule {number}", rule.when, visible)


def _unresolved(place: str, when: When, visible: Mapping[str, Object | Summary]) -> Iterator[str]:
    for name, test in when.items():
        if name not in visible:
            yield f"{place}: there is no field {name!r} here; fields: {', '.join(visible)}"
            continue
        if isinstance(test, Comparison):
            yield from (
                f"{place}: {name} is compared with {other!r}, which is no field here"
                for other in test.references()
                if other not in visible
            )
        yield from _bad_enum_names(place, name, test, visible[name])


def _bad_enum_names(place: str, name: str, test: Test, field: Object | Summary) -> Iterator[str]:
    if not isinstance(field, Object) or field.kind is not ReadAs.ENUM:
        return
    wanted = test.ne if isinstance(test, Comparison) else test
    for value in wanted if isinstance(wanted, tuple) else (wanted,):
        if value is not None and value not in field.values.values():
            yield f"{place}: {name} is never {value!r}; its values: {', '.join(field.values.values())}"
