"""Service availability D of what no element here shows, such as fixed broadband: judged from the seconds that were sent.

QCVN 34 and 35 ask for a share of time, `D = (1 - Tf / Tr) * 100 %`; what is sent is Tr - Tf and Tr. It is judged as every
share of time (spec: availability, section 6): what was not observed, or not sent, is unknown and never up; what only the
enterprise says may fail it, but not pass it.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final

from processors.core.measurements import Said
from processors.core.verdict import Judgement, Portion, judge_portions
from processors.held_days import HeldDays
from processors.verdicts import SEEN_BY, availability_rule
from schemas.figures import Figure
from schemas.registry import WHOLE, Registry
from schemas.rules import Method, Rule
from schemas.status import Track
from schemas.time import LocalCalendar

_UNKNOWN: Final = 0
_UP: Final = 1
_DOWN: Final = 3


def judged_by_reports(rule: Rule) -> bool:
    """Whether the rule is over time and about a service that no element shows."""
    return rule.method is Method.TIME and rule.service not in SEEN_BY


def of_the_whole(events: Iterable[Said], registry: Registry) -> list[Said]:
    """Those about the province: D weighs its parts by their subscribers, which no event tells, so parts do not add up."""
    return [one for one in events if any(row.kind in WHOLE for row in registry.units.get(one.unit, ()))]


def at_once(parts: Iterable[Said]) -> bool:
    """Whether some of them are about the same time, as of two provinces: each is of the whole, so that would count twice."""
    return any(
        one.to_ms > other.from_ms for one, other in pairwise(sorted(parts, key=lambda one: one.from_ms))
    )


def judge_time(parts: Sequence[Said], held: Sequence[HeldDays], calendar: LocalCalendar) -> Judgement:
    """Judge all days that a rule holds on by what was sent of them; the figure is in seconds.

    Args:
        parts: of one track, no two about the same time, each within the days held.
        held: days of the period, in order, each with a threshold.
        calendar: of local days.
    """
    return judge_portions(list(_portions(parts, held, calendar)))


def _portions(parts: Sequence[Said], held: Sequence[HeldDays], calendar: LocalCalendar) -> Iterator[Portion]:
    left = [(int(one.amount.total), one.amount.of) for one in parts]
    for days in held:
        start_ms, end_ms = calendar.start_of(days.first), calendar.start_of(days.end)
        total = (end_ms - start_ms) // 1000
        up, down, pairs = 0, 0, [0] * 16
        for at, one in enumerate(parts):
            good, observed = left[at]
            # On which of its days it was up is not told. Only sums over all days are compared, so that decides nothing.
            room = max(0, min(one.to_ms, end_ms) - max(one.from_ms, start_ms)) // 1000
            seen = min(room, observed)
            well = min(seen, good)
            left[at] = good - well, observed - seen
            up, down = up + well, down + seen - well
            by = 4 if one.track is Track.MEASURED else 1
            pairs[by * _UP] += well
            pairs[by * _DOWN] += seen - well
        unknown = total - up - down
        pairs[_UNKNOWN] += unknown
        figure = Figure(up, 0, down, 0, unknown, 0, None, tuple(pairs))
        yield Portion(figure, 0, availability_rule(days.by))
