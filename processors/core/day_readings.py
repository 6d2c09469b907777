"""Readings of elements' days from the evidence, each from what the days before it carry over."""

from collections.abc import Mapping
from datetime import date

import numpy as np

from processors.core.cells import EMPTY, CellArray, slots_of
from processors.core.conventions import Grid
from processors.core.element_day import ElementDay, counted_slots
from processors.core.element_evidence import MEASURED, ElementEvidence
from processors.core.notices import NoticeBook
from processors.core.reading import Alive, Carry, DayReading, Evidence, ReadingRule, read_stretch
from processors.core.reading_rule import reading_rule
from processors.core.signs_of_life import SignsOfLife
from schemas.registry import Element, Registry

# Readers go back a few days at most; a longer look back is read again from the start.
_CARRIES_KEPT = 8


class DayReadings:
    """Reads days from evidence that others add to.

    Args:
        registry: with all dated rows.
        grid: the deployment's slots and local days.
        evidence: by element.
        notices: of planned work.
        signs: of life, of all feeds.
    """

    def __init__(
        self,
        registry: Registry,
        grid: Grid,
        evidence: Mapping[str, ElementEvidence],
        notices: NoticeBook,
        signs: SignsOfLife,
    ) -> None:
        self._registry = registry
        self._grid = grid
        self._evidence = evidence
        self._notices = notices
        self._signs = signs
        self._rules: dict[Element, ReadingRule] = {}

    def read_day(self, element: str, day: int, now_us: int) -> ElementDay:
        """The element's local day as of now: what each slot reads and which slots count."""
        row = self._registry.on(element, date.fromordinal(day))
        if row is None:
            return ElementDay.of_nothing(self._grid, day)
        rule = self.rule_of(row)
        state = self._evidence[element]
        windows = self._notices.windows(row.enterprise, element, self._grid.close_us(day))
        reading, _ = self._step(state, day, rule, self._carry_into(state, day, rule), windows)
        counted = counted_slots(row, self._grid, day, now_us)
        cells = tuple(state.cells(day, reporter, day) for reporter in (MEASURED, row.enterprise))
        return ElementDay(self._grid, day, row, reading, counted, cells)

    def carry_into(self, element: str, day: int) -> Carry | None:
        """What reading the day needs of the days before it; None where no row is in force."""
        row = self._registry.on(element, date.fromordinal(day))
        if row is None:
            return None
        rule = self.rule_of(row)
        return self._carry_into(self._evidence[element], day, rule)[1]

    def carry_under(self, element: str, day: int, rule: ReadingRule) -> Carry:
        """What reading the day under this rule needs of the days before it, also where no row is in force."""
        return self._carry_into(self._evidence[element], day, rule)[1]

    def rule_of(self, row: Element) -> ReadingRule:
        """How an element is read under a registry row."""
        if row not in self._rules:
            self._rules[row] = reading_rule(row, self._registry, self._grid)
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
        return first, Carry(at=self._grid.span(first)[0])

    def _step(
        self,
        state: ElementEvidence,
        day: int,
        rule: ReadingRule,
        before: tuple[int, Carry],
        windows: list[tuple[int, int]] | tuple[()],
    ) -> tuple[DayReading, Carry]:
        first, end = self._grid.span(day)
        carry = before[1]
        evidence = Evidence(
            state.cells(day, MEASURED, day),
            state.cells(day, rule.enterprise, day),
            self._ahead(state, day, end + rule.measured.valid_slots),
        )
        alive = self._alive(rule, carry.at, end, day) if rule.declared.alive_only else None
        reading, following = read_stretch(
            carry, evidence, (first, end), rule, self._grid.conventions, alive, windows
        )
        state.carries[day + 1, rule] = (self._epoch(rule), following)
        state.carried_to = max(state.carried_to, day + 1)
        state.carries.pop((day - _CARRIES_KEPT, rule), None)
        return reading, following

    def _ahead(self, state: ElementEvidence, day: int, before_slot: int) -> CellArray:
        """Measured cells after the day that may confirm a run at its end, as far as the day's close had them."""
        parts = []
        following = day + 1
        while self._grid.span(following)[0] < before_slot:
            cells = state.cells(following, MEASURED, day)
            parts.append(cells[slots_of(cells) < before_slot])
            following += 1
        return np.concatenate(parts) if parts else EMPTY

    def _epoch(self, rule: ReadingRule) -> int:
        return self._signs.epoch(rule.enterprise) if rule.declared.alive_only else 0

    def _alive(self, rule: ReadingRule, start: int, end: int, day: int) -> Alive:
        first_day = self._grid.day_of((start - rule.alive_slots) * self._grid.slot_us)
        return self._signs.alive(rule.enterprise, (first_day, day), (start, end), rule.alive_slots)
