"""Offline: what stands out of the enterprises' word on each element's day, from archived events alone.

The yardstick that the closing's findings are held against; one code reads both.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from typing import Any

from processors.core.province import Province
from processors.replay import take_in
from processors.told import Told, Word
from schemas.refusal import Refusal
from schemas.time import LocalCalendar


def words(
    province: Province,
    lines: Iterable[bytes],
    first: date,
    end: date,
    now_ms: int,
    refused: Callable[[bytes, Refusal, str], None],
) -> Iterator[tuple[date, Word]]:
    """The words on the local days `[first, end)`, by day and element; what was received after `now_ms` does not exist.

    Args:
        province: without any evidence; it holds all of it afterwards.
        lines: archived events in any order.
        first: the first day that is told of; earlier ones are read for what holds over midnight.
        end: the day after the last.
        now_ms: as of when.
        refused: told of what the core refuses.
    """
    told = Told(province.grid, province.registry, now_ms * 1000)
    take_in(province, told.noting_causes(lines), now_ms, refused, told.counted)
    day = min(told.first_day() or first, first)
    while day < end:
        told.begin(day)
        for element in sorted(province.registry.elements):
            row = province.registry.on(element, day)
            if row is not None:
                word = told.word(row, province.read_day(element, day.toordinal(), now_ms * 1000))
                if day >= first:
                    yield day, word
        day += timedelta(days=1)


def as_dict(day: date, word: Word, zone: str) -> dict[str, Any]:
    """The word as it is printed."""
    calendar = LocalCalendar(zone)
    return {
        "element": word.element,
        "enterprise": word.enterprise,
        "day": day.isoformat(),
        "late_s": word.late.late_s,
        "longest_s": word.late.longest_s,
        "differing_causes": [
            {
                "from": calendar.format(one.from_ms),
                "to": calendar.format(one.to_ms),
                "seconds": one.seconds,
                "measured": list(one.measured),
                "declared": list(one.declared),
            }
            for one in word.differing
        ],
    }
