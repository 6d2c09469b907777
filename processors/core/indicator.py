"""Judging sums of measurements against thresholds, exactly. Each part is held to the threshold of its own days."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from processors.core.measurements import Amount, total
from processors.core.verdict import Reason, Result
from schemas.rules import Comparator


@dataclass(frozen=True, slots=True)
class Asked:
    """A part of what was measured and the threshold on its days: a share or a mean, as its amount divides."""

    amount: Amount
    threshold: Fraction


@dataclass(frozen=True, slots=True)
class IndicatorJudgement:
    """A result with the sums it was made from."""

    result: Result
    reason: Reason | None
    amount: Amount


def judge_amounts(
    asked: Sequence[Asked], comparator: Comparator, *, minimum: int = 0, own_word: bool = False
) -> IndicatorJudgement:
    """Judge what was measured as a whole.

    The parts' needs are added up: what is asked for is the sum of each part's threshold times its denominator, so a part
    under a milder version excuses nothing of the others.

    Args:
        asked: the parts.
        comparator: at_least or at_most.
        minimum: fewer samples (or a smaller denominator) decide nothing; 0: not known, not enforced.
        own_word: whether only the enterprise says so: that may fail, but not pass.
    """
    amount = total(one.amount for one in asked)
    needed = sum((one.threshold * one.amount.of for one in asked), Fraction(0))
    if amount.of == 0:
        return IndicatorJudgement(Result.NOT_DECIDABLE, Reason.NOTHING_COUNTED, amount)
    if amount.of < minimum:
        return IndicatorJudgement(Result.NOT_DECIDABLE, Reason.TOO_FEW_SAMPLES, amount)
    met = amount.total >= needed if comparator is Comparator.AT_LEAST else amount.total <= needed
    if not met:
        return IndicatorJudgement(Result.FAIL, None, amount)
    if own_word:
        return IndicatorJudgement(Result.NOT_DECIDABLE, Reason.ENTERPRISE_WORD, amount)
    return IndicatorJudgement(Result.PASS, None, amount)
