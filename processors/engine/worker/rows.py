"""What a partition keeps in the table, row by row: as bytes and as values.

A row's key is `partition/kind/...`, plain text, so that a partition's rows are known by their beginning. A value is
deflated: a line of JSON, and after it what the JSON says of cells, as bytes. A day of polls a minute takes some 4 KB.
"""

import json
import zlib
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Self

import numpy as np

from processors.core.cells import CellArray, merge
from schemas.status import Reading
from stores.ledger.history import Transition
from stores.ledger.province_view import ElementNow

# Level 1: a checkpoint writes hundreds of rows, and the next levels gain a tenth for twice the time.
_LEVEL: Final = 1
Cells = dict[tuple[str, int], bytes]


@dataclass(slots=True)
class DayRow:
    """One element's local day.

    Attributes:
        cells: its evidence by (reporter, tier).
        carry: what is carried into it; None while the days before it are in memory too.
        before: what the element read at the end of the day before; None as long.
        transitions: as they were told.
        shown: the element's state as it was told last, if that was on this day.
    """

    cells: Cells = field(default_factory=dict)
    carry: bytes | None = None
    before: int | None = None
    transitions: list[Transition] = field(default_factory=list)
    shown: ElementNow | None = None

    def packed(self) -> bytes:
        """As it is stored."""
        value: dict[str, Any] = {
            "cells": [[reporter, tier, len(cells)] for (reporter, tier), cells in self.cells.items()],
            "transitions": [
                [one.at_ms, int(one.before), int(one.after), one.cause] for one in self.transitions
            ],
        }
        if self.carry is not None:
            value["carry"] = self.carry.decode()
        if self.before is not None:
            value["before"] = self.before
        if self.shown is not None:
            value["shown"] = asdict(self.shown)
        return packed(value, b"".join(map(_planes, self.cells.values())))

    @classmethod
    def of(cls, element: str, stored: bytes) -> Self:
        """The row that `packed` gave."""
        value, planes = unpacked(stored)
        row = cls(
            carry=value["carry"].encode() if "carry" in value else None,
            before=value.get("before"),
            transitions=[
                Transition(element, at, Reading(before), Reading(after), cause)
                for at, before, after, cause in value["transitions"]
            ],
            shown=_shown(value["shown"]) if "shown" in value else None,
        )
        at = 0
        for reporter, tier, size in value["cells"]:
            row.cells[reporter, tier] = _cells(planes[at : at + size])
            at += size
        return row

    def add(self, reporter: str, tier: int, cells: bytes) -> None:
        """Let evidence join what is there."""
        known = self.cells.get((reporter, tier), b"")
        together: CellArray = np.frombuffer(known + cells, dtype=np.uint64)
        self.cells[reporter, tier] = merge(together).tobytes()


def packed(value: Any, following: bytes = b"") -> bytes:
    """Any row's value as it is stored."""
    line = json.dumps(value, separators=(",", ":")).encode()
    return zlib.compress(line + b"\n" + following, _LEVEL)


def unpacked(stored: bytes) -> tuple[Any, bytes]:
    """The value that `packed` gave, and what followed it."""
    line, _, following = zlib.decompress(stored).partition(b"\n")
    return json.loads(line), following


def key(partition: int, kind: str, *parts: str | int) -> bytes:
    """A row's key; the last part may hold anything, the others no slash."""
    return "/".join((str(partition), kind, *map(str, parts))).encode()


def parts_of(stored: bytes, number: int) -> list[str]:
    """The key's parts after the kind."""
    return stored.decode().split("/", 1 + number)[2:]


def partition_of_key(stored: bytes) -> int:
    """Whose row it is."""
    return int(stored.partition(b"/")[0])


def kind_of_key(stored: bytes) -> str:
    """What kind of row it is."""
    return stored.split(b"/", 2)[1].decode()


def _planes(cells: bytes) -> bytes:
    # Differences of neighbours, first all their lowest bytes, then the next ones: most are zero or alike, so that they
    # deflate to under half of what the cells would, in a quarter of the time.
    steps = np.diff(np.frombuffer(cells, dtype="<u8"), prepend=np.uint64(0))
    return steps.astype("<u8").view(np.uint8).reshape(-1, 8).T.tobytes()


def _cells(planes: bytes) -> bytes:
    steps = np.frombuffer(planes, dtype=np.uint8).reshape(8, -1).T.copy().view("<u8")[:, 0]
    return np.cumsum(steps, dtype=np.uint64).tobytes()


def _shown(value: dict[str, Any]) -> ElementNow:
    readings = {name: Reading(value[name]) for name in ("status", "measured", "declared")}
    return ElementNow(**{**value, **readings})
