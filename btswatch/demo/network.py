"""Links of the demonstration: each enterprise's tree of fibre and microwave from the provincial core outwards."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Final

from btswatch.demo.shares import CARRIER, Share
from btswatch.demo.stations import MEASURED_VALID_FOR_S, Siting, distance_km
from schemas.registry import Element, Kind
from schemas.status import Policy

# Where the province's networks meet the country's: the wards of the provincial town.
_CORE: Final = Element("core", Kind.STATION, "", lat=21.853, lon=106.761)
_FIBRE_KM: Final = 14.0
# A hop further out is worth it when the detour is not too long: trees, not stars.
_HOP_KM: Final = 6.0


def links_of(
    share: Share, count: int, hubs: Sequence[Element], siting: Siting, chance: Random
) -> list[Element]:
    """A tree of `count` links: each ends at a hub of its own, and depends on the link that feeds its other end."""
    chosen = chance.sample(hubs, min(count, len(hubs)))
    ordered = sorted(chosen, key=lambda hub: (distance_km(hub, _CORE), hub.id))
    links: list[Element] = []
    hops: dict[str, int] = {}
    for number, hub in enumerate(ordered, start=1):
        near = min(
            (link for link in links if hops[link.id] < 4),
            key=lambda link: _cost(hub, ordered[links.index(link)], hops[link.id]),
            default=None,
        )
        feeder = ordered[links.index(near)] if near is not None else None
        direct = distance_km(hub, _CORE)
        if near is not None and feeder is not None and _cost(hub, feeder, hops[near.id]) >= direct:
            near = feeder = None
        length = distance_km(hub, feeder or _CORE)
        fibre = share.id == CARRIER or length < _FIBRE_KM * chance.uniform(0.6, 1.4)
        link = Element(
            id=f"LSN-{share.code}-L{number:03d}",
            kind=Kind.LINK,
            enterprise=share.id,
            name=f"{'Cáp quang' if fibre else 'Vi ba'} {_place(feeder)} – {_place(hub)}",
            a_end=feeder.id if feeder else None,
            b_end=hub.id,
            medium="fibre" if fibre else "microwave",
            capacity_mbps=10_000 if fibre else chance.choice((400, 800, 1000)),
            commissioned=siting.calendar.start_of(siting.today - timedelta(days=chance.randrange(400, 4000))),
            policy=Policy.WORST if chance.random() < 0.1 else Policy.MEASURED_FIRST,
            measured_valid_for_s=MEASURED_VALID_FOR_S,
            depends_on=(near.id,) if near is not None else (),
        )
        hops[link.id] = 1 + (hops[near.id] if near is not None else 0)
        links.append(link)
    return links


def fed(stations: Sequence[Element], links: Sequence[Element]) -> list[Element]:
    """The stations, each depending on the link that ends at it, or else on the one that ends nearest."""
    by_id = {row.id: row for row in stations}
    ends = [(by_id[link.b_end], link) for link in links if link.b_end in by_id]
    found = []
    for row in stations:
        own = [link for end, link in ends if end.id == row.id]
        near = own or [min(ends, key=lambda pair: (distance_km(row, pair[0]), pair[1].id))[1]] if ends else []
        found.append(replace(row, depends_on=tuple(link.id for link in near[:1])))
    return found


def _cost(hub: Element, feeder: Element, hops: int) -> float:
    return distance_km(hub, feeder) + 0.75 * distance_km(feeder, _CORE) + _HOP_KM * hops / 4


def _place(station: Element | None) -> str:
    return "Lạng Sơn" if station is None else station.name.removeprefix("Trạm ")
