import json
from importlib.resources import files

import pytest
from pydantic import ValidationError

from schemas.examples import load
from schemas.figure_record import Figure, figures_json


def figure(**changes):
    canonical = next(one for one in load("figure") if one.name == "element_day")
    return {**json.loads(canonical.body), **changes}


def test_figures_print_as_one_sorted_canonical_line():
    later = figure(**{"from": "2026-11-03T00:00:00+07:00", "to": "2026-11-04T00:00:00+07:00"})
    other = figure(id="LSN-0000")
    line = figures_json(Figure.model_validate(one) for one in (later, figure(), other))
    assert line.endswith("]\n")
    assert line.count("\n") == 1
    assert [(one["id"], one["from"][:10]) for one in json.loads(line)] == [
        ("LSN-0000", "2026-11-02"),
        ("LSN-0001", "2026-11-02"),
        ("LSN-0001", "2026-11-03"),
    ]
    assert line == json.dumps(json.loads(line), sort_keys=True, separators=(",", ":")) + "\n"


def test_an_offset_of_utc_is_written_as_digits_like_every_other():
    one = Figure.model_validate(figure(**{"from": "2026-11-02T00:00:00Z", "to": "2026-11-03T00:00:00Z"}))
    assert '"from":"2026-11-02T00:00:00+00:00"' in figures_json([one])


def test_names_outside_ascii_are_escaped():
    assert "Tr\\u1ea1m" in figures_json([Figure.model_validate(figure(id="Trạm"))])


def test_a_figure_can_not_be_changed():
    one = Figure.model_validate(figure())
    with pytest.raises(ValidationError):
        one.id = "other"


def test_the_typed_schemas_ship_with_the_package():
    assert (files("schemas") / "jsonschema" / "figure.v1.json").is_file()
