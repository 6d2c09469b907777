"""Coordinates that can't be right."""

from collections.abc import Iterator
from typing import Final

from schemas.registry_rows import StationRow, UnitRow
from stores.registry.parsing import Located
from stores.registry.problems import Problem
from stores.registry.tables import Tables

# Viet Nam's mainland and near islands: whole degrees around, so that no border station falls out.
SOUTH: Final = 8.0
NORTH: Final = 24.0
WEST: Final = 102.0
EAST: Final = 110.0


def places(tables: Tables) -> Iterator[Problem]:
    """Half a position, a position outside Viet Nam, latitude and longitude swapped."""
    rows: list[Located[StationRow] | Located[UnitRow]] = [*tables.stations, *tables.units]
    for row in rows:
        lat, lon = row.value.lat, row.value.lon
        if (lat is None and lon is None) or row.bad & {"lat", "lon"}:
            continue
        if lat is None or lon is None:
            yield row.problem(
                "lat" if lat is None else "lon", "lat and lon belong together: give both or none"
            )
        elif not _inside(lat, lon):
            if _inside(lon, lat):
                yield row.problem("lat", f"{lat}, {lon} lies outside Viet Nam: lat and lon are swapped")
            else:
                area = f"{SOUTH:g} to {NORTH:g} N, {WEST:g} to {EAST:g} E"
                field = "lat" if not SOUTH <= lat <= NORTH else "lon"
                yield row.problem(field, f"{lat}, {lon} lies outside Viet Nam ({area})")


def _inside(lat: float, lon: float) -> bool:
    return SOUTH <= lat <= NORTH and WEST <= lon <= EAST
