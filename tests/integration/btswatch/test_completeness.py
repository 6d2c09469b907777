"""Closing in the cluster waits for every forwarder's word, and says who is silent."""

from datetime import date

import pytest

from btswatch.cli.exits import CommandError
from btswatch.cli.parts import _engine
from btswatch.ledger import ledger_of
from btswatch.parts.closing import close_due, days_due
from btswatch.parts.part import Ending
from btswatch.settings import Settings
from processors.sinks.archive_progress import Progress
from schemas.status import Track
from schemas.time import LocalCalendar, format_ms
from stores.archive import Archive
from stores.data_directory import DataDirectory, Mode
from stores.entries import entry_of
from stores.ledger import alarms
from stores.registry.load import load

DAY = date(2026, 11, 2)
HOUR_MS = 3_600_000
PARTITIONS = 16


@pytest.fixture
def settings(tmp_path):
    registry = tmp_path / "registry"
    registry.mkdir()
    (registry / "enterprises.csv").write_text("id,name\nvnx,VNX\n")
    (registry / "units.csv").write_text("code,name,kind\n20,Lạng Sơn,province\n")
    (registry / "stations.csv").write_text("id,enterprise\nBTS-1,vnx\n")
    return Settings(form="cluster", data=tmp_path / "data", registry=registry)


@pytest.fixture
def directory(settings):
    made = DataDirectory(settings.data)
    made.create(Mode.PRODUCTION)
    return made


@pytest.fixture
def registry(settings):
    return load(settings.registry, zone=settings.zone)


@pytest.fixture
def close_ms(settings):
    """When everything that counts for the day has been received."""
    return LocalCalendar(settings.zone).end_of(DAY) + settings.availability.lateness_s * 1000


def archived(directory, **through_by_forwarder):
    """An archive of one event, with the word of forwarders."""
    progress = Progress(partitions=PARTITIONS)
    for name, at_ms in through_by_forwarder.items():
        for partition in range(PARTITIONS):
            progress.ticked(name, partition, at_ms)
    noon_ms = LocalCalendar().start_of(DAY) + 12 * HOUR_MS
    event = {
        "specversion": "1.0",
        "id": "1",
        "source": "poller/a",
        "type": "btswatch.status.v1",
        "subject": "BTS-1",
        "time": format_ms(noon_ms),
        "data": {"status": "up"},
    }
    line = entry_of(event, received_ms=noon_ms, track=Track.MEASURED, reporter="poller").body
    with Archive(directory.path / "archive") as archive:
        first = archive.durable_offset() + 1
        archive.append([(first, noon_ms, "btswatch.status.v1", line)] if first == 1 else [])
        archive.flush(first, progress.note())


def raised(settings, directory):
    ledger = ledger_of(settings, directory)
    ledger.open()
    try:
        with ledger.reading() as connection:
            return {
                one.subject: one for one in alarms.open_alarms(connection) if one.kind == "forwarder_silent"
            }
    finally:
        ledger.close()


def test_a_day_closes_once_every_forwarder_is_through(settings, directory, registry, close_ms):
    now_ms = close_ms + HOUR_MS
    archived(directory, a=close_ms + 61_000, b=close_ms - 1)
    assert days_due(settings, directory, registry, lambda: now_ms) == []
    archived(directory, a=close_ms + 61_000, b=close_ms + 59_000)
    assert days_due(settings, directory, registry, lambda: now_ms) == []
    archived(directory, a=close_ms + 61_000, b=close_ms + 61_000)
    assert days_due(settings, directory, registry, lambda: now_ms) == [DAY]
    assert close_due(settings, directory, registry, lambda: now_ms) == [DAY]
    assert raised(settings, directory) == {}
    # No journal is needed, nor made, where days are closed.
    assert not (directory.path / "journal.db").exists()


def test_a_forwarder_that_stays_silent_raises_an_alarm_until_it_is_named_as_retired(
    settings, directory, registry, close_ms
):
    archived(directory, a=close_ms + 61_000, gone=close_ms - 5 * HOUR_MS)
    assert days_due(settings, directory, registry, lambda: close_ms + HOUR_MS) == []
    assert raised(settings, directory) == {}
    assert days_due(settings, directory, registry, lambda: close_ms + 2 * HOUR_MS) == []
    alarm = raised(settings, directory)["gone"]
    assert alarm.day == DAY
    assert alarm.detail["received_through_ms"] == close_ms - 5 * HOUR_MS
    archive = settings.archive.model_copy(update={"retired_forwarders": ("gone",)})
    retired = settings.model_copy(update={"archive": archive})
    assert days_due(retired, directory, registry, lambda: close_ms + 2 * HOUR_MS) == [DAY]


def test_where_no_forwarder_was_ever_heard_it_is_told_too(settings, directory, registry, close_ms):
    archived(directory)
    assert days_due(settings, directory, registry, lambda: close_ms + 3 * HOUR_MS) == []
    assert set(raised(settings, directory)) == {settings.forwarder.name}


def test_a_cluster_that_has_just_been_started_blames_no_forwarder_for_the_time_that_it_was_off(
    settings, directory, registry, close_ms
):
    archived(directory, a=close_ms - HOUR_MS)
    started_ms = close_ms + 70 * HOUR_MS
    for since_start_ms, silent in ((0, set()), (HOUR_MS, set()), (HOUR_MS + 1, {"a"})):
        now_ms = started_ms + since_start_ms
        assert days_due(settings, directory, registry, lambda at=now_ms: at, started_ms) == []
        assert set(raised(settings, directory)) == silent


def test_the_embedded_engine_does_not_touch_an_archive_of_the_cluster(settings, directory, registry):
    archived(directory, a=1)
    embedded = settings.model_copy(update={"form": "embedded"})
    with pytest.raises(CommandError, match="is the cluster's"):
        _engine(None, embedded, Ending())
    assert _engine(None, settings, Ending()) is not None
