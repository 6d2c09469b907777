import re
from pathlib import Path

import pytest

from schemas import cluster_metrics, metrics
from schemas.reference import metrics_page

ROOT = Path(__file__).parents[3]
PACKAGES = ("btswatch", "dashboards", "ingest", "processors", "schemas", "stores")
SOURCE = "\n".join(path.read_text() for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
SPECS = {
    name: one
    for module in (metrics, cluster_metrics)
    for name, one in vars(module).items()
    if isinstance(one, metrics.Spec)
}


@pytest.mark.parametrize("name", SPECS)
def test_the_code_uses_each_metric_as_the_kind_that_its_name_tells(name):
    used = set(re.findall(rf"\b{name}\.(counter|gauge|histogram)\(\)", SOURCE))
    assert used == {SPECS[name].kind}


def test_names_are_the_products_own_and_unique():
    names = [one.name for one in SPECS.values()]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"btswatch(_[a-z]+)+", name) for name in names)


def test_the_reference_has_a_row_for_every_metric_with_its_help():
    rows = [line.split("|")[1].strip(" `") for line in metrics_page().splitlines() if "btswatch_" in line]
    assert rows == sorted(one.name for one in SPECS.values())
    assert all(one.help and "|" not in one.help for one in SPECS.values())
