import json
from fractions import Fraction

import pytest

from processors.compliance import NotAnElementDayError, as_json, element_day, findings
from processors.core.conventions import Conventions
from processors.core.enterprises import Enterprises, Took
from processors.core.periods import PeriodKind
from processors.core.verdict import AvailabilityRule
from schemas.examples import load
from schemas.registry import Kind
from schemas.results import FigureRecord, Verdict
from schemas.time import DEFAULT_ZONE, LocalCalendar

RULES = "sha256:" + "b" * 64


def record(name="provisional_with_its_detail"):
    example = next(one for one in load("figure_record") if one.name == name)
    return FigureRecord.model_validate_json(example.body)


def told(rules=(), digest=None):
    enterprises, found = (
        Enterprises(Conventions(), rules),
        element_day(record(), LocalCalendar(DEFAULT_ZONE)),
    )
    assert enterprises.take(found.enterprise, found.kind, found.day, found.part) is Took.KEPT
    return [one for standing in enterprises.standings() for one in findings(standing, DEFAULT_ZONE, digest)]


def test_an_enterprise_of_one_element_is_told_like_its_element():
    whole = record()
    found = told()
    assert [one.figure.period for one in found] == ["day", "month", "quarter"]
    for one in found:
        assert (one.figure.scope, one.figure.id, one.enterprise) == ("enterprise", whole.enterprise, whole.enterprise)  # fmt: skip
        assert one.figure.seconds == whole.figure.seconds
        assert one.figure.outages == whole.figure.outages
        assert one.figure.ratios == whole.figure.ratios
        assert one.figure.reconciliation == whole.figure.reconciliation
        assert (one.as_of, one.registry, one.rules) == (whole.as_of, whole.registry, None)
    assert found[0].figure.from_ == whole.figure.from_


def test_what_is_told_can_be_read_back_by_its_contract():
    rule = AvailabilityRule("R", "1", "for tests", record().kind, PeriodKind.MONTH, Fraction("0.995"))
    other = AvailabilityRule("L", "1", "for tests", Kind.LINK, PeriodKind.MONTH, Fraction("0.995"))
    found = told([rule, other], RULES)
    for one in found:
        line = as_json(one)
        assert type(one).model_validate_json(line) == one
        assert json.loads(line)["rules"] == RULES
    (verdict,) = [one for one in found if isinstance(one, Verdict)]
    assert (verdict.rule, verdict.period, verdict.threshold) == ("R", "month", 0.995)
    seconds = verdict.seconds
    assert verdict.budget_s == int(Fraction("0.005") * (seconds.total - seconds.planned))


def test_without_rules_there_is_no_verdict():
    assert [one for one in told() if isinstance(one, Verdict)] == []


@pytest.mark.parametrize(
    "change",
    [
        {"detail": None},
        {"enterprise": None},
        {"figure": record().figure.model_copy(update={"scope": "enterprise"})},
        {"figure": record().figure.model_copy(update={"period": "month"})},
    ],
)
def test_what_is_no_element_day_is_told_so(change):
    with pytest.raises(NotAnElementDayError):
        element_day(record().model_copy(update=change), LocalCalendar(DEFAULT_ZONE))
