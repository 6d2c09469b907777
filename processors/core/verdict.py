"""Verdicts of figures against a threshold (spec: availability, section 6). All comparisons are of integers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Final

from processors.core.periods import PeriodKind
from schemas.figures import Figure, total_of
from schemas.registry import Kind, within

FLOOR: Final = Fraction(4, 5)
PLANNED_CAP_S: Final = 8 * 3600
_KNOWN: Final = range(1, 4)


@dataclass(frozen=True, slots=True)
class AvailabilityRule:
    """A threshold for the availability of elements of one kind, as a version of a rule states it.

    Args:
        id: the rule's id; versions of it share it.
        version: which text of it.
        legal_basis: document and article.
        kind: which elements; None: none shows the service, only what was sent of it.
        period: what it is judged over.
        threshold: the X of the spec, between 0 and 1.
        measured_floor: the share of time with a known measured reading that a `pass` needs.
        planned_cap_s: announced work per element and month beyond this counts as down.
        coverage_floor: the share of known time that a `pass` needs.
        valid_from: the first local day it is in force.
        valid_to: the first local day it is no longer in force; None: not ended.
    """

    id: str
    version: str
    legal_basis: str
    kind: Kind | None
    period: PeriodKind
    threshold: Fraction
    measured_floor: Fraction = FLOOR
    planned_cap_s: int = PLANNED_CAP_S
    coverage_floor: Fraction = Fraction(0)
    valid_from: date | None = None
    valid_to: date | None = None

    def in_force_on(self, day: date) -> bool:
        """Whether it judges the local day."""
        return within(self.valid_from, day, self.valid_to)


class Result(StrEnum):
    """What is found. Vietnamese: đạt, không đạt, chưa đủ căn cứ, không áp dụng."""

    PASS = "pass"  # noqa: S105 - a result, no password
    FAIL = "fail"
    NOT_DECIDABLE = "not_decidable"
    NOT_APPLICABLE = "not_applicable"


class Reason(StrEnum):
    """Why nothing is decided. Vietnamese: thiếu số liệu, chỉ dựa trên báo cáo của doanh nghiệp, thiếu trọng số, trọng số thay đổi."""

    NO_TIME = "no counted time"
    COVERAGE = "too little known time"
    NO_WEIGHT = "weights are not known"
    WEIGHT_CHANGED = "its days are weighed by different things"
    UNKNOWN_TIME = "unknown time"
    ENTERPRISE_WORD = "rests on the enterprise's word"
    NO_RULE = "no rule in force"
    NO_THRESHOLD = "no threshold is known"
    NOTHING_COUNTED = "nothing was counted"
    TOO_FEW_SAMPLES = "insufficient: too few samples"
    OVERLAP = "measurements overlap: something would count twice"
    PART_OF_PERIOD = "only a part of the period is reported"
    STRADDLES = "one measurement straddles a change of threshold"
    NO_SUM = "percentiles of parts do not add up"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A result with the numbers it was made from.

    `figure` is the judged one: announced work beyond the cap counts in it as down. `budget_s` is the down time that
    the threshold leaves for the time counted so far, in whole seconds; what of it is spent is `figure.down`.
    """

    result: Result
    reason: Reason | None
    figure: Figure
    budget_s: int


@dataclass(frozen=True, slots=True)
class Portion:
    """The part of a period that one version of a rule judges: its sums, and announced work beyond that version's cap."""

    figure: Figure
    planned_beyond_s: int
    rule: AvailabilityRule


def judge_portions(portions: Sequence[Portion]) -> Judgement:
    """Judge a period that versions of a rule share: each day is held to the threshold that was in force on it.

    The portions' needs are added up: a day under a milder version excuses nothing of the others, and the period as a
    whole passes when it has the time in service that its days together need.
    """
    # Added up by rule first: many portions share one, and fractions are dear.
    by_rule = [(some[0].rule, _capped(some)) for some in _shared(portions)]
    judged = total_of(capped for _, capped in by_rule)
    expected = judged.total - judged.planned
    # A_max < X and A_min >= X, without a division.
    needed = sum((rule.threshold * _expected(capped) for rule, capped in by_rule), Fraction(0))
    measured = sum((rule.measured_floor * capped.total for rule, capped in by_rule), Fraction(0))
    known = sum((rule.coverage_floor * capped.total for rule, capped in by_rule), Fraction(0))
    result, reason = Result.NOT_DECIDABLE, None
    if expected == 0:
        reason = Reason.NO_TIME
    elif judged.ok + judged.unknown < needed:
        result = Result.FAIL
    elif judged.ok < needed:
        reason = Reason.UNKNOWN_TIME
    elif judged.total - judged.unknown < known:
        reason = Reason.COVERAGE
    elif measured_s(judged) < measured:
        reason = Reason.ENTERPRISE_WORD
    else:
        result = Result.PASS
    return Judgement(result, reason, judged, int(expected - needed))


def _shared(portions: Sequence[Portion]) -> Iterable[list[Portion]]:
    found: dict[int, list[Portion]] = {}
    for one in portions:
        found.setdefault(id(one.rule), []).append(one)
    return found.values()


def _capped(portions: Sequence[Portion]) -> Figure:
    figure = total_of(one.figure for one in portions)
    beyond = sum(one.planned_beyond_s for one in portions)
    return replace(figure, planned=figure.planned - beyond, down=figure.down + beyond)


def _expected(figure: Figure) -> int:
    return figure.total - figure.planned


def measured_s(figure: Figure) -> int:
    """Seconds with a known measured reading."""
    return sum(figure.pairs_s[4 * measured + declared] for measured in _KNOWN for declared in range(4))


def on_word_s(figure: Figure) -> int:
    """Seconds that only the enterprise's reports know."""
    return sum(figure.pairs_s[declared] for declared in _KNOWN)
