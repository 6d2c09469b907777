"""`btswatch replay` against the vectors that an independent program computed, byte for byte."""

import gzip
import random
import subprocess
import sys
from pathlib import Path

import pytest

DATA = Path(__file__).with_name("availability")
VECTORS = [
    ("1-day-element-provisional", "2026-11-02", "2026-11-04", "2026-11-03T18:00:05+07:00", "day", "element", ()),
    ("2-hour-element-final", "2026-11-02", "2026-11-04", "2026-11-09T00:00:00+07:00", "hour", "element", ()),
    ("3-day-enterprise-final", "2026-11-02", "2026-11-04", "2026-11-07T00:00:00+07:00", "day", "enterprise", ()),
    ("4-day-technology-half-final", "2026-11-02", "2026-11-04", "2026-11-06T23:59:59+07:00", "day", "technology", ()),
    ("5-day-unit-final", "2026-11-02", "2026-11-04", "2026-11-09T00:00:00+07:00", "day", "unit", ()),
    ("6-month-province-provisional", "2026-11-01", "2026-12-01", "2026-11-09T00:00:00+07:00", "month", "province", ()),
    ("7-day-element-grid60", "2026-11-02", "2026-11-04", "2026-11-09T00:00:00+07:00", "day", "element",
     ("--grid-seconds", "60")),
    ("8-month-element-final", "2026-11-01", "2026-12-01", "2026-12-09T00:00:00+07:00", "month", "element", ()),
]  # fmt: skip


def replay(events, begin, end, now, period, scope, *more):
    done = subprocess.run(
        [
            sys.executable, "-m", "btswatch", "replay", "--registry", DATA / "registry", "--events", events,
            "--from", f"{begin}T00:00:00+07:00", "--to", f"{end}T00:00:00+07:00", "--now", now,
            "--period", period, "--scope", scope, "--format", "json", *more,
        ],
        capture_output=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """The same events in another order, a third of them twice."""
    lines = gzip.decompress((DATA / "events.ndjson.gz").read_bytes()).splitlines()
    shuffle = random.Random(20261123)
    lines += shuffle.sample(lines, len(lines) // 3)
    shuffle.shuffle(lines)
    path = tmp_path_factory.mktemp("mixed") / "events.ndjson"
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector[0])
def test_replay_prints_the_vector_byte_for_byte(vector):
    name, begin, end, now, period, scope, more = vector
    expected = (DATA / f"{name}.json").read_bytes()
    assert replay(DATA / "events.ndjson.gz", begin, end, now, period, scope, *more) == expected


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector[0])
def test_replay_of_permuted_and_duplicated_events_prints_the_same(vector, mixed):
    name, begin, end, now, period, scope, more = vector
    assert replay(mixed, begin, end, now, period, scope, *more) == (DATA / f"{name}.json").read_bytes()


def test_an_interval_off_the_periods_boundaries_is_refused_with_the_boundary():
    done = subprocess.run(
        [
            sys.executable, "-m", "btswatch", "replay", "--registry", DATA / "registry",
            "--events", DATA / "events.ndjson.gz", "--from", "2026-11-02T00:00:00Z", "--to", "2026-11-04T00:00:00+07:00",
            "--now", "2026-11-09T00:00:00+07:00", "--period", "day",
        ],
        capture_output=True,
        check=False,
        text=True,
    )  # fmt: skip
    assert done.returncode == 2
    assert "2026-11-02T00:00:00+07:00" in done.stderr
    assert "Traceback" not in done.stderr
