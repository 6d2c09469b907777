"""A verdict as others read it, and how many of an enterprise's indicators failed."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from processors.core.verdict import Result, measured_s, on_word_s
from processors.indicators import IndicatorVerdict
from processors.rules import Rules
from processors.verdicts import PROVINCIAL, PeriodVerdict
from schemas.figure_record import Ratios, SecondsByState
from schemas.figures import ratio
from schemas.rules import Comparator, Kind, Rule
from schemas.verdict import JudgedDays, Verdict


def as_contract(verdict: PeriodVerdict, registry_digest: str, rules: Rules, zone: str) -> Verdict:
    """The verdict as `verdict.v1`."""
    figure, held = verdict.judgement.figure, verdict.held
    newest = held[-1] if held else None
    thresholds = {float(one.rule.threshold) for one in held}
    known = figure.total - figure.unknown
    midnight = ZoneInfo(zone)
    first, end = verdict.period.first, verdict.period.end
    return Verdict.model_validate(
        {
            "enterprise": verdict.enterprise,
            "subject": verdict.subject,
            "period": verdict.period.kind.value,
            "from": datetime(first.year, first.month, first.day, tzinfo=midnight),
            "to": datetime(end.year, end.month, end.day, tzinfo=midnight),
            "result": verdict.judgement.result.value,
            "reason": verdict.judgement.reason and verdict.judgement.reason.value,
            "rule": newest and newest.by.rule.id,
            "rule_version": newest and newest.by.rule.version,
            "legal_basis": newest and newest.by.rule.legal_basis,
            "threshold": thresholds.pop() if len(thresholds) == 1 else None,
            "seconds": SecondsByState(
                up=figure.up,
                degraded=figure.degraded,
                down=figure.down,
                planned=figure.planned,
                unknown=figure.unknown,
                total=figure.total,
            ),
            "coverage": ratio(known, figure.total),
            "on_enterprise_word": ratio(on_word_s(figure), on_word_s(figure) + measured_s(figure)),
            "kind": verdict.kind,
            "budget_s": verdict.judgement.budget_s,
            "registry": registry_digest,
            "rules": rules.digest,
            "force": verdict.force.value,
            "label": PROVINCIAL if verdict.subject == verdict.enterprise else None,
            "ratios": Ratios(**figure.ratios()),
            "elements": verdict.elements,
            "adjusted_days": verdict.adjusted_days,
            "judged": [
                JudgedDays(
                    rule=one.by.rule.id,
                    version=one.by.rule.version,
                    first=one.first,
                    end=one.end,
                    threshold=float(one.rule.threshold),
                    because=one.by.because,
                )
                for one in held
            ],
            "suggestion": suggestion(verdict),
        }
    )


def failing(verdicts: Iterable[PeriodVerdict | IndicatorVerdict]) -> dict[tuple[str, str], int]:
    """How many indicators of each enterprise and service are below what the law or its own declaration asks for.

    An indicator that several campaigns failed is one. Operational findings do not count: no sanction refers to them.
    """
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in verdicts:
        if one.judgement.result is Result.FAIL and one.force is not Kind.OPERATIONAL:
            rule = one.held[-1].by.rule
            found[one.enterprise, rule.service].add(rule.indicator)
    return {key: len(indicators) for key, indicators in found.items()}


def counted_rules(rules: Rules, number: int, verdict: PeriodVerdict | IndicatorVerdict) -> list[Rule]:
    """The rules about the number of failing indicators that this number meets, in force at the end of the verdict's period.

    Only those that count over such a period: failures of two quarters are no two failures of one.
    """
    meets = {Comparator.EQUALS: lambda x: number == x, Comparator.ABOVE: lambda x: number > x}
    return [
        rule
        for rule in rules.in_force(verdict.period.end - timedelta(days=1))
        if rule.indicator == "failing_indicators"
        and rule.period == verdict.period.kind
        and rule.threshold is not None
        and rule.comparator in meets
        and meets[rule.comparator](rule.threshold)
    ]


def suggestion(verdict: PeriodVerdict | IndicatorVerdict) -> str | None:
    """What the law says may follow a failed threshold; None where nothing does, or an earlier law holds."""
    if verdict.judgement.result is not Result.FAIL or verdict.force is Kind.OPERATIONAL:
        return None
    said = verdict.held[-1].by.rule.consequence
    if said is None or not said.applies_to(verdict.period.end):
        return None
    return f"{said}: a suggestion; deciding is a person's"
