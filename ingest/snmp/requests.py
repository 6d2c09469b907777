"""What a profile makes the poller ask for, and sorting what came back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ingest.snmp.engine import Answer, Rows, Value, VarbindKind
from ingest.snmp.profile_model import COUNTERS, SYS_UP_TIME, Object, Profile, ReadAs, Table

SYS_OBJECT_ID = "1.3.6.1.2.1.1.2.0"
SNMP_ENGINE_BOOTS = "1.3.6.1.6.3.10.2.1.2.0"
SNMP_ENGINE_TIME = "1.3.6.1.6.3.10.2.1.3.0"

Cells = Mapping[str, Value]
"""One row: column OID -> value."""
TableRows = Mapping[str, Cells]
"""Index -> row."""


@dataclass(frozen=True, slots=True)
class TableRequest:
    """Columns to walk together. `optional` ones are not needed for the status."""

    name: str
    columns: tuple[str, ...]
    optional: bool


@dataclass(frozen=True, slots=True)
class CounterRequest:
    """A counter whose rate becomes `metric`: its column (or scalar instance), width and what guards it.

    `scale` turns units of the counter into units of the metric, `speed_scale` the speed object's number into bit/s.
    """

    name: str
    oid: str
    bits: int
    metric: str
    scale: float
    table: str | None
    discontinuity: str | None
    speed: str | None
    speed_scale: float


@dataclass(frozen=True, slots=True)
class RequestPlan:
    """One poll: a GET of `scalars` (sysUpTime first, so that the first PDU dates the counters), then the walks.

    `rows` are the selected table's rows that the GET already covers.
    """

    scalars: tuple[str, ...]
    tables: tuple[TableRequest, ...]
    counters: tuple[CounterRequest, ...]
    rows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a poll read: scalars by OID, tables by name. A table in `partial` was not read to its end."""

    scalars: Mapping[str, Value] = field(default_factory=dict)
    tables: Mapping[str, TableRows] = field(default_factory=dict)
    partial: frozenset[str] = frozenset()


def plan_requests(profile: Profile, *, rows: Sequence[str] = (), engine_time: bool = False) -> RequestPlan:
    """The requests of one poll.

    Args:
        profile: What the device is.
        rows: Indexes of the selected table's rows, where they are known from an earlier walk: they are read by the GET,
            counters right behind sysUpTime in the same PDU, and the table is not walked.
        engine_time: Ask for snmpEngineBoots and snmpEngineTime too (SNMPv3), which don't wrap after 497 days.
    """
    selected = profile.select.table if profile.select and rows else None
    first = [SYS_UP_TIME, *((SNMP_ENGINE_BOOTS, SNMP_ENGINE_TIME) if engine_time else ())]
    of_rows: list[str] = []
    if selected:
        table = profile.tables[selected]
        columns = sorted(table.columns.items(), key=lambda item: _dated_first(table, item))
        of_rows = [f"{column.oid}.{index}" for index in rows for _, column in columns]
    others = [described.oid for described in profile.scalars.values()]
    others += [table.last_change for table in profile.tables.values() if table.last_change]
    return RequestPlan(
        scalars=tuple(dict.fromkeys([*first, *of_rows, *others])),
        tables=tuple(
            TableRequest(name, tuple(dict.fromkeys(c.oid for c in table.columns.values())), table.optional)
            for name, table in profile.tables.items()
            if name != selected
        ),
        counters=tuple(_counters(profile)),
        rows=tuple(rows) if selected else (),
    )


def gather(
    profile: Profile, plan: RequestPlan, answer: Answer | None, walks: Mapping[str, Rows] | None = None
) -> Evidence:
    """Sort an answer and walks (by table name) into evidence; objects the agent doesn't have are left out."""
    values = {v.oid: v.value for v in (answer.varbinds if answer else ()) if v.kind is VarbindKind.VALUE}
    tables: dict[str, TableRows] = {name: walked.rows for name, walked in (walks or {}).items()}
    if profile.select and plan.rows:
        columns = [c.oid for c in profile.tables[profile.select.table].columns.values()]
        read = {index: _row(values, columns, index) for index in plan.rows}
        tables[profile.select.table] = {index: cells for index, cells in read.items() if cells}
    partial = frozenset(name for name, walked in (walks or {}).items() if walked.stopped)
    return Evidence(values, tables, partial)


def _row(values: Mapping[str, Value], columns: Iterable[str], index: str) -> dict[str, Value]:
    return {column: values[oid] for column in columns if (oid := f"{column}.{index}") in values}


def _dated_first(table: Table, item: tuple[str, Object]) -> bool:
    """False sorts first: counters and the discontinuity time stay next to sysUpTime when a PDU has to be split."""
    name, column = item
    return not (column.kind in COUNTERS or name == table.discontinuity)


def _counters(profile: Profile) -> Iterable[CounterRequest]:
    for name, described in profile.scalars.items():
        if described.kind in COUNTERS and described.metric:
            yield _counter(name, described, described.metric, None, None)
    for table_name, table in profile.tables.items():
        for name, column in table.columns.items():
            if column.kind in COUNTERS and column.metric:
                yield _counter(name, column, column.metric, table_name, table)


def _counter(
    name: str, described: Object, metric: str, table_name: str | None, table: Table | None
) -> CounterRequest:
    discontinuity = table.columns[table.discontinuity].oid if table and table.discontinuity else None
    speed = table.columns[table.speed] if table and table.speed else None
    return CounterRequest(
        name=name,
        oid=described.oid,
        bits=64 if described.kind is ReadAs.COUNTER64 else 32,
        metric=metric,
        scale=described.scale,
        table=table_name,
        discontinuity=discontinuity,
        speed=speed.oid if speed else None,
        speed_scale=speed.scale if speed else 1.0,
    )
