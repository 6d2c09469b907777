import json
import re
from pathlib import Path

import jsonschema

from ingest.feeds.openapi import document, rendered
from ingest.feeds.problems import MEANINGS, Code
from schemas.events import SUBMITTED

COMMITTED = Path(__file__).parents[3] / "docs" / "reference" / "openapi.json"


def test_the_committed_document_is_the_present_one():
    assert COMMITTED.read_text() == rendered(), (
        "run: python -m ingest.feeds.openapi > docs/reference/openapi.json"
    )


def test_every_reference_leads_somewhere():
    text = json.dumps(document())
    known = set(document()["components"]["schemas"])
    assert set(re.findall(r"#/components/schemas/([^\"]+)", text)) <= known


def test_every_example_of_a_body_is_an_event():
    body = document()["paths"]["/v1/events"]["post"]["requestBody"]["content"]
    examples = [e["value"] for c in body.values() for e in c["examples"].values()]
    found = 0
    for example in examples:
        if isinstance(example, str):
            events = [json.loads(line) for line in example.splitlines()]
        else:
            events = example if isinstance(example, list) else [example]
        for event in events:
            SUBMITTED.validate_json(json.dumps(event))
            found += 1
    assert found >= 5


def test_every_v1_route_needs_a_key_and_describes_its_refusals():
    for path, operations in document()["paths"].items():
        for operation in operations.values():
            assert ("security" in operation) == path.startswith("/v1/")
            if path.startswith("/v1/"):
                assert {"401", "429", "503"} <= set(operation["responses"])


def test_problem_examples_match_the_problem_schema():
    described = document()
    schema = {"$ref": "#/components/schemas/Problem", "components": described["components"]}
    codes = set()
    for operations in described["paths"].values():
        for operation in operations.values():
            for answer in operation["responses"].values():
                content = answer.get("content", {}).get("application/problem+json", {})
                for code, example in content.get("examples", {}).items():
                    jsonschema.validate(example["value"], schema)
                    codes.add(code)
    assert codes >= {"malformed", "too_large", "unauthorized", "rate_limited", "journal_unavailable"}


def test_every_problem_has_a_meaning():
    assert set(MEANINGS) == set(Code)
