"""Stations of the demonstration: in real communes by area, with what a registry says about a base station."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from typing import Final

from btswatch.demo.shares import Share
from schemas.registry import Element, Kind, Registry, Unit
from schemas.status import NoResponse, Policy
from schemas.time import LocalCalendar

# People live and call in the wards: so many times denser than the land around.
_WARD_DENSITY: Final = 8.0
_KM_PER_DEGREE: Final = 111.32
# History is 5-minute evidence: a shorter validity would leave holes between two of its polls.
MEASURED_VALID_FOR_S: Final = 600
# A certificate of class A holds five years from its issue (08/2020/TT-BTTTT).
_CERTIFICATE_DAYS: Final = 5 * 365 + 1
_TECHNOLOGIES: Final[Mapping[tuple[str, ...], int]] = {
    ("3G", "4G"): 30,
    ("4G",): 18,
    ("2G", "3G", "4G"): 22,
    ("3G", "4G", "5G"): 12,
    ("4G", "5G"): 10,
    ("2G", "4G"): 8,
}
_POLICIES: Final[Mapping[Policy, int]] = {
    Policy.MEASURED_FIRST: 80,
    Policy.WORST: 9,
    Policy.DECLARED_FIRST: 6,
    Policy.MEASURED_ONLY: 5,
}


@dataclass(frozen=True, slots=True)
class Siting:
    """What stations are made from: the communes with their centroids, the calendar and the demonstration's first day."""

    communes: Sequence[Unit]
    calendar: LocalCalendar
    today: date


def communes_of(registry: Registry, day: date) -> list[Unit]:
    """Today's communes and wards that have a place."""
    rows = (registry.unit_on(code, day) for code in sorted(registry.units))
    return [
        unit
        for unit in rows
        if unit is not None and unit.kind in ("commune", "ward") and unit.lat is not None and unit.area_km2
    ]


def station(number: int, share: Share, siting: Siting, chance: Random) -> Element:
    """One station; its links and agent come later."""
    weights = [_weight(unit) for unit in siting.communes]
    unit = chance.choices(siting.communes, weights)[0]
    lat, lon = _near(unit, chance)
    technologies = chance.choices(tuple(_TECHNOLOGIES), tuple(_TECHNOLOGIES.values()))[0]
    cells = 3 * len(technologies)
    age = timedelta(days=chance.randrange(400, 4000))
    inspection_class = "A" if chance.random() < 0.62 else "B"
    issued = _issued(siting.today, chance) if inspection_class == "A" else None
    return Element(
        id=f"LSN-{share.code}-{number:04d}",
        kind=Kind.STATION,
        enterprise=share.id,
        name=f"Trạm {unit.name} {number}",
        unit=unit.code,
        lat=lat,
        lon=lon,
        technologies=technologies,
        cells=cells,
        subscribers=int(chance.lognormvariate(6.3, 0.7) * (2.2 if unit.kind == "ward" else 1)),
        commissioned=siting.calendar.start_of(siting.today - age),
        policy=chance.choices(tuple(_POLICIES), tuple(_POLICIES.values()))[0],
        no_response=NoResponse.UNKNOWN if chance.random() < 0.06 else NoResponse.DOWN,
        measured_valid_for_s=MEASURED_VALID_FOR_S,
        inspection_class=inspection_class,
        certificate_no=f"KĐ-{issued.year}-{number:05d}" if issued else None,
        certificate_issued=issued,
    )


def dated(rows: Sequence[Element], siting: Siting, chance: Random) -> list[Element]:
    """The stations with what changed in the last weeks: 2G switched off, stations opened and given up."""
    changed: list[Element] = []
    for row in rows:
        fate = chance.random()
        day = siting.today - timedelta(days=chance.randrange(5, 25))
        if "2G" in row.technologies and fate < 0.3:
            without = tuple(each for each in row.technologies if each != "2G")
            cells = 3 * len(without)
            changed += [
                replace(row, valid_to=day),
                replace(row, technologies=without, cells=cells, valid_from=day),
            ]
        elif fate > 0.99:
            changed.append(replace(row, decommissioned=siting.calendar.start_of(day)))
        elif fate > 0.98:
            changed.append(replace(row, commissioned=siting.calendar.start_of(day) + 9 * 3_600_000))
        else:
            changed.append(row)
    return changed


def distance_km(a: Element, b: Element) -> float:
    """On a plane that is good enough for a province."""
    if a.lat is None or a.lon is None or b.lat is None or b.lon is None:
        raise ValueError(f"{a.id} or {b.id} has no place")
    north = (a.lat - b.lat) * _KM_PER_DEGREE
    east = (a.lon - b.lon) * _KM_PER_DEGREE * math.cos(math.radians(a.lat))
    return math.hypot(north, east)


def _weight(unit: Unit) -> float:
    return (unit.area_km2 or 0) * (_WARD_DENSITY if unit.kind == "ward" else 1)


def _near(unit: Unit, chance: Random) -> tuple[float, float]:
    """A point in a disc around the centroid that is smaller than the commune, so that it lies inside most of them."""
    radius = 0.6 * math.sqrt((unit.area_km2 or 1) / math.pi) * math.sqrt(chance.random())
    angle = chance.uniform(0, 2 * math.pi)
    lat, lon = unit.lat or 0.0, unit.lon or 0.0
    north, east = radius * math.sin(angle), radius * math.cos(angle)
    return round(lat + north / _KM_PER_DEGREE, 5), round(
        lon + east / (_KM_PER_DEGREE * math.cos(math.radians(lat))), 5
    )


def _issued(today: date, chance: Random) -> date:
    """Most in the middle of their five years, some within weeks of the end, a few beyond it."""
    kind = chance.random()
    if kind < 0.08:
        age = _CERTIFICATE_DAYS - chance.randrange(1, 60)
    elif kind < 0.11:
        age = _CERTIFICATE_DAYS + chance.randrange(1, 120)
    else:
        age = chance.randrange(30, _CERTIFICATE_DAYS - 60)
    return today - timedelta(days=age)
