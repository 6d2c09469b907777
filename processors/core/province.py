"""All evidence of a province in packed form: events in, readings out, and what an engine stores of it.

The one place where events meet the registry. It knows no clock: events carry their times, readers say what `now` is.
Events that were received after the moment that a figure is asked for must not have been applied.
"""

from collections.abc import Collection
from enum import StrEnum
from typing import Final

import numpy as np

from processors.core.cells import CellArray, pack, slots_of
from processors.core.conventions import QUARTER_US, US, Conventions, Grid
from processors.core.day_readings import DayReadings
from processors.core.decode import Decoded, DecodedMaintenance, DecodedStatus, microseconds
from processors.core.element_day import ElementDay
from processors.core.element_evidence import MEASURED, BlockKey, ElementEvidence
from processors.core.notices import Announcement, NoticeBook, canonical_json
from processors.core.reading import Carry, ReadingRule
from processors.core.signs_of_life import SignsOfLife
from processors.core.track import FOREVER
from schemas.refusal import Refusal
from schemas.registry import Element, Registry
from schemas.status import CODE_OF
from schemas.time import EARLIEST_MS, LATEST_MS

_EARLIEST_US = EARLIEST_MS * 1000
_LATEST_US = LATEST_MS * 1000
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
        notices: another province's book, to read by what it knows; None for one of its own.
    """

    def __init__(
        self,
        registry: Registry,
        conventions: Conventions,
        *,
        track_changes: bool = False,
        elements: Collection[str] | None = None,
        notices: NoticeBook | None = None,
    ) -> None:
        self.registry = registry
        self.conventions = conventions
        self.grid = Grid(conventions)
        self.notices: Final = NoticeBook(conventions) if notices is None else notices
        self._elements = {name: ElementEvidence(rows) for name, rows in registry.elements.items()}
        self._signs = SignsOfLife(registry, self._elements, track_changes=track_changes)
        self._readings = DayReadings(registry, self.grid, self._elements, self.notices, self._signs)
        self._track_changes = track_changes
        self._changed: set[BlockKey] = set()
        self._elsewhere = frozenset(registry.elements) - frozenset(
            registry.elements if elements is None else elements
        )
        # Looked up for each event.
        self._day_of_quarter, self._slot_us = self.grid.day_of_quarter, self.grid.slot_us
        self._max_future_us = conventions.max_future_s * US

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
        self._signs.add(event["reporter"], self._day_of_slot(slot, day), slot)
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
            self._signs.add(reporter, held, slot)
        else:
            self._signs.add_of_contested(reporter, held, slot, event["subject"], read_here=here)
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
        return self._signs.contested

    def reads(self, element: str) -> bool:
        """Whether the element is read here."""
        return element in self._elements and element not in self._elsewhere

    def read_day(self, element: str, day: int, now_us: int) -> ElementDay:
        """The element's local day as of now: what each slot reads and which slots count."""
        return self._readings.read_day(element, day, now_us)

    def carry_into(self, element: str, day: int) -> Carry | None:
        """What reading the day needs of the days before it; None where no row is in force."""
        return self._readings.carry_into(element, day)

    def carry_under(self, element: str, day: int, rule: ReadingRule) -> Carry:
        """What reading the day under this rule needs of the days before it, also where no row is in force."""
        return self._readings.carry_under(element, day, rule)

    def rule_of(self, row: Element) -> ReadingRule:
        """How an element is read under a registry row."""
        return self._readings.rule_of(row)

    @property
    def life_reach_days(self) -> int:
        """How many days before a day signs of life may lie that decide what it reads."""
        return self._signs.reach_days

    # Storage

    def take_changes(self) -> tuple[dict[BlockKey, bytes], dict[tuple[str, int], bytes]]:
        """The blocks of evidence and of signs of life that changed since the last call, as bytes."""
        blocks = {key: self.block(key) for key in self._changed}
        self._changed.clear()
        return blocks, self._signs.take_changes()

    def take_changed_signs(self) -> dict[tuple[str, str, int], bytes]:
        """Signs of life of (enterprise, element, day) that changed since the last call, of elements read elsewhere.

        Those of elements that are read here are in their blocks.
        """
        return self._signs.take_changes_of_contested()

    def block(self, key: BlockKey) -> bytes:
        """One block's cells."""
        return self._elements[key.element].block(key, self.grid.seconds)

    def cells_of(self, element: str, day: int) -> dict[tuple[str, int], bytes]:
        """All evidence of an element's day that is in memory, by (reporter, tier), as bytes."""
        return self._elements[element].cells_of(day)

    def restore_block(self, key: BlockKey, cells: bytes) -> bool:
        """Put a stored block back; False when its element is no longer in the registry."""
        state = self._elements.get(key.element)
        if state is None:
            return False
        state.restore(key, cells)
        if not state.settled:
            slots = slots_of(np.frombuffer(cells, dtype=np.uint64))
            self._signs.restore(key.reporter, key.day, slots, key.element)
        return True

    def restore_life(self, enterprise: str, day: int, slots: bytes, element: str = "") -> None:
        """Put a stored day of signs of life back; `element` where they were stored by it."""
        self._signs.restore(enterprise, day, np.frombuffer(slots, dtype=np.int64), element)

    def restore_carry(self, element: str, day: int, carry: Carry) -> None:
        """Let readings of the element start from this carry; evidence before the day is not there."""
        state = self._elements.get(element)
        if state is not None:
            state.restore_carry(day, carry)

    def drop_before(self, day: int) -> None:
        """Forget evidence of days before this one, keeping for each element what reading on needs."""
        for element in self.elements:
            self._elements[element].drop_before(day, self.carry_into(element, day))
        self._signs.drop_before(day)
