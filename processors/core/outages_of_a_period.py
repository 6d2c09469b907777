"""What averages hide: who was down longest, how many for how long, and where nobody served. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from schemas.figures import Figure
from schemas.status import Reading

HOURS: Final = (1, 4, 24)
Interval = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Concentration:
    """How down time is spread over elements. `over` counts elements whose longest outage is at least so many hours.

    `worst_share` is the part of all down time that the worst tenth of the elements has; None without down time.
    """

    elements: int
    down_s: int
    over: Mapping[int, int]
    worst_share: float | None


def concentration(figures: Iterable[Figure]) -> Concentration:
    """Of the elements' figures of a period. One without counted time was out of service, and is none of them."""
    known = [one for one in figures if one.total]
    down = sorted((one.down for one in known), reverse=True)
    total = sum(down)
    tenth = -(-len(down) // 10)
    return Concentration(
        elements=len(known),
        down_s=total,
        over={hours: sum((one.longest_s or 0) >= hours * 3600 for one in known) for hours in HOURS},
        worst_share=round(sum(down[:tenth]) / total, 9) if total else None,
    )


def down_runs(runs: Iterable[Sequence[int]]) -> list[Interval]:
    """The outages `[from_ms, to_ms)` among a day's runs, adjacent ones joined."""
    found: list[Interval] = []
    for start, end, reading in runs:
        if reading != Reading.DOWN:
            continue
        if found and found[-1][1] == start:
            found[-1] = found[-1][0], end
        else:
            found.append((start, end))
    return found


def all_down(outages: Sequence[Sequence[Interval]]) -> Iterator[Interval]:
    """When every one of some elements was down: the intersection of their outages. Nothing for no elements."""
    if not outages:
        return
    edges = sorted(
        (at, change) for one in outages for start, end in one for at, change in ((start, 1), (end, -1))
    )
    down, since = 0, None
    for at, change in edges:
        down += change
        if down == len(outages):
            since = at
        elif since is not None:
            if at > since:
                yield since, at
            since = None
