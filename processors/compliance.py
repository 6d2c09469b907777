"""Between what workers tell and the running sums: element figures in, enterprises' figures and verdicts out."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from processors.core.enterprises import Standing
from processors.core.periods import PeriodKind
from processors.core.running import Part
from processors.core.verdict import AvailabilityRule, Judgement, measured_s, on_word_s
from processors.replay import PeriodFigure, Scope
from schemas.figures import TRACK_READINGS, Figure, ratio
from schemas.registry import Kind
from schemas.results import FigureRecord, Verdict
from schemas.time import LocalCalendar, from_ms, to_ms

FIRST_REVISION: Final = 1


class NotAnElementDayError(ValueError):
    """A figure that is no provisional figure of an element and day: nothing that sums are made of."""


@dataclass(frozen=True, slots=True)
class ElementDay:
    """A part with whose it is and of which local day."""

    enterprise: str
    kind: Kind
    day: date
    part: Part


def element_day(record: FigureRecord, calendar: LocalCalendar) -> ElementDay:
    """What a record adds to its enterprise.

    Raises:
        NotAnElementDayError: it is of another scope or period, or lacks its owner or detail.
    """
    figure, detail = record.figure, record.detail
    if figure.scope != "element" or figure.period != "day" or record.enterprise is None or detail is None:
        raise NotAnElementDayError(f"a {figure.scope}'s {figure.period} of {figure.id}")
    part = Part(
        element=figure.id,
        as_of_ms=to_ms(record.as_of),
        from_ms=detail.from_ms,
        to_ms=detail.to_ms,
        head_s=detail.head_s,
        tail_s=detail.tail_s,
        figure=_plain(record),
        registry=record.registry,
    )
    return ElementDay(record.enterprise, record.kind, calendar.day_of(to_ms(figure.from_)), part)


def findings(standing: Standing, zone: str, rules: str | None) -> Iterator[FigureRecord | Verdict]:
    """What is told of an enterprise's open period: its running figure, then a verdict for each rule.

    Args:
        standing: the period.
        zone: the configured zone.
        rules: the digest of the rules in force; None without rules, and then there are no verdicts.
    """
    yield FigureRecord(
        figure=_published(standing.period, standing, zone),
        kind=standing.kind,
        enterprise=standing.enterprise,
        revision=FIRST_REVISION,
        as_of=from_ms(standing.as_of_ms),
        registry=standing.registry,
        rules=rules,
    )
    if rules is not None:
        for rule, judgement in standing.verdicts:
            yield _verdict(standing, rule, judgement, zone, rules)


def as_json(found: FigureRecord | Verdict) -> bytes:
    """As it is sent. Ratios that don't exist are null, not absent."""
    return found.model_dump_json(by_alias=True).encode()


def _plain(record: FigureRecord) -> Figure:
    seconds, outages = record.figure.seconds, record.figure.outages
    table = record.figure.reconciliation
    rows = [getattr(table, measured) for measured in TRACK_READINGS]
    return Figure(
        seconds.up,
        seconds.degraded,
        seconds.down,
        seconds.planned,
        seconds.unknown,
        outages.count,
        outages.longest_s,
        tuple(getattr(row, declared) for row in rows for declared in TRACK_READINGS),
    )


def _published(period: PeriodKind, standing: Standing, zone: str) -> Any:
    one = PeriodFigure(
        Scope.ENTERPRISE, standing.enterprise, period, standing.start, standing.end, standing.figure, False
    )
    return one.as_dict(zone)


def _verdict(
    standing: Standing, rule: AvailabilityRule | None, judgement: Judgement, zone: str, rules: str
) -> Verdict:
    figure, calendar = judgement.figure, LocalCalendar(zone)
    on_word = on_word_s(figure)
    of_rule = {} if rule is None else _of_rule(rule, judgement)
    return Verdict.model_validate(
        {
            "enterprise": standing.enterprise,
            "subject": standing.enterprise,
            "kind": standing.kind,
            "period": str(standing.period),
            "from": calendar.format(standing.start),
            "to": calendar.format(standing.end),
            "as_of": from_ms(standing.as_of_ms),
            "result": str(judgement.result),
            "reason": None if judgement.reason is None else str(judgement.reason),
            "seconds": figure.as_dict()["seconds"],
            "coverage": ratio(figure.total - figure.unknown, figure.total),
            "on_enterprise_word": ratio(on_word, on_word + measured_s(figure)),
            "registry": standing.registry,
            "rules": rules,
            **of_rule,
        }
    )


def _of_rule(rule: AvailabilityRule, judgement: Judgement) -> dict[str, Any]:
    return {
        "rule": rule.id,
        "rule_version": rule.version,
        "legal_basis": rule.legal_basis,
        "threshold": float(rule.threshold),
        "budget_s": judgement.budget_s,
    }
