"""How the demonstration's province is divided: who has how much of it, and how each enterprise reports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from schemas.status import Feed


@dataclass(frozen=True, slots=True)
class Share:
    """One enterprise's part. The shares are made up; only the names are those of the shipped registry.

    Attributes:
        id: in the shipped registry.
        code: in the ids of its elements.
        stations: its share of the stations.
        links: its share of the links.
        feed: how it reports.
        heartbeat_s: see `schemas.registry.Enterprise`.
        v3: part of its agents that speak SNMPv3.
    """

    id: str
    code: str
    stations: float
    links: float
    feed: Feed
    heartbeat_s: int
    v3: float


SHARES: Final[Sequence[Share]] = (
    Share("viettel", "VTL", 0.38, 0.36, Feed.TRANSITION, 30, 0.25),
    Share("vnpt", "VNP", 0.27, 0.26, Feed.PERIODIC, 120, 0.5),
    Share("mobifone", "MBF", 0.19, 0.18, Feed.TRANSITION, 60, 0.0),
    Share("vietnamobile", "VNM", 0.10, 0.08, Feed.PERIODIC, 60, 0.0),
    Share("gtel", "GTL", 0.06, 0.04, Feed.PERIODIC, 120, 0.0),
    # It has no radio network: others rent its fibre.
    Share("fpt", "FPT", 0.0, 0.08, Feed.TRANSITION, 60, 1.0),
)
# An enterprise without links of its own hangs on those of another.
CARRIER: Final = "fpt"


def divide(total: int, shares: Mapping[str, float]) -> dict[str, int]:
    """Whole parts of `total` by largest remainder; who has a share gets one at least, while there is enough."""
    counts = {name: int(total * share) for name, share in shares.items()}
    rest = sorted(shares, key=lambda name: (counts[name] - total * shares[name], name))
    for name in rest[: total - sum(counts.values())]:
        counts[name] += 1
    for name in sorted(shares, key=lambda name: (shares[name], name)):
        richest = max(counts, key=lambda other: (counts[other], other))
        if shares[name] > 0 and counts[name] == 0 and counts[richest] > 1:
            counts[name], counts[richest] = 1, counts[richest] - 1
    return counts
