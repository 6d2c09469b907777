import pytest

from schemas.breaking import breaking_changes
from schemas.catalogue import CONTRACTS

TEXT = {"type": "string"}
NUMBER = {"type": "number"}
NULL = {"type": "null"}


def thing(required=(), closed=True, **properties):
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": not closed,
    }


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (thing(a=TEXT), thing(), "$.a: removed"),
        (thing(a=TEXT), thing(["a"], a=TEXT), "$.a: newly required"),
        (thing(), thing(["b"], b=TEXT), "$.b: newly required"),
        (thing(a=NUMBER), thing(a={"type": "integer"}), "$.a: number is no longer taken"),
        (thing(a={"type": ["string", "null"]}), thing(a=TEXT), "$.a: null is no longer taken"),
        (thing(a={"anyOf": [TEXT, NULL]}), thing(a=TEXT), "$.a: null is no longer taken"),
        ({}, TEXT, "$: any type before, now only string"),
        ({"enum": ["a", "b"]}, {"enum": ["a"]}, "$: 'b' is no longer taken"),
        ({"enum": ["a", "b"]}, {"const": "a"}, "$: 'b' is no longer taken"),
        (TEXT, {"type": "string", "enum": ["a"]}, "$: now only 'a'"),
        (TEXT, {"type": "string", "maxLength": 5}, "$: maxLength lowered from none to 5"),
        ({"maximum": 9}, {"maximum": 8}, "$: maximum lowered from 9 to 8"),
        ({"minimum": 0}, {"minimum": 1}, "$: minimum raised from 0 to 1"),
        (TEXT, {"type": "string", "pattern": "^a"}, "$: pattern changed from none to ^a"),
        (
            {"type": "array", "items": NUMBER},
            {"type": "array", "items": TEXT},
            "$[]: number is no longer taken",
        ),
        ({"type": "array"}, {"type": "array", "uniqueItems": True}, "$: items must now be unique"),
        (thing(closed=False), thing(), "$.*: no longer taken"),
        (
            {"type": "object", "additionalProperties": NUMBER},
            {"type": "object", "additionalProperties": {"type": "integer"}},
            "$.*: number is no longer taken",
        ),
        (thing(a=thing(b=TEXT)), thing(a=thing()), "$.a.b: removed"),
        (
            {"$ref": "#/$defs/A", "$defs": {"A": thing(b=TEXT)}},
            {"$ref": "#/$defs/B", "$defs": {"B": thing()}},
            "$.b: removed",
        ),
        (
            {"oneOf": [thing(["t"], t={"const": "x"}), thing(["t"], t={"const": "y"})]},
            {"oneOf": [thing(["t"], t={"const": "x"})]},
            "$.t: 'y' is no longer taken",
        ),
    ],
)
def test_a_narrower_schema_is_told_with_its_place(old, new, told):
    assert breaking_changes(old, new) == [told]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (thing(a=TEXT), thing(a=TEXT, b=TEXT)),
        (thing(["a"], a=TEXT), thing(a=TEXT)),
        ({"type": "integer"}, NUMBER),
        (TEXT, {"anyOf": [TEXT, NULL]}),
        ({"anyOf": [TEXT, NULL]}, {"type": ["string", "null"]}),
        ({"const": "a"}, {"enum": ["a", "b"]}),
        ({"maxLength": 5}, {"maxLength": 6}),
        ({"pattern": "^a"}, {}),
        (thing(), thing(closed=False)),
        ({"description": "one"}, {"description": "two", "title": "T", "default": 3}),
    ],
)
def test_a_wider_schema_breaks_nothing(old, new):
    assert breaking_changes(old, new) == []


def test_a_schema_that_refers_to_itself_is_compared_once():
    tree = {
        "$ref": "#/$defs/T",
        "$defs": {"T": thing(child={"anyOf": [{"$ref": "#/$defs/T"}, NULL]}, name=TEXT)},
    }
    bare = {"$ref": "#/$defs/T", "$defs": {"T": thing(child={"anyOf": [{"$ref": "#/$defs/T"}, NULL]})}}
    assert breaking_changes(tree, tree) == []
    assert breaking_changes(tree, bare) == ["$.name: removed"]


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: one.id)
def test_no_contract_breaks_itself(contract):
    schema = contract.adapter.json_schema()
    assert breaking_changes(schema, schema) == []
