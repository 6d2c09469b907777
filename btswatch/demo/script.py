"""The demonstration's story: what every station and link truly is at any time, and what its enterprise says of it.

Pure: the same seed and registry tell the same story, for the past month and for what happens from now on.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random
from typing import Final

from btswatch.demo.incidents import HOUR, MINUTE, Incident, Incidents, Rates
from btswatch.demo.works import Work, Works
from schemas.registry import Element, Kind, Registry
from schemas.status import Cause, Status

_EVERYDAY_MONTHLY: Final = 1.6
# In a province of so many stations or more; a smaller one would be down most of the time.
_LIVELY_EVERY_S: Final = 30.0
_LIVELY_STATIONS: Final = 100
# Cells that sleep at night, local time 00:30 to 04:30, at some stations.
_ZONE_SHIFT: Final = 7 * HOUR
_SLEEP: Final = (30 * MINUTE, 4 * HOUR + 30 * MINUTE)
_SLEEPERS: Final = 0.04
# Who says "up" while it is down, in so many of the cases, and who says it late.
LIES: Final[Mapping[str, float]] = {"gtel": 0.8, "vietnamobile": 0.5}
LATE: Final = "mobifone"
# Who blames the mains for some of its own faults.
BLAMES: Final[Mapping[str, float]] = {"vnpt": 0.4}
_SILENT_FEED: Final = "vietnamobile"


@dataclass(frozen=True, slots=True)
class State:
    """What an element truly is. `silent`: its agent can't be reached; `mains`: the grid's power is there."""

    status: Status = Status.UP
    cause: Cause | None = None
    silent: bool = False
    mains: bool = True


UP: Final = State()
_RANK: Final = {Status.UP: 0, Status.DEGRADED: 1, Status.DOWN: 2}


@dataclass(frozen=True, slots=True)
class Path:
    """How well an agent's answers come through: delay in seconds and the part of them that is lost."""

    delay_s: float = 0.0
    loss: float = 0.0


@dataclass(frozen=True, slots=True)
class Course:
    """An element's states over an interval: `states[i]` holds from `starts[i]` on."""

    starts: tuple[int, ...]
    states: tuple[State, ...]

    def at(self, ms: int) -> State:
        """The state at the instant; that of the first before it."""
        return self.states[max(0, bisect_right(self.starts, ms) - 1)]


class Script:
    """The story of a registry.

    Args:
        registry: its stations and links with `depends_on`.
        seed: of everything.
        live_from: when the demonstration began (ms): from then on it is livelier than life.
    """

    def __init__(self, registry: Registry, seed: int, live_from: int) -> None:
        rows = {id_: found[-1] for id_, found in registry.elements.items()}
        self._seed = seed
        self.live_from = live_from
        self.rows: Mapping[str, Element] = rows
        self._above = {id_: _above(rows, id_) for id_ in rows}
        stations = sorted(id_ for id_, row in rows.items() if row.kind is Kind.STATION)
        links = sorted(id_ for id_, row in rows.items() if row.kind is Kind.LINK)
        every_s = _LIVELY_EVERY_S * max(1.0, _LIVELY_STATIONS / max(1, len(stations)))
        rates = Rates(_EVERYDAY_MONTHLY, live_from, every_s)
        self._incidents = Incidents(seed, stations, links, rates)
        owned: dict[str, list[str]] = defaultdict(list)
        for id_ in (*stations, *links):
            owned[rows[id_].enterprise].append(id_)
        self._works = Works(seed, owned, live_from)
        chance = Random(f"paths {seed}")
        agents = sorted({row.agent for row in rows.values() if row.agent})
        slow, lossy = (chance.choice(agents), chance.choice(agents)) if agents else ("", "")
        self._paths = {slow: Path(delay_s=0.7), lossy: Path(loss=0.15)}
        self._sleepers = frozenset(id_ for id_ in stations if chance.random() < _SLEEPERS)

    def path_of(self, agent: str) -> Path:
        """How the network to an agent is."""
        return self._paths.get(agent, Path())

    def works(self, from_ms: int, to_ms: int) -> list[Work]:
        """Planned work of the interval, see `Works.between`."""
        return self._works.between(from_ms, to_ms)

    def state_of(self, element: str, ms: int) -> State:
        """What the element truly is at the instant."""
        return self.courses(ms, ms + 1)[element].at(ms)

    def courses(self, from_ms: int, to_ms: int) -> dict[str, Course]:
        """All elements' states over the interval."""
        troubles: dict[str, list[Incident]] = defaultdict(list)
        for one in self._incidents.between(from_ms, to_ms):
            troubles[one.element].append(one)
        for work in self._works.between(from_ms, to_ms):
            for id_ in work.elements:
                if work.down_from < to_ms and work.down_to > from_ms:
                    troubles[id_].append(Incident(id_, work.down_from, work.down_to, Cause.MANUAL))
        for id_ in self._sleepers:
            troubles[id_] += _nights(id_, from_ms, to_ms)
        return {id_: self._course(id_, troubles, from_ms, to_ms) for id_ in self.rows}

    def declared(self, element: str, true: Course) -> Course:
        """What the enterprise says of it: the truth, but for some outages of its own making."""
        enterprise = self.rows[element].enterprise
        said = list(true.states)
        if enterprise in LIES:
            said = [UP if self._lied(element, at, state) else state for at, state in _pairs(true)]
        elif enterprise in BLAMES:
            said = [self._blamed(element, at, state) for at, state in _pairs(true)]
        return Course(true.starts, tuple(replace(state, silent=False) for state in said))

    def delay_of(self, enterprise: str, element: str, ms: int) -> int:
        """How long after the fact (ms) the enterprise reports it."""
        chance = Random(f"delay {self._seed} {element} {ms}")
        if enterprise == LATE and chance.random() < 0.5:
            return int(chance.uniform(8, 45) * MINUTE)
        return int(chance.uniform(1, 12) * 1000)

    def feed_is_silent(self, enterprise: str, ms: int) -> bool:
        """Whether the enterprise's sender has fallen silent: soon after the beginning, and for hours now and then."""
        if enterprise != _SILENT_FEED:
            return False
        since = ms - self.live_from
        if since >= 0:
            # Four minutes of every twenty-five, first after a minute and a half.
            return 90_000 <= since % (25 * MINUTE) < 90_000 + 5 * MINUTE
        day = ms // (24 * HOUR)
        chance = Random(f"silent {self._seed} {day}")
        # Over by 23:00 local time: what is said at midnight says how a day begins.
        begin = day * 24 * HOUR + int(chance.uniform(0, 10) * HOUR)
        return chance.random() < 0.2 and begin <= ms < begin + int(chance.uniform(2, 6) * HOUR)

    def _lied(self, element: str, at: int, state: State) -> bool:
        if state.status is not Status.DOWN or state.cause in (Cause.MANUAL, Cause.TRANSPORT):
            return False
        return Random(f"lie {self._seed} {element} {at}").random() < LIES[self.rows[element].enterprise]

    def _blamed(self, element: str, at: int, state: State) -> State:
        blames = Random(f"blame {self._seed} {element} {at}").random()
        if state.cause is not Cause.FAULT or blames >= BLAMES[self.rows[element].enterprise]:
            return state
        return replace(state, cause=Cause.POWER)

    def _course(
        self, element: str, troubles: Mapping[str, list[Incident]], from_ms: int, to_ms: int
    ) -> Course:
        own = troubles.get(element, ())
        above = [one for id_ in self._above[element] for one in troubles.get(id_, ()) if not one.degraded]
        if not own and not above:
            return Course((from_ms,), (UP,))
        edges = {from_ms}
        for one in (*own, *above):
            edges |= {ms for ms in (one.start, one.end) if from_ms < ms < to_ms}
        starts: list[int] = []
        states: list[State] = []
        for at in sorted(edges):
            state = _state(own, above, at)
            if not states or states[-1] != state:
                starts.append(at)
                states.append(state)
        return Course(tuple(starts), tuple(states))


def _above(rows: Mapping[str, Element], element: str) -> tuple[str, ...]:
    """Everything that the element hangs on."""
    found: dict[str, None] = {}
    ahead = list(rows[element].depends_on)
    while ahead:
        id_ = ahead.pop()
        if id_ not in found and id_ in rows:
            found[id_] = None
            ahead += rows[id_].depends_on
    return tuple(found)


def _state(own: Iterable[Incident], above: Iterable[Incident], at: int) -> State:
    if any(one.start <= at < one.end and not one.on_battery for one in above):
        return State(Status.DOWN, Cause.TRANSPORT, silent=True)
    worst = UP
    for one in own:
        if not one.start <= at < one.end:
            continue
        if one.on_battery:
            worst = replace(worst, mains=False)
            continue
        status = Status.DEGRADED if one.degraded else Status.DOWN
        mains = worst.mains and one.cause is not Cause.POWER
        if _RANK[status] > _RANK[worst.status] or (one.silent and not worst.silent):
            worst = State(status, one.cause, silent=one.silent or worst.silent, mains=mains)
        else:
            worst = replace(worst, mains=mains)
    return worst


def _nights(element: str, from_ms: int, to_ms: int) -> list[Incident]:
    day = 24 * HOUR
    found = []
    for number in range((from_ms + _ZONE_SHIFT) // day, (to_ms + _ZONE_SHIFT) // day + 1):
        midnight = number * day - _ZONE_SHIFT
        if midnight + _SLEEP[0] < to_ms and midnight + _SLEEP[1] > from_ms:
            found.append(
                Incident(
                    element, midnight + _SLEEP[0], midnight + _SLEEP[1], Cause.ENERGY_SAVING, degraded=True
                )
            )
    return found


def _pairs(course: Course) -> list[tuple[int, State]]:
    return list(zip(course.starts, course.states, strict=True))


def changes(course: Course) -> list[tuple[int, State, State]]:
    """When it changed, from what, to what; the first state is no change."""
    return [(at, before, after) for (_, before), (at, after) in pairwise(_pairs(course))]
