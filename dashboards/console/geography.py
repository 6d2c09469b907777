"""The map: stations by latitude and longitude, links as lines between their ends, communes as names. No tiles.

The chart's drawing is console.js's; here are only its data, so that a change of state sends one short line.
"""

import math
from collections.abc import Iterable
from typing import Any

from dashboards.console.live import Snapshot
from schemas.registry import Kind

Point = dict[str, Any]


def scene(snapshot: Snapshot) -> dict[str, Any]:
    """All that the map draws: places, stations, links, and the ratio of a degree of longitude to one of latitude."""
    stations = {
        id_: one
        for id_, one in snapshot.elements.items()
        if one.element.kind is Kind.STATION and one.element.lat
    }
    latitudes = [one.element.lat for one in stations.values() if one.element.lat is not None]
    middle = sum(latitudes) / len(latitudes) if latitudes else 0.0
    return {
        "places": [[place.lon, place.lat, place.name] for place in snapshot.places],
        "stations": [
            {
                "id": id_,
                "n": one.element.name or id_,
                "e": one.enterprise_name,
                "xy": [one.element.lon, one.element.lat],
                "s": int(one.state),
                "at": one.since_ms,
            }
            for id_, one in stations.items()
        ],
        "links": [
            {"id": id_, "s": int(one.state), "xy": [_xy(stations[a].element), _xy(stations[b].element)]}
            for id_, one in snapshot.elements.items()
            if one.element.kind is Kind.LINK
            and (a := one.element.a_end) in stations
            and (b := one.element.b_end) in stations
        ],
        "shrink": round(math.cos(math.radians(middle)), 4),
    }


def moved(snapshot: Snapshot, ids: Iterable[str]) -> list[list[Any]]:
    """What the map must know of changed elements: id, state, since."""
    found = (snapshot.elements.get(id_) for id_ in ids)
    return [[one.element.id, int(one.state), one.since_ms] for one in found if one is not None]


def _xy(element: Any) -> list[float]:
    return [element.lon, element.lat]
