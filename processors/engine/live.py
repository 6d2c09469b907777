"""The province as it is read live: which elements to read again, and what came out of it. No clock, no storage."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from processors.core.element_day import ElementDay
from processors.core.province import Province
from processors.engine.latest import Latest
from processors.results import Basis, day_figure, end_reading, transitions
from schemas.registry import Element
from schemas.status import Reading, Track
from stores.ledger.figures import PROVISIONAL, DayFigure
from stores.ledger.history import Transition

_TRACKS: Final = (Track.MEASURED, Track.DECLARED)
_NEVER: Final = 1 << 62
# Looking through all elements for those that are due costs a little: not more often than this.
_LOOK_US: Final = 1_000_000
# What a new day or a start makes read of all elements, per step: so many take some hundredths of a second.
_SWEEP: Final = 50


@dataclass(slots=True)
class Results:
    """What was read and is not stored yet. `prompt` elements changed their state: others want to know at once."""

    figures: dict[tuple[str, date], DayFigure] = field(default_factory=dict)
    transitions: dict[tuple[str, date], list[Transition]] = field(default_factory=dict)
    states: set[str] = field(default_factory=set)
    prompt: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Pace:
    """How often to read what no evidence asks for, in microseconds: elements that are steadily up, and the others."""

    steady_us: int
    unsteady_us: int


class LiveReadings:
    """Reads elements again when evidence came that may change them, or time passed.

    `horizon` is the first day whose evidence is in memory; what days before it read comes from `ends`.

    Args:
        province: the evidence.
        latest: what is shown.
        horizon: see above.
        ends: what each element read at the end of the day before the horizon.
        transitions: the transitions that the ledger has, of the days from the horizon on.
    """

    def __init__(
        self,
        province: Province,
        latest: Latest,
        horizon: int,
        ends: dict[tuple[str, int], Reading],
        transitions: dict[tuple[str, int], list[Transition]],
    ) -> None:
        self.province = province
        self.latest = latest
        self.horizon = horizon
        self.results = Results()
        self._ends = ends
        self._transitions = transitions
        self._touched: dict[str, set[int]] = {}
        self._swept: dict[str, int] = {}
        # When to read although nothing new came: figures grow old, holds lapse.
        self._refresh_us: dict[str, int] = {}
        self._lapse_us: dict[Track, dict[str, int]] = {track: {} for track in Track}
        self._looked_us = 0

    def touch(self, element: str, days: Iterable[int]) -> None:
        """Evidence of these days is new: read them, and the days after them, again."""
        self._touched.setdefault(element, set()).update(days)

    def sweep(self, day: int) -> None:
        """Read every element from this day on, a few at a time: new evidence goes before."""
        for element in self.province.elements:
            self._swept[element] = min(day, self._swept.get(element, day))

    @property
    def touched(self) -> bool:
        """Whether new evidence has not been read yet."""
        return bool(self._touched)

    @property
    def behind(self) -> bool:
        """Whether there is more to read."""
        return bool(self._touched or self._swept)

    def waits_before(self, day: int) -> bool:
        """Whether there is more to read of days before this one."""
        return any(min(days) < day for days in self._touched.values()) or any(
            first < day for first in self._swept.values()
        )

    def steady(self, element: str, track: Track, lapse_us: int) -> None:
        """Evidence came that says what is known already: its figures can wait, its hold lasts longer."""
        self.results.states.add(element)
        self._lapse_us[track][element] = lapse_us

    def read(self, now_us: int, pace: Pace, limit: int, *, due: bool = True) -> int:
        """Read up to `limit` elements: those touched, then, with `due`, those that time alone asks for; how many.

        In a backlog time runs: whoever read all that is due would do nothing else.
        """
        today = self.province.grid.day_of(now_us)
        done = 0
        for element in list(self._touched)[:limit]:
            days = self._touched.pop(element)
            if element in self._swept:
                days.add(self._swept.pop(element))
            self.results.states.add(element)
            self._read_element(element, range(min(days | {today}), today + 1), now_us, pace)
            done += 1
        for element in list(self._swept)[: max(0, min(_SWEEP, limit - done))]:
            self._read_element(element, range(self._swept.pop(element), today + 1), now_us, pace)
            done += 1
        for element in self._due(now_us, min(2 * _SWEEP, limit - done)) if due else ():
            self._read_element(element, (today,), now_us, pace)
            done += 1
        return done

    def forget_before(self, day: int) -> None:
        """Days before this one are no longer read: it is the horizon now."""
        self.horizon = day
        self._ends = {key: end for key, end in self._ends.items() if key[1] >= day - 1}
        self._transitions = {key: known for key, known in self._transitions.items() if key[1] >= day}
        self.latest.forget_causes_before(self.province.grid.start_us(day) // 1000)

    def end_of(self, element: str, day: int, reading: Reading) -> None:
        """What the element read at the end of a day before the horizon, from elsewhere."""
        self._ends[element, day] = reading

    def end_before(self, element: str, day: int) -> Reading | None:
        """What the element read at the end of the day before this one; None where that is not known."""
        return self._end_before(element, day)

    def _due(self, now_us: int, limit: int) -> list[str]:
        if limit <= 0 or now_us - self._looked_us < _LOOK_US:
            return []
        due = [
            element
            for times in (self._refresh_us, *self._lapse_us.values())
            for element, at_us in times.items()
            if at_us <= now_us
        ]
        due = list(dict.fromkeys(due))
        if len(due) <= limit:
            self._looked_us = now_us
        return due[:limit]

    def _read_element(self, element: str, days: Iterable[int], now_us: int, pace: Pace) -> None:
        grid = self.province.grid
        for day in days:
            # The slot that now lies in shows, although it counts only when it is over.
            read = self.province.read_day(element, day, now_us + grid.slot_us)
            if read.row is not None:
                self._take(read, read.row, now_us)
                self._plan(read, read.row, now_us, pace)

    def _plan(self, read: ElementDay, row: Element, now_us: int, pace: Pace) -> None:
        """When to read it again if nothing comes."""
        rule, shown = self.province.rule_of(row), self.latest.shown.get(row.id)
        steady = shown is not None and shown.status is Reading.UP and not rule.declared.alive_only
        self._refresh_us[row.id] = now_us + (pace.steady_us if steady else pace.unsteady_us)
        slot_us = self.province.grid.slot_us
        slot = now_us // slot_us
        if read.state_after(slot) != read.state_at(slot):
            self._refresh_us[row.id] = (slot + 1) * slot_us
        for track, one in ((Track.MEASURED, rule.measured), (Track.DECLARED, rule.declared)):
            lapse_us = (self.latest.seen_us(row.id, track) // slot_us + one.valid_slots) * slot_us
            self._lapse_us[track][row.id] = lapse_us if lapse_us > now_us else _NEVER

    def _take(self, read: ElementDay, row: Element, now_us: int) -> None:
        grid, now_ms = self.province.grid, now_us // 1000
        key = row.id, date.fromordinal(read.day)
        basis = Basis(PROVISIONAL, now_ms, self.province.registry.digest)
        over = min(read.counted[1], now_us // grid.slot_us)
        self.results.figures[key] = day_figure(read, row, read.tally_between(read.counted[0], over), basis)
        before = self._end_before(row.id, read.day)
        found = transitions(read, row.id, before, self.latest.causes(row.id))
        if found != self._transitions.get((row.id, read.day), []):
            self._transitions[row.id, read.day] = found
            self.results.transitions[key] = found
            self.results.prompt.add(row.id)
        end = end_reading(read)
        if read.day < grid.day_of(now_us):
            self._ends[row.id, read.day] = end if end is not None else Reading.UNKNOWN
            return
        slot = min(now_us // grid.slot_us, read.counted[1] - 1)
        state, since = self._now(row.id, read, slot, found)
        shown = self.latest.shown.get(row.id)
        if self.latest.show(row, state, since, now_ms):
            self.results.prompt.add(row.id)
        if self.latest.shown[row.id] is not shown:
            self.results.states.add(row.id)

    def _now(
        self, element: str, read: ElementDay, slot: int, found: list[Transition]
    ) -> tuple[tuple[Reading, Reading, Reading], int]:
        """The state to show, and since when (ms).

        A slot reads the worst of it. Where its last answer says otherwise, the next slot's reading shows at once:
        nobody should wait a slot's length to see that a station is back.
        """
        state, after = read.state_at(slot), read.state_after(slot)
        seen_us = [
            self.latest.seen_us(element, track)
            for track, reads, will_read in zip(_TRACKS, state[1:], after[1:], strict=True)
            if reads is not will_read
        ]
        since = self._since(element, read, found)
        # Not what only lapses at the slot's end: that holds so long.
        if not seen_us or any(at_us // read.grid.slot_us != slot for at_us in seen_us):
            return state, since
        return after, since if after[0] is state[0] else max(seen_us) // 1000

    def _since(self, element: str, read: ElementDay, found: list[Transition]) -> int:
        earlier = found or self._transitions.get((element, read.day - 1), [])
        if earlier:
            return earlier[-1].at_ms
        known = self.latest.shown.get(element)
        end = end_reading(read)
        if known is not None and known.status is (end if end is not None else Reading.UNKNOWN):
            return known.since_ms
        return max(read.counted[0] * read.grid.slot_us, read.grid.start_us(read.day)) // 1000

    def _end_before(self, element: str, day: int) -> Reading | None:
        known = self._ends.get((element, day - 1))
        if known is None and day - 1 >= self.horizon:
            grid = self.province.grid
            known = end_reading(self.province.read_day(element, day - 1, grid.start_us(day)))
            self._ends[element, day - 1] = known if known is not None else Reading.UNKNOWN
        return known
