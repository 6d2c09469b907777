import re
from pathlib import Path

import pytest
import yaml

from schemas.influx import BUCKETS, MEASUREMENT, MEASUREMENTS, RESULTS, TASKS, Role, Type, bucket_of
from schemas.influx.flux import range_flux, task_flux
from schemas.influx.metrics import DOWNSAMPLED, METRICS
from schemas.verdict import Verdict

ZONE = "Asia/Ho_Chi_Minh"
PROFILES = Path(__file__).parents[3] / "ingest/snmp/profiles"


def test_every_metric_of_every_profile_has_its_field():
    named = set()
    for path in PROFILES.glob("*.yaml"):
        named |= set(re.findall(r"\bmetric: ([a-z0-9_]+)", path.read_text()))
        assert yaml.safe_load(path.read_text())["name"]
    assert len(named) > 30
    assert named - {one.name for one in METRICS} == set()


def test_names_are_unique_and_no_field_is_also_a_tag():
    assert len({one.name for one in MEASUREMENTS}) == len(MEASUREMENTS)
    assert {one.role for one in BUCKETS} == set(Role)
    for one in MEASUREMENTS:
        names = [field.name for field in one.fields] + [tag.name for tag in one.tags]
        assert len(names) == len(set(names)), one.name


def test_tasks_read_and_write_fields_that_exist_and_write_every_one():
    for task in TASKS:
        source, target = MEASUREMENT[task.source], MEASUREMENT[task.target]
        made = set()
        for one in task.aggregates:
            for metric in DOWNSAMPLED:
                assert source.field(metric.name + one.suffix).type is Type.FLOAT
                made.add(metric.name + one.into)
        assert made == {field.name for field in target.fields}


def test_days_are_cut_at_local_midnight():
    text = task_flux(TASKS[-1], "x", ZONE)
    assert "aggregateWindow(every: 1d, offset: 1020m" in text
    assert (
        "start = date.sub(d: 420m, from: date.truncate(t: date.add(d: 420m, to: date.sub(d: 3d, from: now())), unit: 1d))"
        in text
    )
    assert 'timezone.location(name: "Europe/Berlin")' in task_flux(TASKS[-1], "x", "Europe/Berlin")
    assert "timezone" not in task_flux(TASKS[0], "x", "Europe/Berlin")


def test_a_range_is_downsampled_by_the_same_query_between_its_edges():
    text = range_flux(TASKS[0], "x", ZONE, (0, 3_600_000))
    assert "start = 1970-01-01T00:00:00.000Z" in text
    assert "option task" not in text
    query = text[text.index("from(bucket") :]
    assert task_flux(TASKS[0], "x", ZONE).endswith(query)


def test_every_verdict_has_its_number():
    assert set(RESULTS) == set(Verdict.model_fields["result"].annotation.__args__)


def test_a_field_that_is_asked_for_wrongly_is_told():
    with pytest.raises(KeyError, match="link has no field no_such"):
        MEASUREMENT["link"].field("no_such")
    assert bucket_of("figure", "x") == "x_long"
