"""A province that was lived through and closed, as the sink wrote it and as the archive gives it."""

import json
import shutil
from dataclasses import replace
from datetime import timedelta

import pytest

from btswatch.cli.app import run
from processors.core.conventions import Conventions
from processors.objecting import object_to, rule_on
from processors.rebuild_influx import InfluxRebuild, OtherEvidenceError, Target
from processors.restating import Restating
from processors.rules import load_rules
from processors.sinks.influx.guard import SeriesGuard
from processors.sinks.influx.pipe import Pipe
from processors.sinks.influx.points import PointMaker
from processors.sinks.port import Message
from schemas.influx import MEASUREMENT, bucket_of
from schemas.status import Track
from schemas.time import format_ms
from stores.archive import Archive, ArchiveReader
from stores.entries import entry_of
from stores.influx.connection import InfluxConnection
from stores.influx.management import Management
from stores.influx.reading import PointReader
from stores.influx.writer import LineWriter
from stores.ledger import Ledger
from stores.ledger.closings import closings
from stores.ledger.objections import Objection
from stores.registry.load import load
from stores.registry.write import write
from tests.contract.engine.cluster_host import with_unit
from tests.contract.engine.lived import close_days, live_through
from tests.contract.engine.world import CALENDAR, make_world
from tests.integration.influx.conftest import Bench, settings_for

pytestmark = pytest.mark.service
DERIVED = (
    "state",
    "availability",
    "figure",
    "scope",
    "reconciliation",
    "dark",
    "decision",
    "finding",
    "budget",
    "spread",
    "closed",
    "link",
    "station",
    "link_hour",
    "station_hour",
    "link_day",
)
LONG_AFTER = 4 * 86_400_000


def with_numbers(world):
    """Polls bring numbers too."""

    def told(number, entry):
        # Some of its entries are broken, on purpose.
        if not entry.body.endswith(b"}") or b'"btswatch.status.v1"' not in entry.body:
            return entry
        event = json.loads(entry.body)
        event["data"]["metrics"] = {
            "utilisation": number % 100 / 100,
            "battery_v": 48 + number % 7,
            "own": 1.0,
        }
        return replace(entry, body=json.dumps(event).encode())

    return replace(world, entries=[told(*one) for one in enumerate(world.entries)])


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Of an installation: its registry as files, its data below it."""
    made = tmp_path_factory.mktemp("lived")
    write(with_unit(make_world(7).registry), made / "registry")
    return made


@pytest.fixture(scope="module")
def world(place):
    return with_numbers(replace(make_world(7), registry=load(place / "registry")))


@pytest.fixture(scope="module")
def lived(place, world):
    data = place / "data"
    live_through(data, world)
    (data / "mode").write_text("production\n")
    close_days(data, world, world.last_received + LONG_AFTER)
    return data


@pytest.fixture(scope="module")
def days(lived):
    with_it = Ledger(lived / "ledger.db")
    with_it.open()
    with with_it.reading() as connection:
        found = [one.day for one in closings(connection, CALENDAR.day_of(0), CALENDAR.day_of(1 << 42))]
    with_it.close()
    return found


@pytest.fixture
def written(influx, lived, world, days):
    """A sink that had it all from the topics and the ledger."""
    bench = Bench(
        settings_for(influx), Ledger(lived / "ledger.db"), world.registry, world.last_received + LONG_AFTER
    )
    bench.sink.open()
    archive = ArchiveReader(lived / "archive")
    lines = [line for day in archive.days() for line in archive.read(day)]
    for number in range(0, len(lines), 300):
        batch = lines[number : number + 300]
        body = b"[" + b",".join(batch) + b"]"
        bench.sink.write([Message("evidence", 0, number, b"0", body, {"kind": b"evidence"}, bench.now_ms)])
    for _ in range(60):
        bench.now_ms += 60_000
        bench.sink.idle(bench.now_ms)
    assert len(bench.values("closed", "inputs")) == len(days)
    yield bench
    bench.sink.close()


def rebuild(influx, lived, world, settings, first, until, now_ms):
    ledger = Ledger(lived / "ledger.db")
    ledger.open()
    told = []
    with (
        InfluxConnection(settings) as one,
        InfluxConnection(settings) as other,
        Management(settings, CALENDAR.zone) as management,
        management.bucket_aside(f"{settings.prefix}_rebuild") as aside,
    ):
        management.apply()
        pipe = Pipe(LineWriter(one, settings), settings)
        maker = PointMaker(SeriesGuard(world.registry, settings), world.registry, CALENDAR)
        try:
            InfluxRebuild(
                ledger,
                ArchiveReader(lived / "archive"),
                world.registry,
                Conventions(),
                Target(settings, maker, PointReader(other, settings), pipe),
                aside=aside,
                now_ms=lambda: now_ms,
                rules=load_rules(),
            ).run(first, until, told.append)
        finally:
            pipe.close()
            ledger.close()
    return told


def test_the_archive_gives_what_the_sink_wrote(influx, lived, world, days, written):
    before = written.content(*DERIVED)
    assert {key[0] for key in before} >= set(DERIVED) - {
        "link",
        "link_hour",
        "link_day",
        "dark",
        "decision",
    } | {"station_hour"}
    until = days[-1] + timedelta(days=1)
    fresh = Bench(settings_for(influx), written.ledger, world.registry)
    told = rebuild(influx, lived, world, fresh.settings, days[0], until, written.now_ms)
    assert [one.day for one in told if one.official] == days
    assert fresh.content(*DERIVED) == before
    # Over what is there already, and for one day that was lost.
    rebuild(influx, lived, world, fresh.settings, days[0], until, written.now_ms)
    assert fresh.content(*DERIVED) == before
    lost = days[len(days) // 2]
    start, end = CALENDAR.start_of(lost), CALENDAR.end_of(lost)
    with InfluxConnection(fresh.settings) as connection:
        reader = PointReader(connection, fresh.settings)
        for name in DERIVED:
            reader.delete(
                bucket_of(name, fresh.settings.prefix), start, end, f'_measurement="{MEASUREMENT[name].name}"'
            )
    assert fresh.content(*DERIVED) != before
    rebuild(influx, lived, world, fresh.settings, lost, lost + timedelta(days=1), written.now_ms)
    assert fresh.content(*DERIVED) == before


def test_the_command_gives_it_too(influx, place, days, written, capsys, monkeypatch):
    before = written.content(*DERIVED)
    fresh = Bench(settings_for(influx), written.ledger, written.registry)
    path = place / "btswatch.toml"
    (place / "token").write_text(influx.token)
    monkeypatch.setenv("BTSWATCH_INFLUX__TOKEN_FILE", str(place / "token"))
    chosen = fresh.settings.model_dump(include={"url", "org", "prefix", "main_days", "raw_days", "long_days"})
    influx_section = "\n".join(f"{name} = {json.dumps(value)}" for name, value in chosen.items())
    path.write_text(f'data = "data"\nregistry = "registry"\n[influx]\n{influx_section}\n')
    words = ["rebuild", "influx", "--from", str(days[0]), "--to", str(days[-1] + timedelta(days=1))]
    assert run([*words, "--settings", str(path)]) == 0
    said = capsys.readouterr().err.splitlines()
    assert [one.split()[:3] for one in said if "official:" in one] == [
        [str(day), f"{number}/{len(days)}", "official:"] for number, day in enumerate(days, 1)
    ]
    assert fresh.content(*DERIVED) == before
    path.write_text(path.read_text().replace(influx.url, "http://127.0.0.1:9"))
    assert run([*words, "--settings", str(path)]) == 3
    assert "call it again" in capsys.readouterr().err


def test_hours_of_days_that_the_raw_bucket_keeps_no_more_come_back_too(influx, lived, world, days, written):
    before = written.content("station_hour", "link_hour", "link_day")
    # By our clock these days are past the raw bucket's retention; the server itself keeps everything.
    settings = settings_for(influx, raw_days=1)
    settings_now = days[-1]
    now_ms = CALENDAR.start_of(settings_now + timedelta(days=30))
    short = Bench(settings, written.ledger, world.registry)
    rebuild(influx, lived, world, settings, days[0], days[-1] + timedelta(days=1), now_ms)
    assert short.content("station", "link") == {}
    assert short.content("station_hour", "link_hour", "link_day") == before
    buckets = influx.client.get("/api/v2/buckets", params={"limit": 100}).json()["buckets"]
    assert f"{settings.prefix}_rebuild" not in {one["name"] for one in buckets}


def restate_and_rule(data, world, day, now_ms):
    """Restate one element and the days after it that change with it; uphold another one's objection."""
    ledger = Ledger(data / "ledger.db")
    ledger.open()
    with ledger.writing() as connection:
        restating = Restating(ArchiveReader(data / "archive"), world.registry, Conventions(), now_ms)
        changed = restating.write(
            connection, restating.propose(connection, "PER-0", day), "someone", "a log handed in late"
        )
        middle = CALENDAR.start_of(day)
        for number, (element, claim) in enumerate((("PER-0", "planned"), ("PER-1", "unknown")), 1):
            owner = world.registry.on(element, day).enterprise
            end = middle + 90_000_000
            one = Objection(number, owner, element, middle, end, claim, "a letter", now_ms, "someone")
            object_to(connection, world.registry, one, CALENDAR)
            moved = rule_on(
                connection,
                number,
                upheld=True,
                person="an inspector",
                ruling="announced",
                now_ms=now_ms + number,
                calendar=CALENDAR,
            )
            assert {each.element for each in moved} == {element}
    ledger.close()
    return [one.day for one in changed]


def test_what_people_decided_comes_back_as_the_sink_wrote_it(influx, lived, world, days, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(lived, data)
    now_ms = world.last_received + 30 * 86_400_000
    bench = Bench(settings_for(influx), Ledger(data / "ledger.db"), world.registry, now_ms)
    bench.sink.open()

    def idle():
        for _ in range(60):
            bench.now_ms += 60_000
            bench.sink.idle(bench.now_ms)

    idle()
    closed = bench.content(*DERIVED)
    restated = restate_and_rule(data, world, days[4], bench.now_ms)
    assert restated[0] == days[4]
    assert len(restated) > 1
    idle()
    before = bench.content(*DERIVED)
    bench.sink.close()
    about = {(key[1].split(",")[0], key[3]) for key in before if key[0] == "decision"}
    starts = {format_ms(CALENDAR.start_of(day)).replace(".000", "") for day in restated}
    assert {at for by, at in about if by == "by=restatement"} == starts
    assert {by for by, _ in about} == {"by=restatement", "by=objection"}
    assert {key[0] for key in before if before[key] != closed.get(key)} >= {"figure", "scope", "closed"}
    fresh = Bench(settings_for(influx), bench.ledger, world.registry)
    until = days[-1] + timedelta(days=1)
    rebuild(influx, data, world, fresh.settings, days[0], until, bench.now_ms)
    official = set(DERIVED) - {"link", "station", "link_hour", "station_hour", "link_day"}
    assert fresh.content(*official) == before


def test_a_day_whose_evidence_is_another_now_is_left_alone(influx, lived, world, days):
    settings = settings_for(influx)
    some = min(world.registry.elements)
    registry = replace(
        world.registry, elements={k: v for k, v in world.registry.elements.items() if k != some}
    )
    other = replace(world, registry=registry)
    with pytest.raises(OtherEvidenceError, match="gives other evidence than the day was closed from"):
        rebuild(influx, lived, other, settings, days[0], days[-1], world.last_received + LONG_AFTER)
    bench = Bench(settings, Ledger(lived / "ledger.db"), world.registry)
    assert bench.content("figure", "closed") == {}


def test_what_came_late_of_before_the_first_official_day_is_no_other_evidence(
    influx, lived, world, days, written, tmp_path
):
    """A device with a reset clock: its word came a year after its day."""
    data = tmp_path / "data"
    shutil.copytree(lived, data)
    at_ms = CALENDAR.start_of(days[0] - timedelta(days=365))
    event = {
        "specversion": "1.0",
        "id": "reset",
        "source": "poller/a",
        "type": "btswatch.status.v1",
        "subject": "PER-0",
        "time": format_ms(at_ms),
        "data": {"status": "down"},
    }
    received_ms = world.last_received
    entry = entry_of(event, received_ms=received_ms, track=Track.MEASURED, reporter="poller")
    with Archive(data / "archive") as archive:
        archive.append([(10_000_000, at_ms, event["type"], entry.body)])
        archive.flush()
    before = written.content("closed")
    rebuild(influx, data, world, written.settings, days[0], days[-1] + timedelta(days=1), written.now_ms)
    assert written.content("closed") == before
