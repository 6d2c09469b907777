"""The evidence of one element, by day, reporter and tier, and what readings of it carry from day to day."""

from dataclasses import dataclass

import numpy as np

from processors.core.cells import EMPTY, CellArray, CellBag, merge, slots_of
from processors.core.reading import Carry, ReadingRule
from schemas.registry import Element

MEASURED = ""  # stands for all measuring reporters: their evidence is one track


@dataclass(frozen=True, slots=True, order=True)
class BlockKey:
    """An hour of one element's evidence as it is stored: reporter "" is the measured track, `hour` is since the epoch."""

    element: str
    day: int
    reporter: str
    tier: int
    hour: int


class ElementEvidence:
    """The evidence and the carries of one element."""

    __slots__ = ("bags", "base", "carried_to", "carries", "owners", "settled")

    def __init__(self, rows: tuple[Element, ...]) -> None:
        self.owners = frozenset(row.enterprise for row in rows)
        # One owner on every day: then its events need no look at the registry to be signs of life.
        self.settled = len(rows) == 1 and rows[0].valid_from is None and rows[0].valid_to is None
        self.bags: dict[tuple[int, str, int], CellBag] = {}
        self.carries: dict[tuple[int, ReadingRule], tuple[int, Carry]] = {}
        self.base: tuple[int, Carry] | None = None
        self.carried_to = -1

    def add(self, day: int, reporter: str, tier: int, cell: int) -> None:
        """Add one observation."""
        self._bag(day, reporter, tier).add(cell)
        if day < self.carried_to:
            self.changed(day)

    def add_cells(self, day: int, reporter: str, tier: int, cells: CellArray) -> None:
        """Add many observations of one day."""
        self._bag(day, reporter, tier).extend(cells.tobytes())
        if day < self.carried_to:
            self.changed(day)

    def _bag(self, day: int, reporter: str, tier: int) -> CellBag:
        bag = self.bags.get((day, reporter, tier))
        if bag is None:
            bag = self.bags[day, reporter, tier] = CellBag()
        return bag

    def changed(self, day: int) -> None:
        """Evidence of the day is new: what was carried over from it no longer holds."""
        if day < self.carried_to:
            self.carries = {key: carry for key, carry in self.carries.items() if key[0] <= day}
            self.carried_to = day

    def cells(self, day: int, reporter: str, up_to_tier: int) -> CellArray:
        """The merged cells of a day that count by the tier."""
        found = [
            bag.cells()
            for (d, r, tier), bag in self.bags.items()
            if d == day and r == reporter and tier <= up_to_tier
        ]
        if not found:
            return EMPTY
        return found[0] if len(found) == 1 else merge(np.concatenate(found))

    def days(self) -> set[int]:
        """Days with any evidence."""
        return {day for day, _, _ in self.bags}

    def block(self, key: BlockKey, slot_s: int) -> bytes:
        """One block's cells, as bytes; `slot_s` is how long a slot is."""
        cells = self.bags[key.day, key.reporter, key.tier].cells()
        hours = slots_of(cells) * slot_s // 3600
        chosen: CellArray = cells[hours == key.hour]
        return chosen.tobytes()

    def cells_of(self, day: int) -> dict[tuple[str, int], bytes]:
        """All of a day that is in memory, by (reporter, tier), as bytes."""
        return {(r, tier): bag.cells().tobytes() for (d, r, tier), bag in self.bags.items() if d == day}

    def restore(self, key: BlockKey, cells: bytes) -> None:
        """Put a stored block back."""
        self._bag(key.day, key.reporter, key.tier).extend(cells)
        self.changed(key.day)

    def restore_carry(self, day: int, carry: Carry) -> None:
        """Let readings start from this carry; evidence before the day is not there."""
        self.base = (day, carry)
        self.changed(day - 1)

    def drop_before(self, day: int, carry: Carry | None) -> None:
        """Forget days before this one; `carry` is what reading on needs of them."""
        self.base = (day, carry) if carry is not None else None
        self.bags = {key: bag for key, bag in self.bags.items() if key[0] >= day}
        self.carries = {key: made for key, made in self.carries.items() if key[0] >= day}
