"""What a single row can't know: references, dates of one id, service lives, ends of links."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from itertools import pairwise
from typing import TypeVar

from schemas.registry_rows import AgencyRow, DeclaredLevelRow, LinkRow, StationRow, UnitRow
from schemas.time import LocalCalendar, to_ms
from stores.registry.cycles import cycles
from stores.registry.parsing import Located
from stores.registry.places import places
from stores.registry.problems import Problem, Severity, nearest
from stores.registry.tables import Named, Tables

DatedT = TypeVar("DatedT", UnitRow, StationRow, LinkRow, DeclaredLevelRow, AgencyRow)


def check(tables: Tables, named: Named, calendar: LocalCalendar) -> list[Problem]:
    """Every problem between rows, in no particular order."""
    return [
        *_unique_enterprises(tables),
        *_ids_of_two_kinds(tables),
        *_references(tables, named),
        *_ends_differ(tables),
        *_dates(tables),
        *_service_lives(tables, calendar),
        *_ended_units(tables),
        *places(tables),
        *cycles(tables.elements),
    ]


def _unique_enterprises(tables: Tables) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for row in tables.enterprises:
        if row.value.id in first:
            yield row.problem("id", f"{row.value.id!r} stands in row {first[row.value.id]} already")
        first.setdefault(row.value.id, row.row)


def _ids_of_two_kinds(tables: Tables) -> Iterator[Problem]:
    stations = {row.value.id: row for row in reversed(tables.stations)}
    for row in tables.links:
        twin = stations.get(row.value.id)
        if twin is not None:
            yield row.problem(
                "id",
                f"{row.value.id!r} is a station too ({twin.file}:{twin.row}): stations and links share one name space",
            )


def _references(tables: Tables, named: Named) -> Iterator[Problem]:
    elements = named.stations | named.links
    for stem, field, what, valid in (
        ("units", "parent", "unit", named.units),
        ("stations", "enterprise", "enterprise", named.enterprises),
        ("stations", "unit", "unit", named.units),
        ("stations", "depends_on", "station or link", elements),
        ("links", "enterprise", "enterprise", named.enterprises),
        ("links", "a_end", "station", named.stations),
        ("links", "b_end", "station", named.stations),
        ("links", "depends_on", "station or link", elements),
        ("declared_levels", "enterprise", "enterprise", named.enterprises),
        ("succession", "old", "unit", named.units),
        ("succession", "new", "unit", named.units),
    ):
        for row in getattr(tables, stem):
            cell: str | tuple[str, ...] | None = getattr(row.value, field)
            for name in cell if isinstance(cell, tuple) else (cell,):
                if name is not None and name not in valid:
                    yield row.problem(field, f"no {what} {name!r}", nearest(name, valid))


def _ends_differ(tables: Tables) -> Iterator[Problem]:
    for row in tables.links:
        if row.value.a_end is not None and row.value.a_end == row.value.b_end:
            yield row.problem("b_end", f"both ends are {row.value.a_end!r}")


def _dates(tables: Tables) -> Iterator[Problem]:
    yield from _overlaps(tables.units, lambda unit: unit.code)
    yield from _overlaps(tables.stations, lambda station: station.id)
    yield from _overlaps(tables.links, lambda link: link.id)
    yield from _overlaps(tables.declared_levels, lambda lv: f"{lv.enterprise}, {lv.service}, {lv.indicator}")
    yield from _overlaps(tables.agency, lambda _: "the agency")


def _overlaps(rows: Iterable[Located[DatedT]], key: Callable[[DatedT], str]) -> Iterator[Problem]:
    by_key: dict[str, list[Located[DatedT]]] = defaultdict(list)
    for row in rows:
        if row.bad & {"valid_from", "valid_to"}:
            continue
        if row.value.valid_from is not None and (row.value.valid_to or date.max) <= row.value.valid_from:
            yield row.problem(
                "valid_to", "must be after valid_from: it is the first day that no longer counts"
            )
        else:
            by_key[key(row.value)].append(row)
    for name, same in by_key.items():
        ordered = sorted(same, key=lambda row: (row.value.valid_from or date.min, row.row))
        for former, later in pairwise(ordered):
            if (later.value.valid_from or date.min) < (former.value.valid_to or date.max):
                yield later.problem(
                    "valid_from",
                    f"{name!r} stands in row {former.row} already, for the same days: "
                    "end that row with valid_to and begin this one with valid_from",
                )


def _service_lives(tables: Tables, calendar: LocalCalendar) -> Iterator[Problem]:
    for row in tables.elements:
        begin, end = row.value.commissioned, row.value.decommissioned
        if begin is not None and end is not None and instant(end, calendar) <= instant(begin, calendar):
            yield row.problem("decommissioned", "must be after commissioned")


def instant(cell: date | datetime, calendar: LocalCalendar) -> int:
    """Milliseconds of a `commissioned` cell: an instant, or the start of a local day."""
    return to_ms(cell) if isinstance(cell, datetime) else calendar.start_of(cell)


def _ended_units(tables: Tables) -> Iterator[Problem]:
    ends: dict[str, date] = {}
    for unit in tables.units:
        end = unit.value.valid_to or date.max
        ends[unit.value.code] = max(end, ends.get(unit.value.code, date.min))
    for row in tables.stations:
        end = ends.get(row.value.unit or "", date.max)
        if end < (row.value.valid_to or date.max):
            message = f"unit {row.value.unit!r} ended on {end}, this row goes on: end it there and add its successor"
            yield Problem(row.file, row.row, "unit", message, severity=Severity.WARNING)
