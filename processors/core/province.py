"""All evidence of a province in packed form, and the readings made from it.

The one place where events meet the registry. It knows no clock: events carry their times, readers say what `now` is.
Events that were received after the moment that a figure is asked for must not have been applied.
"""

from collections.abc import Collection, Iterator
from datetime import date
from enum import StrEnum

import numpy as np

from processors.core.cells import EMPTY, CellArray, CellBag, pack, slots_of
from processors.core.conventions import QUARTER_US, US, Conventions, Grid
from processors.core.decode import Decoded, DecodedMaintenance, DecodedStatus, microseconds
from processors.core.element_day import ElementDay, counted_slots
from processors.core.element_evidence import BlockKey, ElementEvidence
from processors.core.life import FeedLife, alive_between
from processors.core.notices import Announcement, NoticeBook, canonical_json
from processors.core.reading import Alive, Carry, DayReading, Evidence, ReadingRule, read_stretch
from processors.core.reading_rule import reading_rule
from processors.core.track import FOREVER
from schemas.refusal import Refusal
from schemas.registry import Element, Registry
from schemas.status import CODE_OF, Feed

MEASURED = ""  # stands for all measuring reporters: their evidence is one track
# Readers go back a few days at most; a longer look back is read again from the start.
_CARRIES_KEPT = 8
# Outside of these no slot number fits its cell, and no zone has a date: no clock that could be meant.
_EARLIEST_US = 86_400 * US
_LATEST_US = 32_503_593_600 * US  # 2999-12-31
_CODES = {str(status): int(code) for status, code in CODE_OF.items()}


class Taken(StrEnum):
    """What became of an event that was not refused."""

    COUNTED = "counted"
    NOT_YET = "not_yet"  # received after the moment that is asked for
    LATE = "late"  # after the close of its day: kept as a proposal, changes no figure


class Province:
    """The state of the core.

    Args:
        registry: complete: it decides what is refused and whose sign of life an event is.
        conventions: the deployment's constants.
        track_changes: keep note of blocks that changed, for an engine that stores them.
        elements: those whose evidence is kept and that can be read; None for all of the registry's.
    """

    def __init__(
        self,
        registry: Registry,
        conventions: Conventions,
        *,
        track_changes: bool = False,
        elements: Collection[str] | None = None,
    ) -> None:
        self.registry = registry
        self.conventions = conventions
        self.grid = Grid(conventions)
        self.notices = NoticeBook(conventions)
        self._elements: dict[str, ElementEvidence] = {}
        self._life: dict[str, FeedLife] = {
            e.id: FeedLife(e.heartbeat_s) for e in registry.enterprises.values() if e.feed is Feed.TRANSITION
        }
        self._contested: dict[str, list[str]] = {}
        self._rules: dict[Element, ReadingRule] = {}
        self._track_changes = track_changes
        self._changed: set[BlockKey] = set()
        self._changed_life: set[tuple[str, int]] = set()
        self._changed_signs: set[tuple[str, str, int]] = set()
        self._elsewhere = frozenset(registry.elements) - frozenset(
            registry.elements if elements is None else elements
        )
        # Looked up for each event.
        self._day_of_quarter, self._slot_us = self.grid.day_of_quarter, self.grid.slot_us
        self._max_future_us = conventions.max_future_s * US
        for element, rows in registry.elements.items():
            evidence = self._elements[element] = ElementEvidence(rows)
            if not evidence.settled:
                for owner in evidence.owners & self._life.keys():
                    self._contested.setdefault(owner, []).append(element)

    # Taking events in

    def apply(self, event: Decoded, line: bytes, until_us: int = FOREVER) -> Taken | Refusal:
        """Take one event in.

        Args:
            event: as decoded.
            line: its archived form: of two notices received at one moment its text decides.
            until_us: what was received after this instant does not exist yet.
        """
        time, received = microseconds(event["time"]), microseconds(event["receivedtime"])
        if received > until_us:
            return Taken.NOT_YET
        if time - received > self._max_future_us:
            return Refusal.TIME_IN_FUTURE
        if time < _EARLIEST_US or received > _LATEST_US:
            return Refusal.INVALID
        day, tier = self._day_of_quarter(time // QUARTER_US), self.grid.tier_of(received)
        if event["type"] == "btswatch.status.v1":
            return self._apply_status(event, time, day, tier)
        if event["type"] == "btswatch.maintenance.v1":
            self._apply_notice(event, received, line)
        if tier > day:
            return Taken.LATE
        slot = time // self._slot_us
        self._sign_of_life(event["reporter"], self._day_of_slot(slot, day), slot)
        return Taken.COUNTED

    def _apply_status(self, event: DecodedStatus, time: int, day: int, tier: int) -> Taken | Refusal:
        element = self._elements.get(event["subject"])
        if element is None:
            return Refusal.UNKNOWN_ELEMENT
        reporter = MEASURED
        if event["track"] == "declared":
            reporter = event["reporter"]
            if reporter not in element.owners:
                return Refusal.UNKNOWN_ELEMENT
            if event["data"]["status"] == "no_response":
                return Refusal.NOT_ALLOWED
        if tier > day:
            return Taken.LATE
        slot_us = self._slot_us
        slot = time // slot_us
        held = self._day_of_slot(slot, day)
        here = event["subject"] not in self._elsewhere
        if here:
            element.add(
                held, reporter, tier, pack(slot, time % slot_us // 1000, _CODES[event["data"]["status"]])
            )
            if self._track_changes:
                hour = slot * self.grid.seconds // 3600
                self._changed.add(BlockKey(event["subject"], held, reporter, tier, hour))
        if element.settled:
            self._sign_of_life(reporter, held, slot)
        elif (
            reporter in self._life and self._life[reporter].add(held, (slot,), event["subject"]) and not here
        ):
            self._changed_signs.add((reporter, event["subject"], held))
        return Taken.COUNTED

    def add_measured(
        self, element: str, day: int, tier: int, cells: CellArray, hours: Collection[int]
    ) -> None:
        """Add measured cells of one day and tier, many at once (`polls`); `hours` are those that they lie in."""
        self._elements[element].add_cells(day, MEASURED, tier, cells)
        if self._track_changes:
            self._changed.update(BlockKey(element, day, MEASURED, tier, hour) for hour in hours)

    def _day_of_slot(self, slot: int, day: int) -> int:
        """The day that holds the slot's start, for a slot with an instant of `day`."""
        return self.grid.day_of(slot * self._slot_us) if self.grid.slots_split_days else day

    def _sign_of_life(self, enterprise: str, day: int, slot: int) -> None:
        life = self._life.get(enterprise)
        if life is not None and life.add(day, (slot,)) and self._track_changes:
            self._changed_life.add((enterprise, day))

    def _apply_notice(self, event: DecodedMaintenance, received: int, line: bytes) -> None:
        data = event["data"]
        if data["action"] == "withdraw":
            self.notices.withdraw(event["reporter"], data["notice"], received)
        elif "from" in data and "to" in data:
            announcement = Announcement(
                received,
                canonical_json(line),
                tuple(data.get("elements", ())),
                microseconds(data["from"]),
                microseconds(data["to"]),
            )
            self.notices.announce(event["reporter"], data["notice"], announcement)

    # Reading

    @property
    def elements(self) -> list[str]:
        """The elements that are read here."""
        return [name for name in self._elements if name not in self._elsewhere]

    @property
    def contested(self) -> set[str]:
        """Elements with dated rows, whose events are signs of life of whom they belong to on the day."""
        return {element for elements in self._contested.values() for element in elements}

    def reads(self, element: str) -> bool:
        """Whether the element is read here."""
        return element in self._elements and element not in self._elsewhere

    def read_day(self, element: str, day: int, now_us: int) -> ElementDay:
        """The element's local day as of now: what each slot reads and which slots count."""
        row = self.registry.on(element, date.fromordinal(day))
        if row is None:
            return ElementDay.of_nothing(self.grid, day)
        rule = self.rule_of(row)
        state = self._elements[element]
        windows = self.notices.windows(row.enterprise, element, self.grid.close_us(day))
        reading, _ = self._step(state, day, rule, self._carry_into(state, day, rule), windows)
        counted = counted_slots(row, self.grid, day, now_us)
        cells = tuple(state.cells(day, reporter, day) for reporter in (MEASURED, row.enterprise))
        return ElementDay(self.grid, day, row, reading, counted, cells)

    def carry_into(self, element: str, day: int) -> Carry | None:
        """What reading the day needs of the days before it; None where no row is in force."""
        row = self.registry.on(element, date.fromordinal(day))
        if row is None:
            return None
        rule = self.rule_of(row)
        return self._carry_into(self._elements[element], day, rule)[1]

    def carry_under(self, element: str, day: int, rule: ReadingRule) -> Carry:
        """What reading the day under this rule needs of the days before it, also where no row is in force."""
        return self._carry_into(self._elements[element], day, rule)[1]

    def rule_of(self, row: Element) -> ReadingRule:
        """How an element is read under a registry row."""
        if row not in self._rules:
            self._rules[row] = reading_rule(row, self.registry, self.grid)
        return self._rules[row]

    def _carry_into(self, state: ElementEvidence, day: int, rule: ReadingRule) -> tuple[int, Carry]:
        """The day the carry was made for, and the carry: the nearest known one, read on from there to this day."""
        epoch = self._epoch(rule)
        at, carry = self._nearest_carry(state, day, rule, epoch)
        while at < day:
            _, carry = self._step(state, at, rule, (at, carry), ())
            at += 1
        return day, carry

    def _nearest_carry(
        self, state: ElementEvidence, day: int, rule: ReadingRule, epoch: int
    ) -> tuple[int, Carry]:
        known = [
            (at, carry)
            for (at, of), (made, carry) in state.carries.items()
            if at <= day and of == rule and made == epoch
        ]
        if known:
            return max(known, key=lambda one: one[0])
        if state.base is not None and state.base[0] <= day:
            return state.base
        first = min((d for d in state.days() if d < day), default=day)
        return first, Carry(at=self.grid.span(first)[0])

    def _step(
        self,
        state: ElementEvidence,
        day: int,
        rule: ReadingRule,
        before: tuple[int, Carry],
        windows: list[tuple[int, int]] | tuple[()],
    ) -> tuple[DayReading, Carry]:
        first, end = self.grid.span(day)
        carry = before[1]
        evidence = Evidence(
            state.cells(day, MEASURED, day),
            state.cells(day, rule.enterprise, day),
            self._ahead(state, day, end + rule.measured.valid_slots),
        )
        alive = self._alive(rule, carry.at, end, day) if rule.declared.alive_only else None
        reading, following = read_stretch(
            carry, evidence, (first, end), rule, self.conventions, alive, windows
        )
        state.carries[day + 1, rule] = (self._epoch(rule), following)
        state.carried_to = max(state.carried_to, day + 1)
        state.carries.pop((day - _CARRIES_KEPT, rule), None)
        return reading, following

    def _ahead(self, state: ElementEvidence, day: int, before_slot: int) -> CellArray:
        """Measured cells after the day that may confirm a run at its end, as far as the day's close had them."""
        parts = []
        following = day + 1
        while self.grid.span(following)[0] < before_slot:
            cells = state.cells(following, MEASURED, day)
            parts.append(cells[slots_of(cells) < before_slot])
            following += 1
        return np.concatenate(parts) if parts else EMPTY

    # Feeds' signs of life

    @property
    def life_reach_days(self) -> int:
        """How many days before a day signs of life may lie that decide what it reads."""
        return max((life.reach_days for life in self._life.values()), default=0)

    def _epoch(self, rule: ReadingRule) -> int:
        return self._life[rule.enterprise].epoch if rule.declared.alive_only else 0

    def _alive(self, rule: ReadingRule, start: int, end: int, day: int) -> Alive:
        life = self._life[rule.enterprise]
        life.read_up_to = max(life.read_up_to, day + 1)
        first_day = self.grid.day_of((start - rule.alive_slots) * self.grid.slot_us)
        signs = life.slots(first_day, day, self._its_contested(rule.enterprise, day))
        return alive_between(signs, start, end, rule.alive_slots)

    def _its_contested(self, enterprise: str, day: int) -> Iterator[str]:
        """The elements with dated rows that are the enterprise's on the day."""
        for element in self._contested.get(enterprise, ()):
            row = self.registry.on(element, date.fromordinal(day))
            if row is not None and row.enterprise == enterprise:
                yield element

    # Storage

    def take_changes(self) -> tuple[dict[BlockKey, bytes], dict[tuple[str, int], bytes]]:
        """The blocks of evidence and of signs of life that changed since the last call, as bytes."""
        blocks = {key: self.block(key) for key in self._changed}
        life = {
            (enterprise, day): self._life[enterprise].slots(day, day).tobytes()
            for enterprise, day in self._changed_life
        }
        self._changed.clear()
        self._changed_life.clear()
        return blocks, life

    def take_changed_signs(self) -> dict[tuple[str, str, int], bytes]:
        """Signs of life of (enterprise, element, day) that changed since the last call, of elements read elsewhere.

        Those of elements that are read here are in their blocks.
        """
        signs = {
            (enterprise, element, day): self._life[enterprise].slots_by(element, day).tobytes()
            for enterprise, element, day in self._changed_signs
        }
        self._changed_signs.clear()
        return signs

    def block(self, key: BlockKey) -> bytes:
        """One block's cells."""
        bag = self._elements[key.element].bags[key.day, key.reporter, key.tier]
        cells = bag.cells()
        hours = slots_of(cells) * self.grid.seconds // 3600
        chosen: CellArray = cells[hours == key.hour]
        return chosen.tobytes()

    def cells_of(self, element: str, day: int) -> dict[tuple[str, int], bytes]:
        """All evidence of an element's day that is in memory, by (reporter, tier), as bytes."""
        bags = self._elements[element].bags
        return {(r, tier): bag.cells().tobytes() for (d, r, tier), bag in bags.items() if d == day}

    def restore_block(self, key: BlockKey, cells: bytes) -> bool:
        """Put a stored block back; False when its element is no longer in the registry."""
        state = self._elements.get(key.element)
        if state is None:
            return False
        state.bags.setdefault((key.day, key.reporter, key.tier), CellBag()).extend(cells)
        state.changed(key.day)
        if not state.settled and key.reporter in self._life:
            slots = slots_of(np.frombuffer(cells, dtype=np.uint64))
            self._life[key.reporter].add(key.day, slots.tolist(), key.element)
        return True

    def restore_life(self, enterprise: str, day: int, slots: bytes, element: str = "") -> None:
        """Put a stored day of signs of life back; `element` where they were stored by it."""
        if enterprise in self._life:
            self._life[enterprise].add(day, np.frombuffer(slots, dtype=np.int64).tolist(), element)

    def restore_carry(self, element: str, day: int, carry: Carry) -> None:
        """Let readings of the element start from this carry; evidence before the day is not there."""
        state = self._elements.get(element)
        if state is not None:
            state.base = (day, carry)
            state.changed(day - 1)

    def drop_before(self, day: int) -> None:
        """Forget evidence of days before this one, keeping for each element what reading on needs."""
        for element in self.elements:
            state = self._elements[element]
            carry = self.carry_into(element, day)
            state.base = (day, carry) if carry is not None else None
            state.bags = {key: bag for key, bag in state.bags.items() if key[0] >= day}
            state.carries = {key: carry for key, carry in state.carries.items() if key[0] >= day}
        for life in self._life.values():
            life.drop_before(day)
