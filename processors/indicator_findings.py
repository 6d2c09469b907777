"""A verdict on an indicator as others read it."""

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from processors.core.measurements import Amount
from processors.core.verdict import measured_s
from processors.findings import suggestion
from processors.indicators import IndicatorVerdict, scale
from processors.rules import FORMS
from schemas.indicator_verdict import IndicatorVerdict as IndicatorContract
from schemas.indicator_verdict import JudgedLevel, ReportedTime
from schemas.indicators import Form
from schemas.rules import Rule


def indicator_as_contract(
    verdict: IndicatorVerdict, registry_digest: str, rules_digest: str, zone: str
) -> IndicatorContract:
    """The verdict as `indicator_verdict.v1`."""
    rule, amount, held = verdict.rule, verdict.judgement.amount, verdict.held
    newest = held[-1].by.rule if held else None
    thresholds = {one.by.threshold for one in held}
    known = thresholds.pop() if len(thresholds) == 1 else None
    midnight = ZoneInfo(zone)
    return IndicatorContract.model_validate(
        {
            "enterprise": verdict.enterprise,
            "service": rule.service,
            "indicator": rule.indicator,
            "method": rule.method.value,
            "period": verdict.period.kind.value,
            "from": datetime.combine(verdict.period.first, time(), midnight),
            "to": datetime.combine(verdict.period.end, time(), midnight),
            "campaign": verdict.campaign,
            "result": verdict.judgement.result.value,
            "reason": verdict.judgement.reason and verdict.judgement.reason.value,
            "rule": newest and newest.id,
            "rule_version": newest and newest.version,
            "legal_basis": newest and newest.legal_basis,
            "comparator": newest and newest.comparator.value,
            "threshold": None if known is None else float(known),
            "unit": rule.unit,
            "value": in_unit(amount, rule),
            **_counted(verdict),
            "minimum_samples": max((one.by.rule.minimum_samples for one in held), default=0),
            "track": verdict.track.value,
            "own_value": verdict.own and in_unit(verdict.own, rule),
            "measurements": len(verdict.summed),
            "registry": registry_digest,
            "rules": rules_digest,
            "inputs": verdict.inputs_digest,
            "force": verdict.force.value,
            "judged": [
                JudgedLevel(
                    rule=one.by.rule.id,
                    version=one.by.rule.version,
                    first=one.first,
                    end=one.end,
                    threshold=float(one.by.threshold),
                    because=one.by.because,
                )
                for one in held
                if one.by.threshold is not None
            ],
            "suggestion": suggestion(verdict),
        }
    )


def _counted(verdict: IndicatorVerdict) -> dict[str, Any]:
    """Counts, or of a share of time its seconds: never both."""
    amount, form = verdict.judgement.amount, FORMS[verdict.rule.method]
    if form is Form.RATIO:
        return {"numerator": int(amount.total), "denominator": amount.of}
    if form is Form.VALUE:
        return {"samples": amount.of}
    if verdict.over_time is None:
        return {}
    figure = verdict.over_time.figure
    ratios = figure.ratios()
    return {
        "time": ReportedTime(
            in_service_s=figure.ok,
            observed_s=figure.ok + figure.down,
            period_s=figure.total,
            measured_s=measured_s(figure),
            least=ratios["A_min"],
            most=ratios["A_max"],
        )
    }


def in_unit(amount: Amount, rule: Rule) -> float | None:
    """A ratio or mean in the rule's unit, to nine places; for reading only."""
    quotient = amount.quotient
    return None if quotient is None else round(float(quotient * scale(rule)), 9)
