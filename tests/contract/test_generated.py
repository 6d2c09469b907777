import json
import re

import pytest

from schemas.asyncapi import asyncapi_document
from schemas.catalogue import BY_ID, CONTRACTS
from schemas.examples import load
from schemas.generate import BASELINE, ROOT, broken, drift, generated, main, write
from schemas.topics import SHARDS, Topic, load_topics


def test_what_is_committed_is_what_the_contracts_generate():
    assert drift() == [], "run: python -m schemas.generate"


def test_no_contract_breaks_its_baseline():
    assert broken() == [], "make the next version of the contract instead"


def test_every_contract_has_a_baseline():
    assert {path.stem for path in (ROOT / BASELINE).glob("*.json")} == set(BY_ID)


def test_generation_is_repeatable_and_writes_nothing_twice(tmp_path):
    assert {str(path) for path in write(tmp_path)} == {str(path) for path in generated()}
    assert write(tmp_path) == []
    assert drift(tmp_path) == []


def test_a_stale_file_and_a_stray_schema_are_told(tmp_path):
    write(tmp_path)
    (tmp_path / "schemas/asyncapi.json").write_text("{}")
    (tmp_path / "schemas/jsonschema/gone.v1.json").write_text("{}")
    assert drift(tmp_path) == [
        "schemas/asyncapi.json: differs",
        "schemas/jsonschema/gone.v1.json: no contract has this name",
    ]


def test_a_change_that_breaks_a_baseline_is_told(tmp_path):
    write(tmp_path, release=True)
    path = tmp_path / BASELINE / "status.v1.json"
    schema = json.loads(path.read_text())
    schema["properties"]["colour"] = {"type": "string"}
    path.write_text(json.dumps(schema))
    (tmp_path / BASELINE / "gone.v1.json").write_text("{}")
    assert broken(tmp_path) == ["gone.v1: the contract was removed", "status.v1: $.colour: removed"]


def test_the_check_command_says_yes_on_this_checkout(capsys):
    assert main(["--check"]) == 0
    assert capsys.readouterr().err == ""


def test_the_topics_are_those_of_the_cluster_design():
    topics = {name: (topic.key.by, topic.partitions) for name, topic in load_topics().items()}
    assert topics == {
        "evidence": ("shard", 16),
        "transitions": ("element", 16),
        "figures": ("element", 16),
        "states": ("element", 16),
        "enterprise_figures": ("enterprise", 4),
        "feeds": ("reporter", 4),
        "findings": ("enterprise", 4),
        "deadletter": ("reason", 1),
    }
    assert SHARDS == 256


def test_every_topic_names_contracts_and_examples_that_exist():
    for topic in load_topics().values():
        for version in topic.schemas:
            assert version.contract in BY_ID
            if version.examples:
                name, number = version.examples.split("/v")
                assert load(name, int(number))


@pytest.mark.parametrize(
    "change",
    [
        {"partitions": 24},
        {"schemas": [{"contract": "evidence.v9"}]},
        {"consumers": []},
        {"retention": {"hours": 0}},
        {"partition": 16},
        {"key": {"by": "mood", "partitioner": "hash"}},
    ],
)
def test_a_topic_file_with_a_mistake_is_refused(change):
    good = load_topics()["evidence"].model_dump(mode="json", by_alias=True)
    Topic.model_validate(good)
    with pytest.raises(ValueError, match="validation error"):
        Topic.model_validate({**good, **change})


def test_every_reference_in_the_asyncapi_document_resolves():
    document = asyncapi_document()
    for reference in re.findall(r'"\$ref": "([^"]+)"', json.dumps(document)):
        if reference.startswith("#/"):
            target = document
            for part in reference[2:].split("/"):
                target = target[part]
        else:
            assert (ROOT / "schemas" / reference).is_file()


def test_every_topic_has_its_channel_and_each_component_its_operation():
    document = asyncapi_document()
    assert set(document["channels"]) == set(load_topics())
    for topic in load_topics().values():
        for component in topic.producers:
            assert document["operations"][f"{component}.send.{topic.topic}"]["action"] == "send"


def test_contract_ids_are_unique():
    assert len(BY_ID) == len(CONTRACTS)
