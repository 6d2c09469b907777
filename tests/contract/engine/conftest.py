"""An engine as a real process over a data directory, and what its figures are compared with."""

import json
import pickle
import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from processors.closing import Closer
from processors.core.conventions import Conventions
from processors.core.periods import PeriodKind
from processors.core.province import Province
from processors.replay import Question, figures, take_in
from processors.replaying_word import words
from schemas.registry import Kind, Registry
from schemas.settings.engine import ClosingSettings
from stores.archive import ArchiveReader
from stores.journal import Journal
from stores.ledger import Ledger
from stores.ledger.enterprise_word import differing_on, late_on
from stores.ledger.figures import figures_of_day
from tests.contract.engine.world import CALENDAR, DAYS, FIRST, World, make_world

HOST = Path(__file__).parent / "embedded_host.py"


@pytest.fixture
def world() -> World:
    return make_world(7)


class Host:
    """An engine in a process of its own over a data directory."""

    entries_between_kills = (500, 1200)

    def __init__(self, data: Path, world: World, **settings: object) -> None:
        self.data = data
        self.world = world
        self.settings = settings
        self.process: subprocess.Popen[str] | None = None
        (data / "registry.pickle").write_bytes(pickle.dumps(world.registry))
        self.journal = Journal(data / "journal.db")
        self.journal.open()

    def append(self, first: int, last: int) -> None:
        self.journal.append(self.world.entries[first:last])

    def start(self, *, until: int | None = None) -> None:
        arguments = [sys.executable, str(HOST), str(self.data), json.dumps(self.settings), str(until or 0)]
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def finish(self) -> None:
        """Wait until all that is in the journal is in the ledger and the archive."""
        assert self.process is not None
        assert self.process.stdout is not None
        assert self.process.wait(60) == 0
        self.process.stdout.close()

    def provisional(self) -> list[str]:
        return self._figures()

    def close_days(self, now_ms: int) -> list[str]:
        """The official figures, as lines that an equal replay prints."""
        ledger = Ledger(self.data / "ledger.db")
        ledger.open()
        closer = Closer(
            ledger,
            ArchiveReader(self.data / "archive"),
            self.world.registry,
            Conventions(),
            ClosingSettings(),
            complete=lambda _: True,
            now_ms=lambda: now_ms,
        )
        closer.close_due()
        ledger.close()
        return self._figures()

    def word(self) -> list[str]:
        """What the closing found of the enterprises' word, as lines that an equal replay prints."""
        ledger = Ledger(self.data / "ledger.db")
        ledger.open()
        with ledger.reading() as connection:
            days = [FIRST + timedelta(days=offset) for offset in range(DAYS)]
            late = [
                word_line(day, one.element, [one.late_s, one.longest_s])
                for day in days
                for one in late_on(connection, day)
            ]
            differing = [
                word_line(day, one.element, [one.from_ms, one.to_ms, one.seconds, one.measured, one.declared])
                for day in days
                for one in differing_on(connection, day)
            ]
        ledger.close()
        return sorted(late + differing)

    def refused_codes(self) -> set[str]:
        """Why the engine put entries aside."""
        return {one.code for one in self.journal.refused() if one.entrance == "engine"}

    def close(self) -> None:
        self.journal.close()
        if self.process is not None and self.process.poll() is None:
            self.kill()

    def _figures(self) -> list[str]:
        ledger = Ledger(self.data / "ledger.db")
        ledger.open()
        with ledger.reading() as connection:
            found = [
                line_of(row.element, row.day, row.state, row.figure.as_dict())
                for offset in range(DAYS)
                for row in figures_of_day(connection, FIRST + timedelta(days=offset))
            ]
        ledger.close()
        return sorted(found)


def line_of(element: str, day: date, state: str, figure: object) -> str:
    return json.dumps([element, day.isoformat(), state, figure], sort_keys=True)


def word_line(day: date, element: str, found: list[object]) -> str:
    return json.dumps([day.isoformat(), element, found])


def replayed_word(archive: Path, registry: Registry, now_ms: int) -> list[str]:
    """What an offline replay of the archive's files finds of the enterprises' word."""
    reader = ArchiveReader(archive)
    lines = [line for day in reader.days() for line in reader.read(day)]
    # In any order.
    random.Random(3).shuffle(lines)
    province = Province(registry, Conventions())
    found = []
    for day, word in words(province, lines, FIRST, FIRST + timedelta(days=DAYS), now_ms, lambda *_: None):
        if word.late.late_s:
            found.append(word_line(day, word.element, [word.late.late_s, word.late.longest_s]))
        found += [
            word_line(
                day,
                word.element,
                [one.from_ms, one.to_ms, one.seconds, ";".join(one.measured), ";".join(one.declared)],
            )
            for one in word.differing
        ]
    return sorted(found)


def replayed(archive: Path, registry: Registry, now_ms: int) -> list[str]:
    """What an offline replay of the archive's files says, by element and day."""
    province = Province(registry, Conventions())
    reader = ArchiveReader(archive)
    for day in reader.days():
        take_in(province, reader.read(day), now_ms, lambda *_: None)
    found = []
    for kind in Kind:
        start, end = CALENDAR.start_of(FIRST), CALENDAR.start_of(FIRST + timedelta(days=DAYS))
        for one in figures(province, Question(start, end, now_ms, PeriodKind.DAY, kind=kind)):
            day = CALENDAR.day_of(one.start)
            if registry.on(one.id, day) is not None:
                state = "final" if one.final else "provisional"
                found.append(line_of(one.id, day, state, one.figure.as_dict()))
    return sorted(found)


@pytest.fixture(params=["embedded", pytest.param("cluster", marks=pytest.mark.service)])
def make_host(request: pytest.FixtureRequest, tmp_path: Path, world: World) -> Iterator[object]:
    hosts: list[Host] = []

    def make(name: str, **settings: object) -> Host:
        (tmp_path / name).mkdir()
        if request.param == "cluster":
            from tests.contract.engine.cluster_host import ClusterHost

            kafka, prefix = request.getfixturevalue("kafka"), request.getfixturevalue("kafka_prefix")
            hosts.append(ClusterHost(tmp_path / name, world, kafka.bootstrap, prefix, **settings))
        else:
            hosts.append(Host(tmp_path / name, world, **settings))
        return hosts[-1]

    yield make
    for host in hosts:
        host.close()


@pytest.fixture
def word_of():
    return replayed_word


@pytest.fixture
def replay_of():
    return replayed
