"""Where a campaign's samples may lie: the registry knows centres and sizes of units, not their borders.

So this refuses only what lies outside for sure: a sample of another province, a unit's samples that were taken elsewhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from math import cos, radians, sqrt
from typing import Final

from schemas.registry import Registry, Unit

_KM_A_DEGREE: Final = 111.2
# A square of the unit's area reaches half its root from the centre; three times that holds what is long, or lies aside.
_REACH: Final = 1.5
# A border road, and centres that are rounded.
_BESIDE_KM: Final = 5.0


@dataclass(frozen=True, slots=True)
class Area:
    """A box of degrees around a unit."""

    name: str
    south: float
    north: float
    west: float
    east: float

    def holds(self, lat: float, lon: float) -> bool:
        """Whether the place may lie in the unit."""
        return self.south <= lat <= self.north and self.west <= lon <= self.east


def area_of(registry: Registry, code: str, day: date) -> Area | None:
    """The box around the communes of the unit, or around itself; None where the registry does not say where they lie."""
    whole = registry.unit_on(code, day)
    if whole is None:
        return None
    below = [
        unit
        for other in registry.units
        if other != code and code in registry.upwards(other)
        for unit in [registry.unit_on(other, day)]
        if unit is not None
    ]
    # A commune whose place is not known could lie anywhere around.
    boxes = list(_boxes(below)) if below and all(map(_placed, below)) else list(_boxes([whole]))
    if not boxes:
        return None
    south, north, west, east = zip(*boxes, strict=True)
    return Area(whole.name, min(south), max(north), min(west), max(east))


def _placed(unit: Unit) -> bool:
    return None not in (unit.lat, unit.lon, unit.area_km2)


def _boxes(units: list[Unit]) -> Iterator[tuple[float, float, float, float]]:
    for unit in units:
        if unit.lat is None or unit.lon is None or unit.area_km2 is None:
            continue
        high = (_REACH * sqrt(unit.area_km2) + _BESIDE_KM) / _KM_A_DEGREE
        wide = high / cos(radians(unit.lat))
        yield unit.lat - high, unit.lat + high, unit.lon - wide, unit.lon + wide
