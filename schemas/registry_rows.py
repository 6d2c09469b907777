"""The registry as people keep it: one row model for each CSV file, column for column.

Cells are text. An empty cell means "not known" and is left out before validation, so a model's default is what the
product assumes. `stores.registry` reads, checks and writes the files; `schemas.registry` has the values made of them.
"""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from schemas.base import Contract
from schemas.events.envelope import Instant
from schemas.registry import (
    DEFAULT_DECLARED_VALID_FOR_S,
    DEFAULT_HEARTBEAT_S,
    DEFAULT_MEASURED_VALID_FOR_S,
    Confidence,
)
from schemas.status import Feed, NoResponse, Policy
from schemas.time import parse_rfc3339


class UnitKind(StrEnum):
    """Vietnamese: tỉnh, thành phố trực thuộc trung ương, huyện, thành phố, thị xã, thị trấn, xã, phường, đặc khu."""

    PROVINCE = "province"
    MUNICIPALITY = "municipality"
    DISTRICT = "district"
    CITY = "city"
    TOWN = "town"
    TOWNSHIP = "township"
    COMMUNE = "commune"
    WARD = "ward"
    SPECIAL_ZONE = "special_zone"


class Technology(StrEnum):
    """Generations of radio access. Vietnamese: công nghệ."""

    G2 = "2G"
    G3 = "3G"
    G4 = "4G"
    G5 = "5G"


def _split(cell: object) -> object:
    return [part.strip() for part in cell.split(";")] if isinstance(cell, str) else cell


def _no_repetition(parts: tuple[Any, ...]) -> tuple[Any, ...]:
    twice = sorted({str(part) for part in parts if parts.count(part) > 1})
    if twice:
        raise PydanticCustomError("repeated", "listed twice: {what}", {"what": ", ".join(twice)})
    return parts


def _yes_or_no(cell: object) -> object:
    known: dict[object, bool] = {"yes": True, "no": False}
    if isinstance(cell, bool):
        return cell
    if cell not in known:
        raise PydanticCustomError("yes_or_no", "Input should be yes or no")
    return known[cell]


def _plain_text(cell: str) -> str:
    # A spreadsheet would run such a cell as a formula; refusing it here keeps every export harmless and exact.
    if cell[:1] in {"=", "+", "@", "\t", "\r"} or (cell[:1] == "-" and len(cell) > 1):
        raise PydanticCustomError("formula", "text must not begin with = + - @: a spreadsheet would run it")
    return cell


def _iso_date(cell: object) -> object:
    if not isinstance(cell, str):
        return cell
    try:
        # Python would take 20261102 and 2026-W45-1 too.
        return date.fromisoformat(cell if cell[4:5] == cell[7:8] == "-" else "")
    except ValueError:
        raise PydanticCustomError("iso_date", "Input should be a date such as 2026-11-02") from None


def _date_or_instant(cell: object) -> object:
    """A plain date stays one (the start of that local day, once the zone is known); the rest is RFC 3339."""
    if not isinstance(cell, str):
        return cell
    if len(cell) <= len("2026-11-02"):
        return _iso_date(cell)
    try:
        return parse_rfc3339(cell)
    except ValueError:
        raise PydanticCustomError(
            "date_or_instant",
            "Input should be a date, or RFC 3339 with an offset such as 2026-11-02T08:00:00+07:00",
        ) from None


def _number(cell: object) -> object:
    # pydantic would also take "1_000" and " 7"; a registry that another program reads must not rely on that.
    if isinstance(cell, str) and not re.fullmatch(r"-?\d+(\.\d+)?([eE]-?\d+)?", cell, re.ASCII):
        raise PydanticCustomError("plain_number", "Input should be a number written with digits and a point")
    return cell


Id = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^\w[^\s;,\x00-\x1f]*$")]
# An enterprise's id is the first part of its events' `source`, which ends at a slash.
EnterpriseId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^\w[^\s;,/\x00-\x1f]*$")]
Free = Annotated[str, Field(max_length=300, pattern=r"^[^\x00-\x1f]*$"), AfterValidator(_plain_text)]
Address = Annotated[str, Field(max_length=255, pattern=r"^[\w\[][^\s;,\x00-\x1f]*$")]
Digits = Annotated[str, Field(pattern=r"^[0-9]{2,6}$")]
Day = Annotated[date, BeforeValidator(_iso_date)]
# From left to right: a datetime is a date too, for Python.
DayOrInstant = Annotated[Instant | date, Field(union_mode="left_to_right"), BeforeValidator(_date_or_instant)]
YesNo = Annotated[bool, BeforeValidator(_yes_or_no)]
Ids = Annotated[tuple[Id, ...], BeforeValidator(_split), AfterValidator(_no_repetition)]
Technologies = Annotated[tuple[Technology, ...], BeforeValidator(_split), AfterValidator(_no_repetition)]
# Latitudes too: swapped ones must come as far as the check that calls them swapped.
Degrees = Annotated[float, BeforeValidator(_number), Field(ge=-180, le=180)]
Amount = Annotated[float, BeforeValidator(_number), Field(ge=0, le=1e9)]
Whole = Annotated[int, BeforeValidator(_number), Field(ge=0, le=10**9)]
WholeSeconds = Annotated[int, BeforeValidator(_number), Field(ge=1, le=366 * 86_400)]


class EnterpriseRow(Contract):
    """enterprises.csv: a telecom enterprise. Vietnamese: doanh nghiệp viễn thông."""

    id: EnterpriseId = Field(description="the first part of its events' `source`")
    name: Free
    brand: Free = ""
    mnc: Digits | None = Field(
        default=None, description="mobile network code, with or without the 452 before it"
    )
    email: Free = ""
    feed: Feed = Field(
        default=Feed.PERIODIC, description="repeats its states, or changes only with heartbeats"
    )
    heartbeat_s: WholeSeconds = Field(
        default=DEFAULT_HEARTBEAT_S, description="a transition feed is alive for 3 of these"
    )


class UnitRow(Contract):
    """units.csv: a commune, ward, former district or province, by its official code. Vietnamese: đơn vị hành chính."""

    code: Id = Field(description="text: leading zeros count")
    name: Free
    ascii: Free = ""
    kind: UnitKind
    parent: Id | None = Field(default=None, description="code of the unit above")
    lat: Degrees | None = None
    lon: Degrees | None = None
    area_km2: Amount | None = None
    touches_border: YesNo | None = Field(default=None, description="yes or no")
    valid_from: Day | None = Field(default=None, description="first local day")
    valid_to: Day | None = Field(default=None, description="first local day it no longer holds")


class _ElementRow(Contract):
    id: Id
    enterprise: EnterpriseId
    name: Free = ""


class StationRow(_ElementRow):
    """stations.csv: a base station. Vietnamese: trạm BTS (trạm thu phát sóng thông tin di động)."""

    unit: Id | None = Field(default=None, description="code in units.csv")
    lat: Degrees | None = None
    lon: Degrees | None = None
    technologies: Technologies = Field(default=(), description="a list")
    cells: Whole | None = None
    subscribers: Whole | None = None
    commissioned: DayOrInstant | None = Field(
        default=None, description="service begins; a date: start of that day"
    )
    decommissioned: DayOrInstant | None = Field(default=None, description="service has ended")
    policy: Policy = Policy.MEASURED_FIRST
    no_response: NoResponse = Field(default=NoResponse.DOWN, description="what confirmed silence means")
    measured_valid_for_s: WholeSeconds = DEFAULT_MEASURED_VALID_FOR_S
    declared_valid_for_s: WholeSeconds = DEFAULT_DECLARED_VALID_FOR_S
    depends_on: Ids = Field(default=(), description="stations and links that feed it (a list)")
    agent: Address | None = Field(default=None, description="SNMP agent: host or host:port")
    profile: Id | None = Field(default=None, description="poll profile; empty: by sysObjectID")
    credential: Id | None = Field(default=None, description="name in credentials.toml")
    inspection_class: Id | None = None
    certificate_no: Free | None = None
    certificate_issued: Day | None = None
    valid_from: Day | None = Field(default=None, description="first local day this row holds")
    valid_to: Day | None = Field(default=None, description="first local day it no longer holds")


class LinkRow(_ElementRow):
    """links.csv: a transmission link. Vietnamese: tuyến truyền dẫn."""

    a_end: Id | None = Field(default=None, description="station; empty: outside the registry")
    b_end: Id | None = Field(default=None, description="station; empty: outside the registry")
    medium: Id | None = Field(default=None, description="such as fibre or microwave")
    capacity_mbps: Amount | None = None
    commissioned: DayOrInstant | None = Field(
        default=None, description="service begins; a date: start of that day"
    )
    decommissioned: DayOrInstant | None = Field(default=None, description="service has ended")
    policy: Policy = Policy.MEASURED_FIRST
    no_response: NoResponse = Field(default=NoResponse.DOWN, description="what confirmed silence means")
    measured_valid_for_s: WholeSeconds = DEFAULT_MEASURED_VALID_FOR_S
    declared_valid_for_s: WholeSeconds = DEFAULT_DECLARED_VALID_FOR_S
    depends_on: Ids = Field(default=(), description="stations and links that feed it (a list)")
    agent: Address | None = Field(default=None, description="SNMP agent: host or host:port")
    if_name: Free | None = Field(default=None, description="ifName of the port at the agent")
    profile: Id | None = Field(default=None, description="poll profile; empty: by sysObjectID")
    credential: Id | None = Field(default=None, description="name in credentials.toml")
    valid_from: Day | None = Field(default=None, description="first local day this row holds")
    valid_to: Day | None = Field(default=None, description="first local day it no longer holds")


class DeclaredLevelRow(Contract):
    """declared_levels.csv: a quality level the enterprise declared. Vietnamese: mức chất lượng công bố."""

    enterprise: EnterpriseId
    service: Id
    indicator: Id
    level: Annotated[float, BeforeValidator(_number), Field(ge=-1e12, le=1e12)]
    valid_from: Day | None = None
    valid_to: Day | None = None


class AgencyRow(Contract):
    """agency.csv (optional): the regulator's name over time. Vietnamese: cơ quan quản lý."""

    name: Free
    name_en: Free = ""
    valid_from: Day | None = None
    valid_to: Day | None = None
    confidence: Confidence = Confidence.HIGH
    note: Free = ""


class SuccessionRow(Contract):
    """succession.csv (optional): which units came out of which. Vietnamese: sắp xếp đơn vị hành chính."""

    old: Id = Field(description="code of the former unit")
    new: Id = Field(description="code of its successor")
    share: Annotated[float, BeforeValidator(_number), Field(gt=0, le=1)] | None = Field(
        default=None, description="part of the new unit's area that was the old one's; empty: not known"
    )


Row = EnterpriseRow | UnitRow | StationRow | LinkRow | DeclaredLevelRow | AgencyRow | SuccessionRow


@dataclass(frozen=True, slots=True)
class RegistryFile:
    """One file of the registry; `required` files must be there, if only with their header."""

    stem: str
    model: type[Contract]
    required: bool = False

    @property
    def name(self) -> str:
        """The CSV file's name."""
        return f"{self.stem}.csv"

    @property
    def columns(self) -> tuple[str, ...]:
        """In the order of the template and the export."""
        return tuple(self.model.model_fields)

    @property
    def required_columns(self) -> tuple[str, ...]:
        """Columns whose cells must not be empty."""
        return tuple(name for name, field in self.model.model_fields.items() if field.is_required())


ENTERPRISES: Final = RegistryFile("enterprises", EnterpriseRow, required=True)
UNITS: Final = RegistryFile("units", UnitRow, required=True)
STATIONS: Final = RegistryFile("stations", StationRow)
LINKS: Final = RegistryFile("links", LinkRow)
DECLARED_LEVELS: Final = RegistryFile("declared_levels", DeclaredLevelRow)
AGENCY: Final = RegistryFile("agency", AgencyRow)
SUCCESSION: Final = RegistryFile("succession", SuccessionRow)
FILES: Final = (ENTERPRISES, UNITS, STATIONS, LINKS, DECLARED_LEVELS, AGENCY, SUCCESSION)
BY_STEM: Final = {file.stem: file for file in FILES}
