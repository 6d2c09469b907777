"""The registry as the product uses it: who owns which element, where, since when, and how it is judged.

These are plain frozen values; the CSV and XLSX forms are in `schemas.registry_rows`, reading them in
`stores.registry`. Instants are milliseconds since the epoch; `valid_from`/`valid_to` are local dates, half-open.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property

from schemas.status import Feed, NoResponse, Policy

DEFAULT_MEASURED_VALID_FOR_S = 180
DEFAULT_DECLARED_VALID_FOR_S = 3600
DEFAULT_HEARTBEAT_S = 300
# The units that are everybody's area.
WHOLE = frozenset({"province", "municipality"})


class Confidence(StrEnum):
    """How sure a stated fact is."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Kind(StrEnum):
    """What an element is. Vietnamese: trạm BTS, tuyến truyền dẫn."""

    STATION = "station"
    LINK = "link"


def within(first: date | None, day: date, end: date | None) -> bool:
    """Whether the local day lies in `[first, end)`; None is open."""
    return (first is None or first <= day) and (end is None or day < end)


@dataclass(frozen=True, slots=True)
class Enterprise:
    """A telecom enterprise. Vietnamese: doanh nghiệp viễn thông."""

    id: str
    name: str
    brand: str = ""
    mnc: str = ""
    email: str = ""
    feed: Feed = Feed.PERIODIC
    heartbeat_s: int = DEFAULT_HEARTBEAT_S


@dataclass(frozen=True, slots=True)
class Unit:
    """A commune or ward since 2025-07-01, a former district, or the province. Vietnamese: đơn vị hành chính."""

    code: str
    name: str
    ascii: str
    kind: str
    parent: str | None = None
    lat: float | None = None
    lon: float | None = None
    area_km2: float | None = None
    touches_border: bool | None = None
    valid_from: date | None = None
    valid_to: date | None = None

    def in_force_on(self, day: date) -> bool:
        """Whether the unit existed, as this row says, on the local day."""
        return within(self.valid_from, day, self.valid_to)


@dataclass(frozen=True, slots=True)
class Element:
    """One registry row of a station or link: what it was while the row was in force."""

    id: str
    kind: Kind
    enterprise: str
    name: str = ""
    unit: str | None = None
    lat: float | None = None
    lon: float | None = None
    technologies: tuple[str, ...] = ()
    cells: int | None = None
    subscribers: int | None = None
    a_end: str | None = None
    b_end: str | None = None
    medium: str | None = None
    capacity_mbps: float | None = None
    commissioned: int | None = None
    decommissioned: int | None = None
    policy: Policy = Policy.MEASURED_FIRST
    no_response: NoResponse = NoResponse.DOWN
    measured_valid_for_s: int = DEFAULT_MEASURED_VALID_FOR_S
    declared_valid_for_s: int = DEFAULT_DECLARED_VALID_FOR_S
    depends_on: tuple[str, ...] = ()
    agent: str | None = None
    if_name: str | None = None
    profile: str | None = None
    credential: str | None = None
    inspection_class: str | None = None
    certificate_no: str | None = None
    certificate_issued: date | None = None
    valid_from: date | None = None
    valid_to: date | None = None

    def in_force_on(self, day: date) -> bool:
        """Whether this row says what the element was on the local day."""
        return within(self.valid_from, day, self.valid_to)


@dataclass(frozen=True)
class Registry:
    """All of it. `elements` maps an id to its rows in order of `valid_from`; stations and links share one name space."""

    enterprises: Mapping[str, Enterprise] = field(default_factory=dict)
    units: Mapping[str, tuple[Unit, ...]] = field(default_factory=dict)
    elements: Mapping[str, tuple[Element, ...]] = field(default_factory=dict)
    declared_levels: tuple["DeclaredLevel", ...] = ()
    agency: tuple["Agency", ...] = ()
    successions: tuple["Succession", ...] = ()
    digest: str = ""

    def on(self, element: str, day: date) -> Element | None:
        """The row in force for the element on the local day, None where there is none."""
        return next((row for row in self.elements.get(element, ()) if row.in_force_on(day)), None)

    def unit_on(self, code: str, day: date) -> "Unit | None":
        """The unit that bore the code on the local day, None where there was none."""
        return next((row for row in self.units.get(code, ()) if row.in_force_on(day)), None)

    def upwards(self, unit: str) -> Iterator[str]:
        """The unit's code and those above it, by any of their rows."""
        seen: set[str] = set()
        codes = [unit]
        while codes:
            code = codes.pop()
            if code not in seen and code in self.units:
                seen.add(code)
                yield code
                codes += [row.parent for row in self.units[code] if row.parent is not None]

    @cached_property
    def areas(self) -> Mapping[str, frozenset[str]]:
        """Each enterprise's units: those of its stations and of its links' ends, by any row, with all above; and the province.

        Vietnamese: địa bàn hoạt động.
        """
        whole = {code for code, rows in self.units.items() if any(row.kind in WHOLE for row in rows)}
        found = {name: set(whole) for name in self.enterprises}
        for row in (row for rows in self.elements.values() for row in rows):
            ends = (end for name in (row.a_end, row.b_end) if name for end in self.elements.get(name, ()))
            for unit in {row.unit, *(end.unit for end in ends)} - {None}:
                found.setdefault(row.enterprise, set(whole)).update(self.upwards(str(unit)))
        return {name: frozenset(units) for name, units in found.items()}

    def agency_on(self, day: date) -> "Agency | None":
        """The regulator under its name on the local day, None where that is not known."""
        return next((row for row in self.agency if row.in_force_on(day)), None)


@dataclass(frozen=True, slots=True)
class DeclaredLevel:
    """An enterprise's own declared quality level. Vietnamese: mức chất lượng công bố."""

    enterprise: str
    service: str
    indicator: str
    level: float
    valid_from: date | None = None
    valid_to: date | None = None

    def in_force_on(self, day: date) -> bool:
        """Whether it was declared for the local day."""
        return within(self.valid_from, day, self.valid_to)


@dataclass(frozen=True, slots=True)
class Agency:
    """The regulator's name while it bore it. Vietnamese: Sở Khoa học và Công nghệ, trước đó Sở Thông tin và Truyền thông."""

    name: str
    name_en: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    confidence: Confidence = Confidence.HIGH
    note: str = ""

    def in_force_on(self, day: date) -> bool:
        """Whether it bore this name on the local day."""
        return within(self.valid_from, day, self.valid_to)


@dataclass(frozen=True, slots=True)
class Succession:
    """A unit came out of a former one; `share` is the part of the new unit's area that was the old one's."""

    old: str
    new: str
    share: float | None = None
