"""Every example against both judges: the models that the product uses, and the JSON Schemas that others use."""

import json
from importlib.resources import as_file

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from schemas import examples
from schemas.catalogue import BY_ID, CONTRACTS
from schemas.events import ARCHIVED, SUBMITTED
from schemas.examples import load_all, load_events
from schemas.generate import json_schema
from schemas.refusal import MEANING, Refusal
from schemas.submission import refusal_of
from stores.registry import load as load_registry

ALL = load_all()
ACCEPTED = [one for one in ALL if one.code is None]
EVENTS = load_events()
VALIDATORS = {one.id: Draft202012Validator(json_schema(one)) for one in CONTRACTS if one.has_examples}

# What compares one field with another, with the calendar, or with the range of a float, is beyond JSON Schema: the model alone sees it.
BEYOND_JSON_SCHEMA = {
    "status.v1/must_reject/number_too_great",
    "status.v1/must_reject/time_that_does_not_exist",
    "measurement.v1/must_reject/numerator_above_denominator",
    "measurement.v1/must_reject/both_forms",
    "measurement.v1/must_reject/neither_form",
    "measurement.v1/must_reject/value_without_samples",
    "measurement.v1/must_reject/empty_period",
    "measurement.v1/must_reject/more_seconds_than_the_period",
    "measurement.v1/must_reject/seconds_of_samples",
    "report.v1/must_reject/period_is_no_quarter",
    "maintenance.v1/must_reject/empty_window",
    "maintenance.v1/must_reject/window_backwards",
    "figure.v1/must_reject/parts_do_not_add_up",
    "figure.v1/must_reject/reconciliation_does_not_add_up",
    "figure.v1/must_reject/ratio_of_nothing",
    "figure.v1/must_reject/availability_above_its_bound",
    "indicator_verdict.v1/must_reject/decided_time_without_seconds",
    "indicator_verdict.v1/must_reject/passed_by_its_own_word",
    "indicator_verdict.v1/must_reject/radio_availability_called_time",
    "indicator_verdict.v1/must_reject/time_with_counts",
    "transition.v1/must_reject/day_is_no_date",
    "dead_letter.v1/must_reject/body_is_not_base64",
}


def named(found):
    return pytest.mark.parametrize("example", found, ids=lambda one: one.id)


def by_schema(example):
    """Whether the JSON Schema takes it. NaN and infinity are no JSON, so a schema's reader must not take them."""

    def no_json(name):
        raise ValueError(name)

    try:
        message = json.loads(example.body, parse_constant=no_json)
    except ValueError:
        return False
    return VALIDATORS[example.contract].is_valid(message)


@pytest.mark.parametrize("contract", [one for one in CONTRACTS if one.has_examples], ids=lambda one: one.id)
def test_every_contract_has_examples_of_each_set(contract):
    assert {one.set for one in examples.load(contract.name, contract.version)} == set(examples.SETS)


@pytest.mark.parametrize("contract", [one for one in CONTRACTS if one.has_examples], ids=lambda one: one.id)
def test_every_json_schema_is_one(contract):
    Draft202012Validator.check_schema(json_schema(contract))


@named(ACCEPTED)
def test_the_model_takes_canonical_and_boundary_examples(example):
    BY_ID[example.contract].adapter.validate_json(example.body)


@named(ACCEPTED)
def test_the_json_schema_takes_canonical_and_boundary_examples(example):
    assert list(VALIDATORS[example.contract].iter_errors(json.loads(example.body))) == []


@named(ACCEPTED)
def test_a_message_survives_being_read_and_written_again(example):
    adapter = BY_ID[example.contract].adapter
    once = adapter.validate_json(example.body)
    assert adapter.validate_json(adapter.dump_json(once, by_alias=True, exclude_unset=True)) == once


@named([one for one in ALL if one.refused_by_content])
def test_the_model_refuses_what_its_content_gives_away(example):
    with pytest.raises(ValidationError):
        BY_ID[example.contract].adapter.validate_json(example.body)


@named([one for one in ALL if one.refused_by_content])
def test_the_json_schema_refuses_it_too_unless_it_is_beyond_it(example):
    assert by_schema(example) == (example.id in BEYOND_JSON_SCHEMA)


@named([one for one in EVENTS if one.refused_by_content])
def test_an_event_is_refused_with_its_code_and_a_short_readable_line(example):
    with pytest.raises(ValidationError) as caught:
        SUBMITTED.validate_json(example.body)
    code, detail = refusal_of(caught.value)
    assert code == example.code
    assert 0 < len(detail) < 500
    assert "\n" not in detail


@named([one for one in EVENTS if not one.refused_by_content])
def test_an_event_refused_for_its_sender_or_time_is_a_good_event_in_itself(example):
    SUBMITTED.validate_json(example.body)
    for before in example.after:
        SUBMITTED.validate_json(before)


@named([one for one in EVENTS if one.code is None])
def test_an_archived_event_is_the_submitted_one_and_what_the_receiver_added(example):
    added = {"receivedtime": examples.RECEIVED, "track": "declared", "reporter": example.reporter}
    archived = ARCHIVED.validate_python({**json.loads(example.body), **added})
    assert archived.reporter == example.reporter
    with pytest.raises(ValidationError):
        SUBMITTED.validate_python({**json.loads(example.body), **added})


def test_every_code_has_an_example_unless_it_depends_on_a_setting():
    assert set(Refusal) - {one.code for one in EVENTS} == {Refusal.TOO_LARGE}


def test_every_code_says_what_it_means():
    assert set(MEANING) == set(Refusal)


def test_the_examples_registry_loads():
    with as_file(examples.registry_directory()) as directory:
        registry = load_registry(directory)
    assert set(registry.elements) == {"LSN-0001", "LSN-0002", "LSN-0003", "LSN-L001"}
