"""What is remembered of a device between polls: which profile it has, where its rows are, its counters' last readings."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ingest.snmp.counters import AgentTime, Counter, Reading
from ingest.snmp.devices import View
from ingest.snmp.engine import Value
from ingest.snmp.profile_model import SYS_UP_TIME, Profile, Table
from ingest.snmp.requests import CounterRequest, RequestPlan, TableRequest, plan_requests
from ingest.snmp.values import read


@dataclass(frozen=True, slots=True)
class Section:
    """The part of a poll that one profile asks for: its plan, the views it serves, and how its counters are read."""

    profile: Profile
    views: tuple[View, ...]
    plan: RequestPlan
    tables: tuple[TableRequest, ...]
    counters: tuple[tuple[Counter, CounterRequest], ...]
    rows_known: bool
    """The GET reads the selected table's rows; numbers over all of its rows can't be told."""


@dataclass(slots=True)
class Memory:
    """Of one device."""

    time: AgentTime | None = None
    sys_object_id: str | None = None
    rows: dict[tuple[str, str], str] = field(default_factory=dict)
    """(profile, row name) -> index; absent where it is not known."""
    last_change: dict[str, Value] = field(default_factory=dict)
    looked_for_rows_at: float | None = None
    optional_read_at: float | None = None
    readings: dict[tuple[str, str], Reading] = field(default_factory=dict)
    """(element, table or nothing) -> the counters' last reading."""
    sections: tuple[Section, ...] = ()
    scalars: tuple[str, ...] = ()
    trouble: str | None = None
    """The kind of failure that was logged last."""

    def restart(self) -> None:
        """The agent started again: it may be another device, and its rows may have moved. The next poll finds out."""
        self.sys_object_id = None
        self.looked_for_rows_at = None
        self.sections = ()

    def plan(self, chosen: Mapping[View, Profile], *, engine_time: bool) -> None:
        """Make the sections anew from the profiles and the rows that are known."""
        by_profile: dict[str, list[View]] = {}
        for view, profile in chosen.items():
            by_profile.setdefault(profile.name, []).append(view)
        profiles = {profile.name: profile for profile in chosen.values()}
        self.sections = tuple(
            self._section(profiles[name], views, engine_time=engine_time)
            for name, views in by_profile.items()
        )
        # Sections with rows first: their counters belong into the first PDU, beside sysUpTime.
        ordered = sorted(self.sections, key=lambda section: not section.plan.rows)
        asked = dict.fromkeys(oid for section in ordered for oid in section.plan.scalars)
        # A canary shows no element: that it answers is all that is asked.
        self.scalars = tuple(asked) or (SYS_UP_TIME,)

    def _section(self, profile: Profile, views: Sequence[View], *, engine_time: bool) -> Section:
        named = named_rows(profile, views)
        found = dict.fromkeys(index for name in named if (index := self.rows.get((profile.name, name))))
        plan = plan_requests(profile, rows=tuple(found) if named else (), engine_time=engine_time)
        selected = profile.select.table if profile.select and named else None
        counters = tuple((Counter(c.metric, c.bits, c.scale), c) for c in plan.counters)
        tables = tuple(table for table in plan.tables if table.name != selected)
        return Section(profile, tuple(views), plan, tables, counters, bool(named))


def named_rows(profile: Profile, views: Iterable[View]) -> list[str]:
    """The rows' names, when each view names one; otherwise the profile judges the whole table and nothing is listed."""
    views = list(views)
    if profile.select is None or not all(view.row for view in views):
        return []
    return [view.row for view in views if view.row]


def names_row(table: Table, index: str, name: str, scalars: Mapping[str, Value]) -> bool:
    """Whether a GET found the row with this index to bear the name."""
    columns = (table.columns[key] for key in table.key)
    return any(read(column, scalars.get(f"{column.oid}.{index}")) == name for column in columns)


def find_rows(table: Table, cells: Mapping[str, Mapping[str, Value]], names: Iterable[str]) -> dict[str, str]:
    """Name -> index, by the table's key columns in their order; names that no row has are left out."""
    found: dict[str, str] = {}
    for key in table.key:
        column = table.columns[key]
        for index, row in cells.items():
            text = read(column, row.get(column.oid))
            if isinstance(text, str):
                found.setdefault(text, index)
    return {name: found[name] for name in names if name in found}
