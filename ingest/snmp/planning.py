"""When each device is polled: pure, the clock is an argument.

Every device has its own place in the interval (a stable hash of its id), at most one poll in flight, and a lane. Lanes
are bulkheads: devices that kept silent or answered late share one, requested polls another, and neither can take the
places of the rest. Turns that were missed are skipped and counted, never made up for.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto
from hashlib import sha256
from heapq import heappop, heappush

from ingest.snmp.pace import Pace


class Ended(StrEnum):
    """How a turn ended, as far as planning cares."""

    ANSWERED = "answered"
    LATE = "late"
    """It answered, but needed more than half of its deadline."""
    SILENT = "silent"
    NOT_DONE = "not_done"
    """The poller could not do it properly: nothing was learnt about the device."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How often a device is polled, in milliseconds.

    `confirm_ms` after a first silence it is asked again, then after twice that and so on up to `slowest_ms`, which is
    at most half of what its evidence is valid for.
    """

    id: str
    interval_ms: int
    confirm_ms: int
    slowest_ms: int

    def offset(self) -> int:
        """Its place in the interval, the same on every machine and after every start."""
        return int.from_bytes(sha256(self.id.encode()).digest()[:8]) % self.interval_ms

    def turn_after(self, now_ms: int) -> int:
        """Its first regular turn later than `now_ms`."""
        offset = self.offset()
        return now_ms - (now_ms - offset) % self.interval_ms + self.interval_ms

    def delay_after_silence(self, misses: int) -> int:
        """How long after the `misses`-th poll without an answer it is asked again."""
        # The exponent is bounded: a device may be dead for years.
        return min(self.slowest_ms, self.confirm_ms << min(misses - 1, 20))


class Lane(Enum):
    """Who shares places in flight; served in this order."""

    REQUESTED = auto()
    PROMPT = auto()
    LAGGARD = auto()


@dataclass(frozen=True, slots=True)
class Turn:
    """A device to poll now. `due_ms` is when it should have begun."""

    id: str
    due_ms: int


@dataclass(slots=True)
class _Place:
    timing: Timing
    due_ms: int
    lane: Lane = Lane.PROMPT
    misses: int = 0
    started_ms: int | None = None
    requested_ms: int | None = None
    requested: bool = False
    in_flight: bool = False
    again: bool = False
    version: int = 0


@dataclass(slots=True)
class Tally:
    """What the planner counted since the start."""

    skipped: int = 0
    """Regular turns that were never taken, because the one before was still waiting or in flight."""
    requests_limited: int = 0
    """Requested polls that had to wait, since one had been requested of the device just before."""


@dataclass(slots=True)
class Schedule:
    """Whose turn it is. `take` starts turns, `done` ends them; neither ever waits.

    Args:
        max_in_flight: places in all; laggards get half of them, requested polls a quarter.
        min_gap_ms: the shortest time between two requested polls of a device.
        requests_per_s: requested polls of all devices together.
    """

    max_in_flight: int
    min_gap_ms: int
    requests_per_s: float = 100.0
    tally: Tally = field(default_factory=Tally)
    _places: dict[str, _Place] = field(default_factory=dict)
    _versions: int = 0
    _queues: dict[Lane, list[tuple[int, int, str]]] = field(
        default_factory=lambda: {lane: [] for lane in Lane}
    )
    _flying: dict[Lane, int] = field(default_factory=lambda: dict.fromkeys(Lane, 0))
    _pace: Pace = field(default_factory=Pace)
    _request_pace: Pace = field(default_factory=Pace)

    def replace(self, timings: Iterable[Timing], now_ms: int) -> None:
        """These devices and no others. Those that stay keep their place; a poll in flight ends as it would."""
        wanted = {timing.id: timing for timing in timings}
        for gone in self._places.keys() - wanted.keys():
            place = self._places.pop(gone)
            if place.in_flight:
                self._flying[place.lane] -= 1
        for id_, timing in wanted.items():
            known = self._places.get(id_)
            if known is not None and known.timing == timing:
                continue
            place = known or self._places.setdefault(id_, _Place(timing, 0))
            place.timing = timing
            if not place.in_flight:
                self._queue(place, timing.turn_after(now_ms))
        # Four times what regular turns need: enough to catch up after a pause, too little to burst into all sockets.
        per_s = max(100.0, 4 * sum(1000 / timing.interval_ms for timing in wanted.values()))
        self._pace = Pace(per_s, burst=per_s / 4, now_ms=now_ms)
        self._request_pace = Pace(self.requests_per_s, burst=self.requests_per_s / 4, now_ms=now_ms)

    def take(self, now_ms: int) -> list[Turn]:
        """The turns to start now; the caller must end each with `done`."""
        turns: list[Turn] = []
        for lane in Lane:
            pace = self._request_pace if lane is Lane.REQUESTED else self._pace
            while (place := self._head(lane)) and place.due_ms <= now_ms and self._has_room(lane):
                if not pace.take(now_ms):
                    break
                heappop(self._queues[lane])
                place.in_flight, place.started_ms = True, now_ms
                if place.requested:
                    place.requested, place.requested_ms = False, now_ms
                self._flying[lane] += 1
                turns.append(Turn(place.timing.id, place.due_ms))
        return turns

    def done(self, turn: Turn, ended: Ended, now_ms: int) -> None:
        """The turn ended. A device that is not in the schedule any more is ignored."""
        place = self._places.get(turn.id)
        if place is None or not place.in_flight:
            return
        place.in_flight = False
        self._flying[place.lane] -= 1
        timing, sent_ms = place.timing, place.started_ms or now_ms
        if now_ms > turn.due_ms:
            self.tally.skipped += (now_ms - turn.due_ms) // timing.interval_ms
        was_silent = place.misses > 0
        if ended is Ended.SILENT:
            place.misses += 1
            due = sent_ms + timing.delay_after_silence(place.misses)
        elif ended is Ended.NOT_DONE:
            due = timing.turn_after(now_ms)
        else:
            place.misses = 0
            regular = timing.turn_after(now_ms)
            # A return is looked at again soon: what comes back often goes again.
            due = min(sent_ms + timing.confirm_ms, regular) if was_silent else regular
        if ended is not Ended.NOT_DONE:
            place.lane = Lane.PROMPT if ended is Ended.ANSWERED else Lane.LAGGARD
        elif place.lane is Lane.REQUESTED:
            place.lane = Lane.PROMPT
        if place.again:
            place.again = False
            due = min(due, self._request_due(place, now_ms))
            place.requested = True
        self._queue(place, max(due, now_ms))

    def request(self, id_: str, now_ms: int) -> bool:
        """Poll it now, or as soon as its last requested poll is `min_gap_ms` old; False for a device that is not here.

        A regular poll just before is no reason to wait: what the request is about may have come after its answer.
        For the same reason one that is being polled is polled once more.
        """
        place = self._places.get(id_)
        if place is None:
            return False
        if place.in_flight:
            place.again = True
            return True
        due = self._request_due(place, now_ms)
        self.tally.requests_limited += due > now_ms
        if due < place.due_ms:
            place.requested = True
            if place.lane is Lane.PROMPT:
                place.lane = Lane.REQUESTED
            self._queue(place, due)
        return True

    def _request_due(self, place: _Place, now_ms: int) -> int:
        last_ms = place.requested_ms
        return now_ms if last_ms is None else max(now_ms, last_ms + self.min_gap_ms)

    def in_flight(self) -> int:
        """Polls that were started and have not ended."""
        return sum(self._flying.values())

    def backlog(self, now_ms: int) -> int:
        """Devices whose turn has come and that wait for a place."""
        return sum(not place.in_flight and place.due_ms < now_ms for place in self._places.values())

    def misses(self, id_: str) -> int:
        """Polls in a row without an answer."""
        place = self._places.get(id_)
        return place.misses if place else 0

    def _has_room(self, lane: Lane) -> bool:
        if sum(self._flying.values()) >= self.max_in_flight:
            return False
        share = {Lane.REQUESTED: 4, Lane.PROMPT: 1, Lane.LAGGARD: 2}[lane]
        return self._flying[lane] < max(1, self.max_in_flight // share)

    def _queue(self, place: _Place, due_ms: int) -> None:
        place.due_ms = due_ms
        self._versions = place.version = self._versions + 1
        heappush(self._queues[place.lane], (due_ms, place.version, place.timing.id))

    def _head(self, lane: Lane) -> _Place | None:
        """The lane's next device. An entry that was overtaken by a later one for the same device is dropped here."""
        queue = self._queues[lane]
        while queue:
            _, version, id_ = queue[0]
            place = self._places.get(id_)
            if place and place.version == version and place.lane is lane and not place.in_flight:
                return place
            heappop(queue)
        return None
