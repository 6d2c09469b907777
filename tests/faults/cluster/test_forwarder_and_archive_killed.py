"""kill -9 of forwarder and archive sink, and of the broker, while events come in: each is archived once, in order."""

import json
import threading
from collections import Counter, defaultdict
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from btswatch.demo.ports import free_tcp
from schemas.status import Track
from schemas.time import to_ms
from stores.archive import ArchiveReader
from stores.data_directory import DataDirectory, Mode
from stores.entries import entry_of
from stores.journal import NewEntry
from stores.ledger import Ledger, figures
from tests.kafka_topics import eventually, make_topics, records_of, settings_of
from tests.product.process import Process, ask, btswatch, metric

pytestmark = pytest.mark.service
ELEMENTS = 60


def entry(number):
    event = {
        "id": f"e{number}",
        "type": "btswatch.heartbeat.v1" if number % 50 == 0 else "btswatch.status.v1",
        "subject": f"BTS-{number % ELEMENTS}",
        "time": f"2026-11-02T0{number % 5}:00:00Z",
        "n": number,
    }
    line = json.dumps(event, separators=(",", ":")).encode()
    return NewEntry("event", "vnx", "vnx/noc", f"e{number}", sha256(line).digest(), 1_000, line)


class Place:
    """A data directory with its settings, events that come in, and the two processes."""

    def __init__(self, path, kafka, prefix):
        self.kafka = make_topics(settings_of(kafka, prefix), "evidence", "deadletter")
        self.ports = {"forward": free_tcp(), "archive": free_tcp()}
        registry = path / "registry"
        registry.mkdir()
        (registry / "enterprises.csv").write_text("id,name\nvnx,VNX\n")
        (registry / "units.csv").write_text("code,name,kind\n20,Lạng Sơn,province\n")
        (registry / "stations.csv").write_text("id,enterprise\nBTS-1,vnx\n")
        self.settings = path / "btswatch.toml"
        self.settings.write_text(f"""
form = "cluster"
data = "data"
[kafka]
bootstrap = "{kafka.bootstrap}"
prefix = "{prefix}"
timeout_s = 3
[forwarder]
tick_s = 0.2
batch_events = 100
retry_most_s = 1
[archive]
flush_s = 0.3
[sinks]
retry_most_s = 1
[status]
forwarder_port = {self.ports["forward"]}
archive_sink_port = {self.ports["archive"]}
""")
        directory = DataDirectory(path / "data")
        directory.create(Mode.PRODUCTION)
        self.journal = directory.journal()
        self.journal.open()
        self.archive = ArchiveReader(path / "data" / "archive")
        self.appended = 0

    def append(self, count):
        self.journal.append([entry(self.appended + n) for n in range(count)])
        self.appended += count

    def forward(self):
        return Process("forward", "--settings", self.settings)

    def archiving(self):
        return Process("sink", "archive", "--settings", self.settings)

    def lines(self):
        return [json.loads(line) for day in self.archive.days() for line in self.archive.read(day)]

    def sent(self):
        return self.journal.position("forwarder")


@pytest.fixture
def place(tmp_path, kafka, kafka_prefix):
    made = Place(tmp_path, kafka, kafka_prefix)
    yield made
    made.journal.close()


@contextmanager
def events_coming_in(place, pieces, size):
    """Some every few milliseconds, until all are there or the block ends."""
    ended = threading.Event()

    def append():
        for _ in range(pieces):
            place.append(size)
            ended.wait(0.01)

    thread = threading.Thread(target=append)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def archived_once_in_order(place):
    assert Counter(one["id"] for one in place.lines()) == {f"e{n}": 1 for n in range(place.appended)}
    by_element_and_file = defaultdict(list)
    for one in place.lines():
        by_element_and_file[one["subject"], one["time"], one["type"]].append(one["n"])
    assert all(numbers == sorted(numbers) for numbers in by_element_and_file.values())


def first_occurrences_are_in_order(place):
    records = records_of(
        place.kafka, "evidence", lambda found: len(offsets_of(found)) >= place.appended * 49 // 50
    )
    by_key = defaultdict(list)
    for key, offset in offsets_of(records):
        by_key[key].append(offset)
    for offsets in by_key.values():
        firsts = list(dict.fromkeys(offsets))
        assert firsts == sorted(firsts)


def offsets_of(records):
    found = []
    for one in records:
        headers = dict(one.headers)
        if headers["kind"] == b"evidence":
            found += [(one.key, int(offset)) for offset in headers["offsets"].split(b",")]
    return found


def test_killed_again_and_again_each_event_is_archived_once_and_in_order(place):
    forward, archiving = place.forward(), place.archiving()
    try:
        with events_coming_in(place, pieces=160, size=25):
            for target in (800, 2_400):
                eventually(lambda target=target: place.sent() > target, 60)
                forward.kill()
                forward = place.forward()
                eventually(lambda target=target: len(place.lines()) > target // 2, 60, 0.5)
                archiving.kill()
                archiving = place.archiving()
        eventually(lambda: len(place.lines()) >= place.appended, 60, 0.5)
        archived_once_in_order(place)
        first_occurrences_are_in_order(place)
        # Killed at the very end, its successor may only have begun.
        eventually(lambda: ask(f"http://127.0.0.1:{place.ports['archive']}/readyz")[0] == 200, 60)
        assert forward.stop() == 0, forward.told
        assert archiving.stop() == 0, archiving.told
        assert "Traceback" not in forward.told + archiving.told
        assert place.sent() == place.appended
    finally:
        forward.kill()
        archiving.kill()


def test_a_broker_that_is_killed_and_comes_back_costs_nothing(place, kafka):
    forward, archiving = place.forward(), place.archiving()
    ready = f"http://127.0.0.1:{place.ports['forward']}/readyz"
    try:
        place.append(500)
        eventually(lambda: len(place.lines()) == 500, 60, 0.5)
        assert ask(ready)[0] == 200
        kafka.kill()
        place.append(500)
        eventually(lambda: ask(ready)[0] == 503, 30)
        kafka.start()
        place.append(500)
        eventually(lambda: len(place.lines()) >= 1_500, 60, 0.5)
        eventually(lambda: ask(ready)[0] == 200, 30)
        archived_once_in_order(place)
        url = f"http://127.0.0.1:{place.ports['forward']}"
        assert metric(url, "btswatch_forwarder_failures_total", where="brokers") >= 1
        eventually(lambda: metric(url, "btswatch_forwarder_offset") == 1_500)
        assert forward.told.count("forwarder can't send") == 1
        assert forward.told.count("forwarder sends again") == 1
    finally:
        kafka.start()
        forward.kill()
        archiving.kill()


def test_a_second_forwarder_of_a_journal_is_turned_away(place):
    forward = place.forward()
    try:
        place.append(10)
        eventually(lambda: place.sent() == 10, 60)
        second = btswatch("forward", "--settings", place.settings)
        assert second.returncode == 2
        assert "another forwarder sends its journal" in second.stderr
        assert second.stderr.count("\n") == 1
    finally:
        forward.kill()


def test_a_day_closes_from_what_the_cluster_archived(place):
    day = (datetime.now(UTC) - timedelta(days=6)).replace(hour=3, minute=0, second=0, microsecond=0)
    place.journal.append([status_at(day + timedelta(minutes=n)) for n in range(60)])
    forward, archiving = place.forward(), place.archiving()
    try:
        eventually(lambda: len(place.lines()) == 60, 60, 0.5)
        closed = eventually(lambda: btswatch("closing", "--settings", place.settings).stdout, 60)
        assert json.loads(closed.splitlines()[0])["day"] == day.date().isoformat()
    finally:
        forward.kill()
        archiving.kill()
    ledger = Ledger(place.settings.parent / "data" / "ledger.db")
    ledger.open()
    try:
        with ledger.reading() as connection:
            (figure,) = figures.figures_of_day(connection, day.date())
    finally:
        ledger.close()
    assert figure.state == figures.FINAL
    assert figure.figure.up >= 3_540


def status_at(moment):
    event = {
        "specversion": "1.0",
        "id": f"s{moment.isoformat()}",
        "source": "vnx/noc",
        "type": "btswatch.status.v1",
        "subject": "BTS-1",
        "time": moment.isoformat(),
        "data": {"status": "up"},
    }
    return entry_of(event, received_ms=to_ms(moment) + 500, track=Track.DECLARED, reporter="vnx")
