"""Counts and short lists that the wall draws from the elements and their figures: pure functions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dashboards.console.view import ElementNow, Figures
from schemas.registry import Kind
from schemas.status import Reading
from stores.ledger.periods import PeriodFigure


def counts(elements: Iterable[ElementNow]) -> dict[Kind, dict[Reading, int]]:
    """How many stations and links read what; every reading is present, also with 0."""
    found = {kind: dict.fromkeys(Reading, 0) for kind in Kind}
    for one in elements:
        found[one.element.kind][one.state] += 1
    return found


def counts_by_enterprise(elements: Iterable[ElementNow], kind: Kind) -> dict[str, dict[Reading, int]]:
    """The same for one kind, by enterprise."""
    found: dict[str, dict[Reading, int]] = {}
    for one in elements:
        if one.element.kind is kind:
            states = found.setdefault(one.element.enterprise, dict.fromkeys(Reading, 0))
            states[one.state] += 1
    return found


def open_outages(elements: Iterable[ElementNow]) -> list[ElementNow]:
    """What is down now, the longest first. Planned work is no outage."""
    down = [one for one in elements if one.state is Reading.DOWN]
    return sorted(down, key=lambda one: (one.since_ms or 0, one.element.id))


@dataclass(frozen=True, slots=True)
class Worst:
    """An element and its figure of the day."""

    now: ElementNow
    figure: PeriodFigure


def worst(elements: Mapping[str, ElementNow], figures: Figures, limit: int) -> list[Worst]:
    """The elements with the most down time, the worst first; those without any are not listed."""
    touched = [
        Worst(elements[id_], figure)
        for id_, figure in figures.elements.items()
        if figure.figure.down > 0 and id_ in elements
    ]
    return sorted(touched, key=lambda one: (-one.figure.figure.down, one.now.element.id))[:limit]
