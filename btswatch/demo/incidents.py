"""What goes wrong in the demonstration's province: made by seed and time alone, so that it can be told again at any time."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final

from schemas.status import Cause

MINUTE: Final = 60_000
HOUR: Final = 60 * MINUTE
# Time is told in such pieces, each from its own seed.
CHUNK_MS: Final = 6 * HOUR
LONGEST_MS: Final = 18 * HOUR
_LOOK_BACK: Final = LONGEST_MS // CHUNK_MS


class Trouble(StrEnum):
    """Kinds of incidents."""

    FAULT = "fault"
    PART = "part"
    POWER = "power"
    LINK = "link"
    FLAPPING = "flapping"


@dataclass(frozen=True, slots=True)
class Incident:
    """Something is wrong with an element during `[start, end)`, in milliseconds.

    `silent`: its agent doesn't answer. `degraded`: a part of it still serves. `on_battery`: it still serves, mains is lost.
    """

    element: str
    start: int
    end: int
    cause: Cause
    silent: bool = False
    degraded: bool = False
    on_battery: bool = False


@dataclass(frozen=True, slots=True)
class Rates:
    """How often it happens.

    Attributes:
        monthly: incidents of an element in 30 days, day in, day out.
        lively_from: from this instant (ms) on there is more to see than in life.
        lively_every_s: mean time between incidents in the whole province from then on.
    """

    monthly: float
    lively_from: int
    lively_every_s: float


class Incidents:
    """The province's incidents.

    Args:
        seed: of everything.
        stations: ids of what may fail by itself.
        links: the same.
        rates: how often.
    """

    def __init__(self, seed: int, stations: Sequence[str], links: Sequence[str], rates: Rates) -> None:
        self._seed = seed
        self._stations = tuple(stations)
        self._links = tuple(links)
        self._rates = rates

    def between(self, from_ms: int, to_ms: int) -> list[Incident]:
        """All incidents that touch the interval, by start."""
        first, last = from_ms // CHUNK_MS - _LOOK_BACK, (to_ms - 1) // CHUNK_MS
        found = (one for chunk in range(first, last + 1) for one in self._chunk(chunk))
        return sorted(
            (one for one in found if one.start < to_ms and one.end > from_ms),
            key=lambda one: (one.start, one.element, one.end),
        )

    def _chunk(self, chunk: int) -> Iterator[Incident]:
        start = chunk * CHUNK_MS
        everyday = Random(f"everyday {self._seed} {chunk}")
        mean = self._rates.monthly * (len(self._stations) + len(self._links)) * CHUNK_MS / (30 * 24 * HOUR)
        for at in _poisson(start, CHUNK_MS / mean if mean else 0, everyday):
            yield from self._incident(at, everyday, lively=False)
        if start + CHUNK_MS > self._rates.lively_from:
            lively = Random(f"lively {self._seed} {chunk}")
            for at in _poisson(start, self._rates.lively_every_s * 1000, lively):
                for one in self._incident(at, lively, lively=True):
                    if one.start >= self._rates.lively_from:
                        yield one

    def _incident(self, at: int, chance: Random, *, lively: bool) -> Iterator[Incident]:
        weights = _LIVELY if lively else _EVERYDAY
        trouble = chance.choices(tuple(weights), tuple(weights.values()))[0]
        station, length = chance.choice(self._stations), _duration(chance, lively=lively)
        if trouble is Trouble.LINK and self._links:
            link = chance.choice(self._links)
            # What ends at a link goes with it: a link is out for less long than a station.
            yield Incident(link, at, at + max(MINUTE, length // 2), Cause.TRANSPORT)
        elif trouble is Trouble.POWER:
            battery = min(LONGEST_MS // 3, int(chance.uniform(0.5, 3) * (MINUTE if lively else HOUR)))
            yield Incident(station, at, at + battery, Cause.POWER, on_battery=True)
            if chance.random() < 0.6:
                # The battery is empty before mains is back: site and agent are dark.
                yield Incident(station, at + battery, at + battery + length, Cause.POWER, silent=True)
        elif trouble is Trouble.FLAPPING:
            for _ in range(chance.randrange(3, 7)):
                down = int(chance.uniform(20, 70) * 1000)
                yield Incident(station, at, at + down, Cause.FAULT)
                at += down + int(chance.uniform(20, 90) * 1000)
        elif trouble is Trouble.PART:
            yield Incident(station, at, at + 2 * length, Cause.FAULT, degraded=True)
        else:
            yield Incident(station, at, at + length, Cause.FAULT, silent=chance.random() < 0.25)


_EVERYDAY: Final = {
    Trouble.FAULT: 40,
    Trouble.PART: 20,
    Trouble.POWER: 28,
    Trouble.LINK: 7,
    Trouble.FLAPPING: 5,
}
_LIVELY: Final = {
    Trouble.FAULT: 52,
    Trouble.PART: 16,
    Trouble.POWER: 14,
    Trouble.LINK: 8,
    Trouble.FLAPPING: 10,
}


def _poisson(start: int, mean_ms: float, chance: Random) -> Iterator[int]:
    """Moments in the chunk that begins at `start`, so far apart on average; none where `mean_ms` is 0."""
    at = float(start)
    while mean_ms and (at := at + chance.expovariate(1 / mean_ms)) < start + CHUNK_MS:
        yield int(at)


def _duration(chance: Random, *, lively: bool) -> int:
    """Most are short, some very long: log-normal with a tail of Pareto's (milliseconds)."""
    if chance.random() < (0.02 if lively else 0.08):
        length = 45 * MINUTE * chance.paretovariate(1.1)
    else:
        length = (2.5 if lively else 14) * MINUTE * math.exp(chance.gauss(0, 0.6 if lively else 0.9))
    return int(min(max(length, 40_000), LONGEST_MS // 3))
