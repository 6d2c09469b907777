"""What every engine is held to: a small province with a seeded history, and an engine as a real process."""

import json
import pickle
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import pytest

from processors.closing import Closer
from processors.core.conventions import Conventions
from processors.core.periods import PeriodKind
from processors.core.province import Province
from processors.replay import Question, figures, take_in
from schemas.registry import Element, Enterprise, Kind, Registry
from schemas.settings.engine import ClosingSettings
from schemas.status import Feed, NoResponse, Policy, Track
from schemas.time import LocalCalendar, format_ms
from stores.archive import ArchiveReader
from stores.entries import entry_of
from stores.journal import Journal, NewEntry
from stores.ledger import Ledger
from stores.ledger.figures import figures_of_day

FIRST = date(2026, 11, 2)
DAYS = 3
MINUTE = 60_000
HOUR = 60 * MINUTE
CALENDAR = LocalCalendar()
HOST = Path(__file__).parent / "embedded_host.py"


def province_registry() -> Registry:
    enterprises = {
        "PER": Enterprise("PER", "Periodic"),
        "TRA": Enterprise("TRA", "Transition", feed=Feed.TRANSITION, heartbeat_s=300),
    }
    rows = [
        Element(
            f"{owner}-{number}",
            Kind.STATION,
            owner,
            unit="06001",
            technologies=("4G", "5G"),
            policy=policy,
            no_response=NoResponse.UNKNOWN if number == 1 else NoResponse.DOWN,
        )
        for owner in enterprises
        for number, policy in enumerate(Policy)
    ]
    elements = {row.id: (row,) for row in rows}
    elements["LINK-1"] = (Element("LINK-1", Kind.LINK, "PER"),)
    middle = FIRST + timedelta(days=1)
    moved = Element("MOVED", Kind.STATION, "PER", valid_to=middle)
    elements["MOVED"] = (
        moved,
        Element("MOVED", Kind.STATION, "TRA", valid_from=middle, measured_valid_for_s=600),
    )
    return Registry(enterprises=enterprises, elements=elements, digest="sha256:" + "0" * 64)


def status(
    element: str, at_ms: int, state: str, owner: str, number: int, **data: object
) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "id": f"e{number}",
        "source": f"{owner}/a",
        "type": "btswatch.status.v1",
        "subject": element,
        "time": format_ms(at_ms),
        "data": {"status": state, **data},
    }


@dataclass
class World:
    registry: Registry
    entries: list[NewEntry] = field(default_factory=list)

    @property
    def last_received(self) -> int:
        return max(entry.received_ms for entry in self.entries)


def make_world(seed: int) -> World:
    """Three days of polls and reports: outages, silence, flapping, late and refused evidence, announced work."""
    dice = random.Random(seed)
    world = World(province_registry())
    start, end = CALENDAR.start_of(FIRST), CALENDAR.start_of(FIRST + timedelta(days=DAYS))
    found: list[tuple[int, dict[str, object], Track, str]] = []
    for element, rows in world.registry.elements.items():
        bad_until, state = 0, "up"
        at = start + dice.randrange(20 * MINUTE)
        while at < end:
            if at >= bad_until:
                roll = dice.random()
                state = "up" if roll < 0.9 else dice.choice(["down", "no_response", "degraded"])
                bad_until = at + dice.randrange(5 * HOUR) if state != "up" else 0
            if dice.random() < 0.8:
                event = status(
                    element,
                    at,
                    state,
                    "poller-1",
                    len(found),
                    **({"cause": "power"} if state == "down" else {}),
                )
                found.append((at + dice.randrange(900), event, Track.MEASURED, "poller-1"))
            said = "down" if state == "no_response" else state
            day = CALENDAR.day_of(at)
            row = next((one for one in rows if one.in_force_on(day)), rows[0])
            if dice.random() < 0.3:
                owner = row.enterprise if dice.random() < 0.98 else "PER"
                late = dice.choice([500, 500, 500, 2 * HOUR, 30 * HOUR, 90 * HOUR])
                found.append((at + late, status(element, at, said, owner, len(found)), Track.DECLARED, owner))
            at += dice.randrange(MINUTE, 12 * MINUTE)
    at = start
    while at < end:
        if dice.random() < 0.85:
            event = status("TRA", at, "up", "TRA", len(found)) | {"type": "btswatch.heartbeat.v1", "data": {}}
            found.append((at + 300, event, Track.DECLARED, "TRA"))
        at += 5 * MINUTE
    for number, owner in enumerate(["PER", "TRA"]):
        begin = start + 30 * HOUR + number * 5 * HOUR
        data = {
            "action": "announce",
            "notice": f"N{number}",
            "elements": [e for e in world.registry.elements if e.startswith(owner)],
            "from": format_ms(begin),
            "to": format_ms(begin + 6 * HOUR),
        }
        event = status(owner, start - HOUR, "up", owner, len(found)) | {
            "type": "btswatch.maintenance.v1",
            "data": data,
        }
        found.append((start + 1000, event, Track.DECLARED, owner))
        withdraw = event | {
            "id": f"w{number}",
            "data": data | {"action": "withdraw"},
            "time": format_ms(begin + 4 * HOUR),
        }
        found.append((begin + 4 * HOUR, withdraw, Track.DECLARED, owner))
    for received, event, track, reporter in sorted(found, key=lambda one: one[0]):
        entry = entry_of(event, received_ms=received, track=track, reporter=reporter)
        world.entries.append(entry)
    broken = NewEntry(
        "event", "poller-1", "", "", b"", world.entries[50].received_ms, b'{"specversion":"1.0"'
    )
    world.entries.insert(50, broken)
    return world


@pytest.fixture
def world() -> World:
    return make_world(7)


class Host:
    """An engine in a process of its own over a data directory. Another engine has another `HOST`."""

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


@pytest.fixture
def make_host(tmp_path: Path, world: World) -> Iterator[object]:
    hosts: list[Host] = []

    def make(name: str, **settings: object) -> Host:
        (tmp_path / name).mkdir()
        hosts.append(Host(tmp_path / name, world, **settings))
        return hosts[-1]

    yield make
    for host in hosts:
        host.journal.close()
        if host.process is not None and host.process.poll() is None:
            host.kill()


@pytest.fixture
def replay_of():
    return replayed
