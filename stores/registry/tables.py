"""All rows of a registry with their places: what the checks run over and the values are built from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from schemas.registry_rows import (
    BY_STEM,
    AgencyRow,
    DeclaredLevelRow,
    EnterpriseRow,
    LinkRow,
    StationRow,
    SuccessionRow,
    UnitRow,
)
from stores.registry.parsing import Located, parse
from stores.registry.problems import Problem
from stores.registry.sheets import Sheet


@dataclass(frozen=True)
class Tables:
    """The good rows of each file."""

    enterprises: list[Located[EnterpriseRow]] = field(default_factory=list)
    units: list[Located[UnitRow]] = field(default_factory=list)
    stations: list[Located[StationRow]] = field(default_factory=list)
    links: list[Located[LinkRow]] = field(default_factory=list)
    declared_levels: list[Located[DeclaredLevelRow]] = field(default_factory=list)
    agency: list[Located[AgencyRow]] = field(default_factory=list)
    succession: list[Located[SuccessionRow]] = field(default_factory=list)

    @property
    def elements(self) -> list[Located[StationRow] | Located[LinkRow]]:
        """Stations, then links."""
        return [*self.stations, *self.links]


@dataclass(frozen=True)
class Named:
    """Every id that some row names, also rows with other faults: what a reference may point at."""

    enterprises: frozenset[str]
    units: frozenset[str]
    stations: frozenset[str]
    links: frozenset[str]


def tables_of(sheets: Mapping[str, Sheet]) -> tuple[Tables, list[Problem]]:
    """The tables in sheets by file stem, and the problems inside rows."""
    found: dict[str, list[Located[Any]]] = {}
    problems: list[Problem] = []
    for stem, sheet in sheets.items():
        found[stem], more = parse(sheet, BY_STEM[stem])
        problems.extend(more)
    return Tables(**found), problems


def named_in(sheets: Mapping[str, Sheet]) -> Named:
    """The ids as written, so that one bad cell doesn't make every reference to its row dangle."""
    return Named(
        _column(sheets, "enterprises", "id"),
        _column(sheets, "units", "code"),
        _column(sheets, "stations", "id"),
        _column(sheets, "links", "id"),
    )


def _column(sheets: Mapping[str, Sheet], stem: str, name: str) -> frozenset[str]:
    sheet = sheets.get(stem)
    if sheet is None or name not in sheet.header:
        return frozenset()
    place = sheet.header.index(name)
    return frozenset(cells[place] for _, cells in sheet.rows if place < len(cells) and cells[place])
