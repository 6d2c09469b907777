import json

import pytest
from pydantic import ValidationError

from processors.compliance import NotAnElementDayError, as_json, element_day, running_figure
from processors.core.conventions import Conventions
from processors.core.enterprises import Enterprises, Took
from schemas.examples import load
from schemas.figure_record import FigureRecord
from schemas.time import DEFAULT_ZONE, LocalCalendar

RULES = "sha256:" + "b" * 64


def record(name="provisional_with_its_detail"):
    example = next(one for one in load("figure_record") if one.name == name)
    return FigureRecord.model_validate_json(example.body)


def told(digest=None):
    enterprises, found = Enterprises(Conventions()), element_day(record(), LocalCalendar(DEFAULT_ZONE))
    assert enterprises.take(found.enterprise, found.kind, found.day, found.part) is Took.KEPT
    return [running_figure(standing, DEFAULT_ZONE, digest) for standing in enterprises.standings()]


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
    for one in told(RULES):
        line = as_json(one)
        assert FigureRecord.model_validate_json(line) == one
        assert json.loads(line)["rules"] == RULES


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


@pytest.mark.parametrize("name", ["from_ms", "to_ms", "head_s", "tail_s"])
def test_numbers_that_no_sum_can_hold_are_refused_before_they_stop_the_worker(name):
    detail = record().detail.model_copy(update={name: 1 << 63})
    with pytest.raises(NotAnElementDayError, match="no day has"):
        element_day(record().model_copy(update={"detail": detail}), LocalCalendar(DEFAULT_ZONE))


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_moments_that_no_clock_could_mean_are_refused_before_they_stop_the_worker(at):
    said = json.loads(record().model_dump_json(by_alias=True))
    for bad in (said | {"as_of": at}, said | {"figure": said["figure"] | {"from": at}}):
        with pytest.raises(ValidationError, match="between 1970-01-01 and 2999-12-31"):
            FigureRecord.model_validate(bad)
