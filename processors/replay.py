"""Offline figures: archived events in, period figures out. The yardstick that live and official figures are held against."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache, partial
from typing import Any

from processors.core.decode import Decoded, UndecodableError, decode
from processors.core.element_day import ElementDay
from processors.core.figures import Figure, figure_of, total_of
from processors.core.periods import PeriodKind, periods
from processors.core.province import Province, Taken
from processors.core.tally import NOTHING, Tally, concatenate
from schemas.refusal import Refusal
from schemas.registry import Element, Kind
from schemas.time import LocalCalendar

_BATCH = 2000
_BATCH_BYTES = 8 * 1024 * 1024


class Scope(StrEnum):
    """What a figure is about."""

    ELEMENT = "element"
    ENTERPRISE = "enterprise"
    UNIT = "unit"
    PROVINCE = "province"
    TECHNOLOGY = "technology"


_SCOPE_IDS: Mapping[Scope, Callable[[Element], tuple[str, ...]]] = {
    Scope.ELEMENT: lambda row: (row.id,),
    Scope.ENTERPRISE: lambda row: (row.enterprise,),
    Scope.UNIT: lambda row: (row.unit,) if row.unit else (),
    Scope.PROVINCE: lambda _: ("province",),
    Scope.TECHNOLOGY: lambda row: row.technologies,
}


@dataclass(frozen=True, slots=True)
class Question:
    """Which figures: the periods of `period` that tile `[start, end)`, as of `now`; instants in milliseconds."""

    start: int
    end: int
    now: int
    period: PeriodKind
    scope: Scope = Scope.ELEMENT
    kind: Kind = Kind.STATION


@dataclass(frozen=True, slots=True)
class PeriodFigure:
    """One printed figure."""

    scope: Scope
    id: str
    period: PeriodKind
    start: int
    end: int
    figure: Figure
    final: bool

    def as_dict(self, zone: str) -> dict[str, Any]:
        """The published object (interfaces: `replay --format json`)."""
        calendar = LocalCalendar(zone)
        return {
            "scope": str(self.scope),
            "id": self.id,
            "period": str(self.period),
            "from": calendar.format(self.start),
            "to": calendar.format(self.end),
            **self.figure.as_dict(),
            "state": "final" if self.final else "provisional",
        }


def take_in(
    province: Province,
    lines: Iterable[bytes],
    now: int,
    refused: Callable[[bytes, Refusal, str], None],
    counted: Callable[[Decoded], None] | None = None,
) -> int:
    """Apply archived lines in batches; returns how many events there were. What was received after `now` does not exist yet.

    `counted` is told of each event that counts.
    """
    seen = 0
    for batch in _batches(lines):
        seen += len(batch)
        for line, event in zip(batch, decode(batch), strict=True):
            if isinstance(event, UndecodableError):
                refused(line, event.code, event.detail)
            elif isinstance(outcome := province.apply(event, line, now * 1000), Refusal):
                refused(line, outcome, event["id"])
            elif outcome is Taken.COUNTED and counted is not None:
                counted(event)
    return seen


def _batches(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    size = 0
    for line in lines:
        batch.append(line)
        size += len(line)
        if len(batch) == _BATCH or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def figures(province: Province, question: Question) -> Iterator[PeriodFigure]:
    """The asked figures, sorted by (id, start).

    Raises:
        NotOnBoundaryError: the question's interval does not begin and end with a period.
    """
    zone = province.conventions.zone
    spans = list(periods(question.start, question.end, question.period, zone))
    tallies: dict[tuple[str, int], dict[str, Tally]] = {}
    scope_ids = _SCOPE_IDS[question.scope]
    for element, rows in province.registry.elements.items():
        if rows[0].kind is not question.kind:
            continue
        for name in {name for row in rows for name in scope_ids(row)}:
            for start, _ in spans:
                tallies.setdefault((name, start), {})
        read_day = lru_cache(maxsize=1)(partial(province.read_day, element, now_us=question.now * 1000))
        for start, end in spans:
            for row, tally in _element_tallies(province, element, (start, end), question.now, read_day):
                for name in scope_ids(row):
                    parts = tallies[name, start]
                    parts[element] = concatenate(parts.get(element, NOTHING), tally)
    ends = dict(spans)
    for (name, start), parts in sorted(tallies.items()):
        figure = total_of(figure_of(tally, province.conventions.grid_s) for tally in parts.values())
        final = question.now * 1000 >= province.grid.close_us(province.grid.day_of(ends[start] * 1000 - 1))
        yield PeriodFigure(question.scope, name, question.period, start, ends[start], figure, final)


def _element_tallies(
    province: Province,
    element: str,
    span: tuple[int, int],
    now: int,
    read_day: Callable[[int], ElementDay],
) -> Iterator[tuple[Element, Tally]]:
    """The tallies of the days, or parts of days, of a period that have begun, with the registry row in force."""
    grid = province.grid
    start_us, end_us = span[0] * 1000, min(span[1], now) * 1000
    if start_us >= end_us:
        return
    first, end = -(-start_us // grid.slot_us), -(-span[1] * 1000 // grid.slot_us)
    for day in range(grid.day_of(start_us), grid.day_of(end_us - 1) + 1):
        row = province.registry.on(element, date.fromordinal(day))
        if row is not None:
            yield row, read_day(day).tally_between(first, end)
