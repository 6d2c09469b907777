"""From an element's sums by stretches of days to the portions that versions of a rule judge."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from processors.core.verdict import AvailabilityRule, Portion
from schemas.figures import Figure


@dataclass(frozen=True, slots=True)
class Stretch:
    """Local days `[first, end)` within one calendar month, under one state of all rules. `month` numbers the months."""

    first: date
    end: date
    month: int


def add_up(
    figures: Mapping[int, Figure],
    rules: Sequence[AvailabilityRule | None],
    stretches: Sequence[Stretch],
    planned_before_s: int = 0,
) -> Iterator[Portion]:
    """An element's portions, one a stretch on which a rule is in force.

    Announced work beyond the cap counts as down, per element and calendar month: what earlier stretches of the month
    have used of the cap is gone for the later ones.

    Args:
        figures: the element's sums by the stretch's number.
        rules: what is in force on each stretch.
        stretches: all of them, in order.
        planned_before_s: announced work before the first stretch, in its month.
    """
    used: dict[int, int] = {stretches[0].month: planned_before_s}
    beyond: dict[int, int] = {}
    for at, (rule, stretch) in enumerate(zip(rules, stretches, strict=True)):
        figure = figures.get(at)
        if figure is None:
            continue
        month = stretch.month
        used[month] = used.get(month, 0) + figure.planned
        if rule is None:
            continue
        # Never more than this stretch has: what lies before it was judged under what held then.
        over = max(0, used[month] - rule.planned_cap_s - beyond.get(month, 0))
        here = min(over, figure.planned)
        beyond[month] = beyond.get(month, 0) + here
        yield Portion(figure, here, rule)


def weighted(portions: Iterable[Portion], weight: int) -> Iterator[Portion]:
    """The portions with every second counted so many times (QCVN 34, 35, 36: r of R in the formula of D)."""
    if weight == 1:
        yield from portions
        return
    for one in portions:
        yield replace(one, figure=_times(one.figure, weight), planned_beyond_s=one.planned_beyond_s * weight)


def _times(figure: Figure, weight: int) -> Figure:
    return replace(
        figure,
        up=figure.up * weight,
        degraded=figure.degraded * weight,
        down=figure.down * weight,
        planned=figure.planned * weight,
        unknown=figure.unknown * weight,
        pairs_s=tuple(seconds * weight for seconds in figure.pairs_s),
    )
