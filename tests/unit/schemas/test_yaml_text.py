import pytest
import yaml

from schemas.yaml_text import load_yaml


@pytest.mark.parametrize(
    "text", ["{a: 1, a: 1}", "a: 1\nb: 2\na: 3", "- x:\n    a: 1\n    a: 2", "{a: 1, 'a': 2}"]
)
def test_a_key_that_stands_twice_is_an_error(text):
    with pytest.raises(yaml.YAMLError, match="stands twice"):
        load_yaml(text)


@pytest.mark.parametrize(
    "text", ["a: {b: 1}\nc: {b: 2}", "base: &x {a: 1}\nown: {<<: *x, a: 2}", "1: a\n2: b", ""]
)
def test_other_documents_are_read_as_ever(text):
    assert load_yaml(text) == yaml.safe_load(text)
