"""A partition's rows as an engine's storage, and what a checkpoint writes of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any

import numpy as np

from processors.core.element_evidence import BlockKey
from processors.core.province import Province
from processors.engine.state import Changes, ReadAgain, Sign, Transitions
from processors.engine.worker.rows import DayRow, key, kind_of_key, packed, parts_of, unpacked
from schemas.status import Reading
from stores.ledger.blocks import StoredNotice
from stores.ledger.province_view import ElementNow

Day = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Writes:
    """What the table is to hold from now on, and what no longer."""

    puts: dict[bytes, bytes] = field(default_factory=dict)
    deletes: list[bytes] = field(default_factory=list)


class TableState:
    """`EngineState` over one partition's rows.

    Days in memory (from `horizon` on) have their cells in the province; days before it are read from their rows, and
    what is changed of them waits here for the next checkpoint.

    Args:
        partition: whose rows.
        rows: all of them; what a checkpoint writes is taken over here too.
    """

    def __init__(self, partition: int, rows: Mapping[bytes, bytes]) -> None:
        self.partition = partition
        self.province: Province | None = None
        self.horizon = 0
        self.again: list[ReadAgain] = []
        self._rows = dict(rows)
        self._held: dict[Day, DayRow] = {}
        self._changed: set[Day] = set()
        self._pending: dict[bytes, bytes] = {}
        self._days: dict[int, set[str]] = {}
        self._signs: dict[tuple[str, int], dict[str, bytes]] = {}
        self._dropped_before = 0
        for one in self._rows:
            if kind_of_key(one) == "day":
                day, element = parts_of(one, 2)
                self._days.setdefault(date.fromisoformat(day).toordinal(), set()).add(element)

    # What is known

    def value(self, kind: str, *parts: str | int) -> Any | None:
        """A row's value; None where there is no such row."""
        stored = self._rows.get(key(self.partition, kind, *parts))
        return None if stored is None else unpacked(stored)[0]

    def values(self, kind: str) -> Iterator[tuple[str, Any]]:
        """All rows of a kind that has one part."""
        for one, stored in self._rows.items():
            if kind_of_key(one) == kind:
                yield parts_of(one, 1)[0], unpacked(stored)[0]

    def evidence(
        self, first: int, last: int, elements: Sequence[str] | None = None
    ) -> Iterator[tuple[BlockKey, bytes]]:
        """Whole days; the blocks' hours play no part here."""
        for day in sorted(day for day in self._days if first <= day <= last):
            known = self._days[day]
            for element in known if elements is None else [name for name in elements if name in known]:
                for (reporter, tier), cells in self._cells(element, day).items():
                    yield BlockKey(element, day, reporter, tier, 0), cells

    def carries(self, day: int, elements: Sequence[str] | None = None) -> Mapping[str, bytes]:
        """Carries into the day."""
        found = {element: row.carry for element, row in self._rows_of(day, elements)}
        return {element: carry for element, carry in found.items() if carry is not None}

    def life(self, first: int) -> Iterable[Sign]:
        """Signs of life."""
        for one in self._rows:
            if kind_of_key(one) == "life":
                day, enterprise = parts_of(one, 2)
                self._signs_of(enterprise, date.fromisoformat(day).toordinal())
        for (enterprise, ordinal), by_element in self._signs.items():
            if ordinal >= first:
                yield from ((enterprise, ordinal, element, slots) for element, slots in by_element.items())

    def notices(self) -> Iterable[StoredNotice]:
        """All notices."""
        for _, stored in self.values("notice"):
            for one in stored:
                yield StoredNotice(**one)

    def ends(self, day: int, elements: Sequence[str] | None = None) -> Mapping[str, Reading]:
        """Kept with the day after."""
        found = {element: row.before for element, row in self._rows_of(day + 1, elements)}
        return {element: Reading(before) for element, before in found.items() if before is not None}

    def transitions(self, first: int) -> Transitions:
        """Transitions as they were told."""
        return {
            (element, date.fromordinal(day)): list(row.transitions)
            for day in self._days
            if day >= first
            for element, row in self._rows_of(day)
            if row.transitions
        }

    def causes(self, elements: Sequence[str], first: int, last: int) -> Mapping[str, Mapping[int, str]]:
        """Causes of the transitions as they were told."""
        found: dict[str, dict[int, str]] = {}
        for day in range(first, last + 1):
            for element, row in self._rows_of(day, elements):
                causes = {one.at_ms: one.cause for one in row.transitions if one.cause is not None}
                found.setdefault(element, {}).update(causes)
        return found

    def states(self) -> Iterable[ElementNow]:
        """Of each element the newest day's."""
        newest: dict[str, ElementNow] = {}
        for day in sorted(self._days):
            for element, row in self._rows_of(day):
                if row.shown is not None:
                    newest[element] = row.shown
        return newest.values()

    # What changes

    def save_evidence(self, changes: Changes, horizon: int) -> None:
        """Take changes in."""
        self.horizon = horizon
        for block, cells in changes.blocks.items():
            row = self.change(block.element, block.day)
            if block.day < horizon:
                row.add(block.reporter, block.tier, cells)
        for (enterprise, day, element), slots in changes.life.items():
            known = self._signs_of(enterprise, day)
            both = np.frombuffer(slots + known.get(element, b""), dtype=np.int64)
            known[element] = np.unique(both).tobytes()
            self._put_signs(enterprise, day, known)
        notices: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for notice in changes.notices:
            notices.setdefault((notice.enterprise, notice.notice), []).append(asdict(notice))
        for (enterprise, name), stored in notices.items():
            self.put(stored, "notice", f"{enterprise}/{name}")

    def save_again(self, found: ReadAgain) -> None:
        """Take in what was read again; `again` has it until somebody has told it."""
        self.again.append(found)
        for (element, day), told in found.transitions.items():
            self.change(element, day.toordinal()).transitions = told
        for day_number, carried in found.carries.items():
            for element, carry in carried.items():
                self.change(element, day_number).carry = carry
        for (element, day_number), end in found.ends.items():
            self.change(element, day_number + 1).before = int(end)

    def change(self, element: str, day: int) -> DayRow:
        """The row, to be changed; the next checkpoint writes it."""
        self._changed.add((element, day))
        self._days.setdefault(day, set()).add(element)
        return self._row(element, day)

    def put(self, value: Any, kind: str, *parts: str | int) -> None:
        """Set any other row."""
        self._pending[key(self.partition, kind, *parts)] = packed(value)

    def take(self, drop_before: int) -> Writes:
        """All that changed since the last time, to be written now; days before `drop_before` are forgotten."""
        puts, self._pending = self._pending, {}
        for element, day in self._changed:
            if day >= drop_before:
                row = replace(self._row(element, day), cells=self._cells(element, day))
                puts[self._key(element, day)] = row.packed()
        self._changed.clear()
        # Days that have left memory are read from their rows again when something comes for them.
        self._held = {at: row for at, row in self._held.items() if at[1] >= self.horizon}
        deletes = self._to_delete(drop_before)
        for day in [day for day in self._days if day < drop_before]:
            del self._days[day]
        self._signs = {at: known for at, known in self._signs.items() if at[1] >= drop_before}
        self._rows |= puts
        for one in deletes:
            del self._rows[one]
        return Writes(puts, deletes)

    def attach(self, province: Province, horizon: int) -> None:
        """From now on the evidence of days from the horizon on is the province's."""
        self.province, self.horizon = province, horizon
        for (_, day), row in self._held.items():
            if day >= horizon:
                row.cells = {}

    def forget_before(self, day: int) -> None:
        """Days before this one are no longer in memory: their rows are all there is of them."""
        self.horizon = day
        self._held = {at: row for at, row in self._held.items() if at[1] >= day}

    def _to_delete(self, drop_before: int) -> list[bytes]:
        if drop_before <= self._dropped_before:
            return []
        self._dropped_before = drop_before
        return [one for one in self._rows if _day_of(one, drop_before) < drop_before]

    def _row(self, element: str, day: int) -> DayRow:
        row = self._held.get((element, day))
        if row is None:
            stored = self._rows.get(self._key(element, day))
            row = DayRow() if stored is None else DayRow.of(element, stored)
            self._held[element, day] = row
        return row

    def _cells(self, element: str, day: int) -> dict[tuple[str, int], bytes]:
        if self.province is not None and day >= self.horizon:
            return self.province.cells_of(element, day)
        return self._row(element, day).cells

    def _rows_of(self, day: int, elements: Sequence[str] | None = None) -> Iterator[tuple[str, DayRow]]:
        known = self._days.get(day, set())
        for element in sorted(known if elements is None else known.intersection(elements)):
            yield element, self._row(element, day)

    def _signs_of(self, enterprise: str, day: int) -> dict[str, bytes]:
        known = self._signs.get((enterprise, day))
        if known is None:
            known = self._signs[enterprise, day] = {}
            stored = self._rows.get(self._life_key(enterprise, day))
            if stored is not None:
                sizes, slots = unpacked(stored)
                at = 0
                for element, size in sizes:
                    known[element] = slots[at : at + size]
                    at += size
        return known

    def _put_signs(self, enterprise: str, day: int, known: Mapping[str, bytes]) -> None:
        sizes = [[element, len(slots)] for element, slots in known.items()]
        self._pending[self._life_key(enterprise, day)] = packed(sizes, b"".join(known.values()))

    def _key(self, element: str, day: int) -> bytes:
        return key(self.partition, "day", date.fromordinal(day).isoformat(), element)

    def _life_key(self, enterprise: str, day: int) -> bytes:
        return key(self.partition, "life", date.fromordinal(day).isoformat(), enterprise)


def _day_of(stored: bytes, otherwise: int) -> int:
    if kind_of_key(stored) not in ("day", "life"):
        return otherwise
    return date.fromisoformat(parts_of(stored, 2)[0]).toordinal()
