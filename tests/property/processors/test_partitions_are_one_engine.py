"""Partitions' sessions, however split, batched, repeated and restarted, tell in the end what one embedded engine has in its ledger."""

import json
import random
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from processors.core.conventions import Conventions
from processors.engine.embedded import EmbeddedEngine, Stores, pace_of
from processors.engine.worker.partition import Partition
from processors.engine.worker.wire import Incoming
from schemas.settings.engine import EngineSettings
from schemas.time import format_ms
from stores.archive import Archive
from stores.doorbell import Doorbell
from stores.journal import Journal
from stores.ledger import Ledger
from stores.ledger.feeds import feeds_health, proposals, refused
from stores.ledger.figures import figures_of_day
from stores.ledger.history import transitions_from
from stores.ledger.province_view import current
from tests.contract.engine.wire import Told, logs
from tests.contract.engine.world import DAYS, FIRST, World, make_world

PACE = pace_of(EngineSettings())


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(7)


@dataclass
class Ledgered:
    """What the embedded engine has after the whole journal."""

    figures: dict
    transitions: dict
    states: dict
    feeds: dict
    refused: dict
    late: list


@pytest.fixture(scope="module")
def embedded(world, tmp_path_factory) -> Ledgered:
    data = tmp_path_factory.mktemp("embedded")
    stores = Stores(Journal(data / "journal.db"), Ledger(data / "ledger.db"), Archive(data / "archive"))
    for store in (stores.journal, stores.ledger, stores.archive):
        store.open()
    now = [world.entries[0].received_ms]
    engine = EmbeddedEngine(
        stores,
        world.registry,
        Conventions(),
        EngineSettings(),
        bell=Doorbell(data / "bell"),
        told=Doorbell(data / "told"),
        now_ms=lambda: now[0],
    )
    engine.open()
    for first in range(0, len(world.entries), 500):
        piece = world.entries[first : first + 500]
        stores.journal.append(piece)
        now[0] = max(now[0], *(one.received_ms + 1 for one in piece))
        while engine.step():
            pass
    engine.drain()
    with stores.ledger.reading() as connection:
        found = Ledgered(
            {
                (row.element, row.day.isoformat()): row
                for n in range(-1, DAYS + 1)
                for row in figures_of_day(connection, FIRST + timedelta(days=n))
            },
            transitions_from(connection, FIRST),
            {one.element: one for one in current(connection)},
            feeds_health(connection),
            refused(connection, FIRST),
            proposals(connection, FIRST, FIRST + timedelta(days=DAYS)),
        )
    stores.archive.close()
    stores.ledger.close()
    stores.journal.close()
    return found


@dataclass
class Broker:
    """A partition's log, what was acknowledged of it, the table's rows, and a worker that dies now and then."""

    log: list[Incoming]
    partitions: int
    world: World
    told: Told
    rows: dict[bytes, bytes] = field(default_factory=dict)
    acknowledged: int = 0

    def session(self, number: int) -> Partition:
        return Partition(number, self.partitions, self.world.registry, Conventions(), PACE, dict(self.rows))

    def run(self, number: int, dice: random.Random, dies: float) -> None:
        while self.acknowledged < len(self.log):
            self.live(number, dice, dies)

    def live(self, number: int, dice: random.Random, dies: float) -> None:
        """One worker's life: to the end of the log, or until it dies."""
        session = self.session(number)
        for message in self.log[self.acknowledged :]:
            ticked = session.take(message)
            if dice.random() < 0.3:
                session.read()
            self.told.take(session.prompt())
            last = message.offset == len(self.log) - 1
            if ticked and (last or dice.random() < 0.2):
                checkpoint = session.checkpoint(tell=last or dice.random() < 0.5)
                assert checkpoint is not None
                self.told.take(checkpoint.results)
                if dice.random() < dies:
                    return  # told, not stored
                self.rows |= checkpoint.writes.puts
                for key in checkpoint.writes.deletes:
                    self.rows.pop(key, None)
                if dice.random() < dies:
                    return  # stored, not acknowledged
                self.acknowledged = message.offset + 1
            if dice.random() < dies / 10:
                return


@pytest.mark.parametrize(
    ("partitions", "pieces", "dies", "seed"),
    [
        (1, 12, 0.0, 1),
        (3, 30, 0.1, 2),
        (16, 20, 0.15, 3),
        (7, 8, 0.3, 4),
        (5, [100, 4500], 0.0, 5),
        (5, [100, 3000], 0.3, 11),
        (7, 8, 0.3, 1313),
    ],
)
def test_any_split_batching_and_restart_ends_as_the_embedded_engine(
    world, embedded, partitions, pieces, dies, seed
):
    dice = random.Random(seed)
    # Given pieces: a forwarder that catches up tells of days at once, with the evidence of all of them before its tick.
    cuts = pieces if isinstance(pieces, list) else sorted(dice.sample(range(1, len(world.entries)), pieces))
    told = Told()
    for number, log in enumerate(logs(world, partitions, cuts)):
        Broker(log, partitions, world, told).run(number, dice, dies)

    figures = {at: one for at, one in told.figures.items() if at in embedded.figures}
    assert {at: _figure(one) for at, one in figures.items()} == {
        at: json.loads(json.dumps(one.figure.as_dict())) for at, one in embedded.figures.items()
    }
    for at, one in embedded.figures.items():
        detail = figures[at]["detail"]
        assert detail["runs"] == [list(run) for run in one.runs]
        assert (detail["head_s"], detail["tail_s"]) == (one.head_s, one.tail_s)
    # Without causes: one of evidence that made no change when it came is no longer known when late evidence makes it one.
    assert {
        at: [(one["at"], one["from"], one["to"]) for one in changes]
        for at, changes in told.transitions.items()
        if changes
    } == {
        (element, day.isoformat()): [
            (format_ms(one.at_ms), one.before.name.lower(), one.after.name.lower()) for one in found
        ]
        for (element, day), found in embedded.transitions.items()
    }
    # Not since when: of a state that began days ago it depends on what had come when the day left memory.
    assert {element: _shown(one) for element, one in told.states.items()} == {
        element: (
            one.status.name.lower(),
            one.measured.name.lower(),
            one.declared.name.lower(),
            one.measured_at_ms and format_ms(one.measured_at_ms),
            one.declared_at_ms and format_ms(one.declared_at_ms),
        )
        for element, one in embedded.states.items()
    }
    counted = told.accepted()
    assert {name: counted[name] for name in embedded.feeds} == {
        name: (one.accepted, one.refused) for name, one in embedded.feeds.items()
    }
    assert {(one["element"], one["at"]) for one in told.late.values()} == {
        (one.element, format_ms(one.at_ms)) for one in embedded.late
    }
    assert len(embedded.late) > 10


def _figure(record: dict) -> dict:
    return {name: record["figure"][name] for name in ("seconds", "ratios", "outages", "reconciliation")}


def _shown(one: dict) -> tuple:
    return tuple(
        one.get(name) for name in ("state", "measured", "declared", "last_measured", "last_declared")
    )
