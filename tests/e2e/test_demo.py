"""`btswatch demo --once` as a user starts it: everything comes in by its entrance, and what is closed can be replayed."""

import json
from datetime import date

import pytest
from sqlalchemy import select

from btswatch.cli.configured import open_ledger
from btswatch.settings import Settings
from processors.official import OfficialReadings
from stores.archive import ArchiveReader
from stores.ledger.tables import day_figures
from stores.registry.load import load
from tests.product.figures import published, replayed
from tests.product.process import btswatch

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    # Deeper than a UNIX socket's name can be long: bells must ring there too.
    data = tmp_path_factory.mktemp("demo") / ("a-rather-deep-directory/" * 6) / "data"
    done = btswatch("demo", "--once", "--stations", "20", "--days", "2", "--data", str(data), timeout=240)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return data, json.loads(done.stdout)


def test_something_came_in_at_every_entrance_and_figures_came_of_it(ran):
    _, summary = ran
    assert summary["errors"] == []
    assert all(number > 0 for number in summary["events"].values())
    assert summary["polls"]["answered"] > 20
    assert summary["traps_decoded"].get("poll", 0) > 0
    assert {feed["enterprise"] for feed in summary["feeds"] if feed["accepted"]} >= {"viettel", "vnpt"}
    assert all(feed["refused"] == 0 for feed in summary["feeds"])
    today = summary["today"]["province"]
    assert today["ratios"]["coverage"] > 0.9
    assert 0 < today["ratios"]["A"] <= 1
    assert sum(summary["states"].values()) >= 27
    assert len(summary["closed_days"]) == 2


def test_closed_figures_are_byte_for_byte_what_a_replay_of_the_archive_prints(ran):
    data, summary = ran
    days = [date.fromisoformat(day) for day in summary["closed_days"]]
    for kind in ("station", "link"):
        assert published(data, days, kind) == replayed(data, days, kind)


def test_closed_figures_rest_on_the_inputs_that_the_archive_gives(ran):
    data, summary = ran
    settings = Settings.load(data / "btswatch.toml", {})
    registry = load(settings.registry, zone=settings.zone)
    readings = OfficialReadings(
        ArchiveReader(data / "archive"), registry, settings.conventions(), lambda *_: None
    )
    days = [date.fromisoformat(day) for day in summary["closed_days"]]
    with open_ledger(settings) as ledger, ledger.reading() as connection:
        closed = {
            (one.day, one.element): one.inputs_digest
            for one in connection.execute(select(day_figures).where(day_figures.c.day.in_(days)))
        }
    carries = readings.begin(days[0], {})
    found = {(day, one.row.id): one.inputs_digest for day in days for one in readings.read(day, carries)}
    assert found == closed
    assert len(closed) == 2 * 28


def test_started_again_it_goes_on_and_other_options_are_refused(ran):
    data, _ = ran
    other = btswatch("demo", "--once", "--stations", "30", "--data", str(data), timeout=60)
    assert other.returncode == 2
    assert "--stations 20" in other.stderr
    again = btswatch("demo", "--once", "--data", str(data), timeout=240)
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["demo"]["stations"] == 20
