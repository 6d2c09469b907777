"""Announced work in the demonstration: in time, too late, over-long and withdrawn notices."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final

from btswatch.demo.incidents import HOUR, MINUTE

DAY: Final = 24 * HOUR
# How long before its day a plan may be announced, and how long work may last.
_LOOK: Final = 5
_ZONE_SHIFT: Final = 7 * HOUR


class Plan(StrEnum):
    """How well an announcement keeps the rules (spec, section 4)."""

    IN_TIME = "in_time"
    TOO_LATE = "too_late"
    OVER_LONG = "over_long"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Work:
    """Planned work on some elements of an enterprise; instants in milliseconds.

    `start` and `end` are the announced window; the elements are down during `[down_from, down_to)`.
    """

    enterprise: str
    notice: str
    plan: Plan
    elements: tuple[str, ...]
    announced: int
    start: int
    end: int
    down_from: int
    down_to: int
    withdrawn: int | None = None


class Works:
    """All planned work, by the day on which it starts.

    Args:
        seed: of everything.
        elements: ids by enterprise.
        lively_from: soon after this instant some work is seen at once.
    """

    def __init__(self, seed: int, elements: Mapping[str, Sequence[str]], lively_from: int) -> None:
        self._seed = seed
        self._elements = {name: tuple(ids) for name, ids in elements.items() if ids}
        self._lively_from = lively_from

    def between(self, from_ms: int, to_ms: int) -> list[Work]:
        """Work that was announced, withdrawn or done in the interval."""
        first, last = from_ms // DAY - _LOOK, to_ms // DAY + _LOOK
        found = [one for day in range(first, last + 1) for one in self._day(day)]
        found += self._soon()
        return sorted(
            (one for one in found if one.announced < to_ms and max(one.end, one.down_to) > from_ms),
            key=lambda one: (one.announced, one.notice),
        )

    def _day(self, day: int) -> Iterator[Work]:
        chance = Random(f"works {self._seed} {day}")
        for enterprise, ids in self._elements.items():
            if chance.random() < 0.35:
                plan = chance.choices(tuple(Plan), (60, 15, 10, 15))[0]
                # At night, 22:00 to 03:00 of the province's time.
                at = day * DAY - _ZONE_SHIFT + 22 * HOUR + chance.randrange(5 * HOUR)
                elements = tuple(sorted(chance.sample(ids, min(len(ids), chance.randrange(1, 5)))))
                yield _work(enterprise, f"{day}-1", plan, elements, at, chance)

    def _soon(self) -> Iterator[Work]:
        chance = Random(f"soon {self._seed}")
        names = sorted(self._elements)
        for number, plan in enumerate((Plan.IN_TIME, Plan.TOO_LATE, Plan.WITHDRAWN)):
            enterprise = names[chance.randrange(len(names))]
            element = chance.choice(self._elements[enterprise])
            at = self._lively_from + (1 + number) * 2 * MINUTE
            yield _work(enterprise, f"soon-{number}", plan, (element,), at, chance, length=25 * MINUTE)


def _work(
    enterprise: str,
    number: str,
    plan: Plan,
    elements: tuple[str, ...],
    at: int,
    chance: Random,
    length: int = 0,
) -> Work:
    length = length or int(chance.uniform(1, 5) * HOUR)
    notice = f"{enterprise.upper()}-CV-{number}"
    announced = at - int(chance.uniform(28, 70) * HOUR)
    if plan is Plan.TOO_LATE:
        announced = at - int(chance.uniform(1, 20) * HOUR)
    end = at + (80 * HOUR if plan is Plan.OVER_LONG else length)
    begin = at + 2 * MINUTE
    if plan is Plan.WITHDRAWN:
        return Work(
            enterprise, notice, plan, elements, announced, at, end, begin, begin, at - chance.randrange(HOUR)
        )
    return Work(enterprise, notice, plan, elements, announced, at, end, begin, begin + length * 9 // 10)
