"""From the core's reading of a day to what the ledger stores: the same for live and for closed days."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Final

from processors.core.element_day import ElementDay
from processors.core.figures import figure_of
from processors.core.tally import Tally
from schemas.registry import Element
from schemas.status import Reading
from stores.ledger.figures import DayFigure
from stores.ledger.history import Transition

NO_RULES: Final = ""


@dataclass(frozen=True, slots=True)
class Basis:
    """What a set of figures rests on and whether it is official. `closed_at_ms` is None while it is not."""

    state: str
    as_of_ms: int
    registry_digest: str
    closed_at_ms: int | None = None
    rules_digest: str = NO_RULES


def day_figure(
    read: ElementDay, row: Element, tally: Tally, basis: Basis, inputs_digest: str = ""
) -> DayFigure:
    """The ledger's row of one element and day; `tally` may stop before the reading does (a slot not yet over)."""
    slot_s = read.grid.seconds
    slot_ms = slot_s * 1000
    return DayFigure(
        element=row.id,
        day=date.fromordinal(read.day),
        enterprise=row.enterprise,
        kind=row.kind.value,
        unit=row.unit,
        technologies=row.technologies,
        figure=figure_of(tally, slot_s),
        head_s=tally.head * slot_s,
        tail_s=tally.tail * slot_s,
        from_ms=tally.first * slot_ms,
        to_ms=tally.end * slot_ms,
        runs=[
            [start * slot_ms, min(end, tally.end) * slot_ms, int(reading)]
            for start, end, reading in read.runs
            if start < tally.end
        ],
        state=basis.state,
        as_of_ms=basis.as_of_ms,
        registry_digest=basis.registry_digest,
        rules_digest=basis.rules_digest,
        inputs_digest=inputs_digest,
        closed_at_ms=basis.closed_at_ms,
    )


def transitions(
    read: ElementDay, element: str, before: Reading | None, causes: Mapping[int, str]
) -> list[Transition]:
    """The day's transitions; `causes` by the moment of the evidence that gave one."""
    return [
        Transition(element, one.at_ms, one.before, one.after, causes.get(one.at_ms))
        for one in read.transitions(before)
    ]


def end_reading(read: ElementDay) -> Reading | None:
    """What the element read in the last counted slot of the day; None where none counts."""
    first, end = read.counted
    return read.state_at(end - 1)[0] if end > first else None


def inputs_digest(read: ElementDay, carry: bytes, windows: Iterable[tuple[int, int]]) -> str:
    """SHA-256 of what the day was read from: its cells on both tracks, what was carried in, announced work."""
    digest = sha256()
    for cells in read.cells:
        digest.update(len(cells).to_bytes(8, "big"))
        digest.update(cells.tobytes())
    digest.update(carry)
    digest.update(repr(list(windows)).encode())
    return f"sha256:{digest.hexdigest()}"
