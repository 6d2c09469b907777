"""`btswatch demo --once` as a user starts it: everything comes in by its entrance, and what is closed can be replayed."""

import json
import os
import subprocess
import sys
from datetime import date, timedelta

import pytest

from schemas.time import LocalCalendar
from stores.ledger import Ledger, figures

pytestmark = pytest.mark.e2e
CALENDAR = LocalCalendar()


def btswatch(*arguments, timeout):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BTSWATCH_")}
    return subprocess.run(
        [sys.executable, "-m", "btswatch", *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        env=environment,
        check=False,
    )


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
    end = days[-1] + timedelta(days=1)
    files = sorted((data / "archive").rglob("*.ndjson.gz"))
    ledger = Ledger(data / "ledger.db")
    ledger.open(migrate=False)
    try:
        for kind in ("station", "link"):
            printed = btswatch(
                "replay",
                *("--registry", str(data / "registry"), "--events", *map(str, files)),
                *("--from", CALENDAR.format(CALENDAR.start_of(days[0]))),
                *("--to", CALENDAR.format(CALENDAR.start_of(end))),
                *("--now", CALENDAR.format(CALENDAR.start_of(end + timedelta(days=4)))),
                *("--period", "day", "--kind", kind, "--format", "json"),
                timeout=120,
            )
            assert printed.returncode == 0, printed.stderr
            assert published(ledger, days, kind) == printed.stdout
    finally:
        ledger.close()


def published(ledger, days, kind):
    with ledger.reading() as connection:
        found = [one for day in days for one in figures.figures_of_day(connection, day) if one.kind == kind]
    objects = [
        {
            "scope": "element",
            "id": one.element,
            "period": "day",
            "from": CALENDAR.format(CALENDAR.start_of(one.day)),
            "to": CALENDAR.format(CALENDAR.end_of(one.day)),
            **one.figure.as_dict(),
            "state": one.state,
        }
        for one in sorted(found, key=lambda one: (one.element, one.day))
    ]
    return json.dumps(objects, sort_keys=True, separators=(",", ":")) + "\n"


def test_started_again_it_goes_on_and_other_options_are_refused(ran):
    data, _ = ran
    other = btswatch("demo", "--once", "--stations", "30", "--data", str(data), timeout=60)
    assert other.returncode == 2
    assert "--stations 20" in other.stderr
    again = btswatch("demo", "--once", "--data", str(data), timeout=240)
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["demo"]["stations"] == 20
