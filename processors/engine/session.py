"""One run of an engine over its state: what it knows, how far time has come, which days it holds."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from processors.core.conventions import US, Conventions
from processors.core.decode import DecodedStatus
from processors.core.polls import Polls, Statuses
from processors.core.province import Province, Taken
from processors.engine.feed_watch import Feeds
from processors.engine.intake import Applied, TurnedAway
from processors.engine.latest import Latest
from processors.engine.live import LiveReadings, Pace
from processors.engine.memory import restore
from processors.engine.pending import Numbering, Pending, pending
from processors.engine.state import EngineState
from schemas.registry import Registry
from schemas.status import Feed, Track

# A step that reads more elements than this would keep the next batch waiting.
_ELEMENTS_A_STEP: Final = 400
_MEASURED: Final = Track.MEASURED.value


@dataclass(slots=True)
class Session:
    """The engine's state. Evidence from `horizon` on is in memory; `late` names what came for days before it."""

    province: Province
    live: LiveReadings
    latest: Latest
    pending: Pending
    elements_of: Mapping[str, tuple[str, ...]]
    today: int
    pace: Pace
    checkpoint_ms: int
    read_ms: int = 0
    late: dict[str, int] = field(default_factory=dict)
    oldest_received_ms: int = 0
    # Up to when events were read by their receipt: in a backlog days stay open that are over by the clock.
    through_ms: int = 0
    _alive_days: set[tuple[str, int]] = field(default_factory=set)

    @property
    def horizon(self) -> int:
        """The first day whose evidence is in memory."""
        return self.live.horizon

    def applied(self, one: Applied, now_ms: int, *, new: bool) -> None:
        """Note what an event that the core took in changes; `new` where nothing stored knows of it yet."""
        event, day = one.event, one.day
        self.pending.note(event)
        if new:
            self.pending.feeds.heard(event["reporter"], one.time_us // 1000, one.entry.received_ms)
            if one.taken is Taken.LATE:
                self.pending.propose(one)
        if one.taken is Taken.LATE:
            return
        if event["type"] == "btswatch.status.v1" and self.province.reads(event["subject"]):
            self._evidence(event, one.time_us, now_ms)
            self.latest.take(event, one.time_us // 1000, one.entry.body)
            received = one.entry.received_ms
            self.oldest_received_ms = min(self.oldest_received_ms or received, received)
        if event["reporter"] in self.elements_of and day < self.province.grid.day_of(now_ms * 1000):
            self._alive_days.add((event["reporter"], day))

    def polled(self, polls: Iterable[Polls], found: Statuses, now_ms: int) -> None:
        """As `applied`, for all polls of an element and day at once."""
        for one in polls:
            self._polls(one, int(found.code[one.at[-1]]), now_ms)
            for at in one.telling:
                line, at_ms = found.lines[at], int(found.time_us[at]) // 1000
                self.latest.seen(one.element, _MEASURED, int(found.code[at]), at_ms, line)
            received = one.received_us // 1000
            self.oldest_received_ms = min(self.oldest_received_ms or received, received)

    def turned_away(self, one: TurnedAway) -> None:
        """Count a refused event that nothing stored knows of yet."""
        received = one.entry.received_ms
        day = date.fromordinal(self.province.grid.day_of(received * 1000))
        self.pending.feeds.refused(one.entry.reporter, one.code.value, day, received)

    def time_passes(self, now_ms: int) -> None:
        """A new local day: the one before is over and is read once more as a whole.

        Also where it can no longer change: time goes by days at once while a backlog is worked off, and what came of
        the day was then read as of a moment within it.
        """
        for enterprise, day in self._alive_days:
            for element in self.elements_of[enterprise]:
                self._touch(element, day)
        self._alive_days.clear()
        today = self.province.grid.day_of(now_ms * 1000)
        if today > self.today:
            self.live.sweep(max(self.today, self.horizon))
            self.today = today

    def read(self, now_ms: int, *, due: bool = True) -> None:
        """Read some of the elements that need it; without `due` only those that evidence came for."""
        self.live.read(now_ms * 1000, self.pace, _ELEMENTS_A_STEP, due=due)
        self.read_ms = now_ms

    def since_read(self, now_ms: int) -> int:
        """Milliseconds since elements were read last."""
        return now_ms - self.read_ms

    def _evidence(self, event: DecodedStatus, time_us: int, now_ms: int) -> None:
        element, grid = event["subject"], self.province.grid
        slot = time_us // grid.slot_us
        day = grid.day_of(slot * grid.slot_us)
        row = self.province.registry.on(element, date.fromordinal(day))
        if row is None:
            self._touch(element, day)
            return
        rule = self.province.rule_of(row)
        if slot - grid.span(day)[0] < rule.measured.valid_slots:
            # It may confirm a silence at the end of the day before.
            self._touch(element, day - 1)
            self._touch(element, day)
        elif day == grid.day_of(now_ms * 1000) and self.latest.says_the_same(event, time_us // 1000):
            track = Track(event["track"])
            valid = (rule.measured if track is Track.MEASURED else rule.declared).valid_slots
            self.live.steady(element, track, (slot + valid) * grid.slot_us)
        else:
            self._touch(element, day)

    def _polls(self, one: Polls, last: int, now_ms: int) -> None:
        grid, element, day = self.province.grid, one.element, one.day
        row = self.province.registry.on(element, date.fromordinal(day))
        if row is None:
            self._touch(element, day)
            return
        valid_slots = self.province.rule_of(row).measured.valid_slots
        if one.first_us // grid.slot_us - grid.span(day)[0] < valid_slots:
            self._touch(element, day - 1)
            self._touch(element, day)
        elif (
            day == grid.day_of(now_ms * 1000)
            and one.alike
            and self.latest.shows(element, Track.MEASURED, last, one.first_us // 1000)
        ):
            self.live.steady(
                element, Track.MEASURED, (one.last_us // grid.slot_us + valid_slots) * grid.slot_us
            )
        else:
            self._touch(element, day)

    def _touch(self, element: str, day: int) -> None:
        if day < self.horizon:
            self.late[element] = min(day, self.late.get(element, day))
        else:
            self.live.touch(element, (day,))


def first_open(province: Province, now_ms: int) -> int:
    """The first day that evidence may still reach. What lies before it after a long stop is the closing's business."""
    lateness_us = province.conventions.lateness_s * US
    return province.grid.day_of(now_ms * 1000 - lateness_us) - 1


def open_session(
    state: EngineState,
    registry: Registry,
    conventions: Conventions,
    pace: Pace,
    now_ms: int,
    *,
    horizon: int,
    feeds: Feeds,
    numbering: Numbering,
    elements: Collection[str] | None = None,
) -> Session:
    """Go on from what is stored.

    Args:
        state: what is stored.
        registry: who owns what, complete: it decides what is refused and what is a sign of life.
        conventions: the deployment's constants.
        pace: how often to read what no evidence asks for.
        now_ms: engine time.
        horizon: the first day whose evidence is to be in memory.
        feeds: told of every event's sender.
        numbering: what late evidence is known by.
        elements: those that are read here; None for all.
    """
    province = Province(registry, conventions, track_changes=True, elements=elements)
    restore(state, province, horizon)
    ends = {(e, horizon - 1): end for e, end in state.ends(horizon - 1).items()}
    known = {(e, day.toordinal()): found for (e, day), found in state.transitions(horizon).items()}
    latest = Latest({one.element: one for one in state.states()})
    for (element, _), found in known.items():
        for one in found:
            if one.cause is not None:
                latest.restore_cause(element, one.at_ms, one.cause)
    live = LiveReadings(province, latest, horizon, ends, known)
    # Whatever went by while nobody looked: all days in memory are read again.
    live.sweep(max(horizon, first_open(province, now_ms)))
    return Session(
        province=province,
        live=live,
        latest=latest,
        pending=pending(province, feeds, numbering),
        elements_of=_elements_of_transition_feeds(province),
        today=province.grid.day_of(now_ms * 1000),
        pace=pace,
        checkpoint_ms=now_ms,
    )


def _elements_of_transition_feeds(province: Province) -> dict[str, tuple[str, ...]]:
    """Elements that are read here and whose reading depends on their feed's signs of life, by enterprise."""
    registry = province.registry
    feeds = {one.id for one in registry.enterprises.values() if one.feed is Feed.TRANSITION}
    found: dict[str, list[str]] = {name: [] for name in feeds}
    for element in province.elements:
        for owner in {row.enterprise for row in registry.elements[element]} & feeds:
            found[owner].append(element)
    return {name: tuple(elements) for name, elements in found.items()}
