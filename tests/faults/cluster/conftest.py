"""A cluster of real processes over the contract's world under load, and the embedded engine's word on the same."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from btswatch.stack.kafka import KafkaServer
from processors.core.conventions import Conventions
from processors.core.decode import UndecodableError, decode_one, microseconds
from processors.core.periods import PeriodKind
from processors.core.province import Province
from processors.replay import Question, Scope, figures, take_in
from processors.rules import load_rules
from schemas.registry import Kind, Unit
from schemas.time import LocalCalendar
from stores.archive import ArchiveReader
from stores.journal import NewEntry
from stores.ledger import Ledger, province_view
from stores.ledger.findings import findings_of
from stores.ledger.periods import scope_figures
from stores.ledger.unwatched import unwatched_in
from stores.registry.load import load
from stores.registry.write import write
from tests.cluster import Cluster
from tests.contract.engine.conftest import Host, replayed
from tests.contract.engine.world import CALENDAR, DAYS, FIRST, World, make_world
from tests.running_verdicts import told_and_expected

UNIT = Unit("06001", "Xã Thất Khê", "Xa That Khe", "commune")
# So many entries are there before anything starts: time has to begin somewhere.
BEFORE = 100
_PAUSE_S = 0.2
LONG_AFTER = 20 * 86_400_000


@dataclass
class Word:
    """What an engine says in the end."""

    provisional: list[str]
    states: list[object]
    official: list[str]


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Its first thirty hours and what came late of them, with the registry as processes read it from files."""
    made = make_world(7)
    until = CALENDAR.start_of(FIRST) + 30 * 3_600_000
    made.entries[:] = [one for one in made.entries if _time_of(one) < until]
    directory = tmp_path_factory.mktemp("registry")
    write(replace(made.registry, units={UNIT.code: (UNIT,)}), directory)
    return replace(made, registry=load(directory))


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory, world: World) -> Word:
    host = Host(tmp_path_factory.mktemp("embedded"), world)
    host.append(0, len(world.entries))
    host.start(until=len(world.entries))
    host.finish()
    found = word_of(host)
    host.journal.close()
    assert found.official == replayed(host.data / "archive", world.registry, world.last_received + LONG_AFTER)
    return found


@pytest.fixture
def cluster(tmp_path: Path, kafka: KafkaServer, kafka_prefix: str, world: World) -> Iterator[Cluster]:
    made = Cluster(tmp_path, kafka.bootstrap, kafka_prefix, world.registry)
    made.append(world.entries[:BEFORE])
    yield made
    made.close()


class Load:
    """Appends the world's entries a few at a time, the last of them slowly: there is load until `finish`."""

    def __init__(self, cluster: Cluster, world: World, seconds: float) -> None:
        self._cluster = cluster
        self._entries = world.entries
        self._step = max(1, int(len(world.entries) * _PAUSE_S / seconds))
        self._slow_from = len(world.entries) * 3 // 4
        self._hurry = threading.Event()
        self._thread = threading.Thread(target=self._run, name="load")

    @property
    def on(self) -> bool:
        """Whether entries are still to come: a fault now is one under load."""
        return self._thread.is_alive()

    def start(self) -> "Load":
        self._thread.start()
        return self

    def finish(self) -> None:
        """Append the rest at once."""
        self._hurry.set()
        self._thread.join()

    def _run(self) -> None:
        done = BEFORE
        while done < len(self._entries):
            step = 1 if done >= self._slow_from else self._step
            step = len(self._entries) if self._hurry.is_set() else step
            self._cluster.append(self._entries[done : done + step])
            done += step
            self._hurry.wait(_PAUSE_S if done < self._slow_from else 3 * _PAUSE_S)


@pytest.fixture
def under_load(cluster: Cluster, world: World) -> Iterator[Callable[[float], Load]]:
    started: list[Load] = []

    def start(seconds: float) -> Load:
        started.append(Load(cluster, world, seconds).start())
        return started[-1]

    yield start
    for one in started:
        one.finish()


def word_of(host: Host) -> Word:
    """Provisional figures as if final, shown states, and then the official figures."""
    provisional = [line.replace('"provisional"', '"final"') for line in host.provisional()]
    with _ledger(host.data) as ledger, ledger.reading() as connection:
        # Not since when: of what began days ago each engine knows as much as it has read since.
        states = [
            (one.element, one.status, one.measured, one.declared) for one in province_view.current(connection)
        ]
    official = host.close_days(host.world.last_received + LONG_AFTER)
    return Word(provisional, states, official)


@pytest.fixture
def says_the_same(cluster: Cluster, world: World, embedded: Word) -> Callable[[], None]:
    """Settles, and holds everything against the embedded engine and an offline replay."""

    def check() -> None:
        cluster.settle()
        # What was stopped last has to be written too.
        for one in cluster.processes:
            if one.running and one.name.startswith("sink"):
                assert one.stop() == 0, one.last_lines()
        _enterprises_are_their_elements(cluster, world)
        host = Host(cluster.data, replace(world, registry=cluster.registry))
        found = word_of(host)
        host.journal.close()
        now = world.last_received + LONG_AFTER
        assert found.official == replayed(cluster.data / "archive", cluster.registry, now)
        assert found.official == embedded.official
        assert found.provisional == embedded.provisional
        assert found.states == embedded.states

    return check


def _enterprises_are_their_elements(cluster: Cluster, world: World) -> None:
    """The running figures are what the ledger's elements add up to, and for days that are over what a replay prints."""
    calendar = LocalCalendar()
    province = Province(cluster.registry, Conventions())
    reader = ArchiveReader(cluster.data / "archive")
    for day in reader.days():
        take_in(province, reader.read(day), world.last_received, lambda *_: None)
    with _ledger(cluster.data) as ledger, ledger.reading() as connection:
        told, expected = told_and_expected(
            connection, cluster.registry, load_rules(), "2026-Q4", "2026-11", calendar.zone
        )
        assert told == expected
        assert len(told) >= 4
        found = [
            one
            for owner in cluster.registry.enterprises
            for one in findings_of(connection, owner, 0)
            if one.finding == "figure"
        ]
        assert {one.period for one in found} == {"day", "month", "quarter"}
        assert {one.kind for one in found} == {"station", "link"}
        for one in found:
            first, last = calendar.day_of(one.from_ms), calendar.day_of(one.to_ms - 1)
            lacking = unwatched_in(
                connection, cluster.registry, [(first, last + timedelta(days=1))], calendar
            )
            by_owner = scope_figures(connection, "enterprise", first, last, kind=one.kind, unwatched=lacking)
            stored = by_owner[one.subject]
            said = {name: one.content["figure"][name] for name in ("seconds", "outages", "reconciliation")}
            assert said == _without_nulls({name: stored.figure.as_dict()[name] for name in said}), one.key
            if one.period == "day" and (first - FIRST).days in range(DAYS):
                question = Question(one.from_ms, one.to_ms, world.last_received, PeriodKind.DAY, Scope.ENTERPRISE, Kind(one.kind))  # fmt: skip
                (printed,) = [figure for figure in figures(province, question) if figure.id == one.subject]
                figure = printed.as_dict(calendar.zone) | {"state": "provisional"}
                assert one.content["figure"] == _without_nulls(figure)
        days = {(one.subject, calendar.day_of(one.from_ms)) for one in found if one.period == "day" and one.kind == "station"}  # fmt: skip
        assert {("PER", FIRST), ("TRA", FIRST)} <= days


def _without_nulls(value: object) -> object:
    """As the ledger keeps a finding's content."""
    if isinstance(value, dict):
        return {name: _without_nulls(one) for name, one in value.items() if one is not None}
    return value


def _ledger(data: Path) -> Ledger:
    return _Opened(data / "ledger.db")


class _Opened(Ledger):
    def __enter__(self) -> Ledger:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _time_of(entry: NewEntry) -> int:
    event = decode_one(entry.body)
    return 0 if isinstance(event, UndecodableError) else microseconds(event["time"]) // 1000
