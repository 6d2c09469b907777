from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from processors.core.conventions import Conventions
from processors.core.decode import decode
from processors.core.province import Province
from processors.engine.conventions import ConventionsChangedError
from processors.engine.embedded import EmbeddedEngine, Stores
from processors.results import Basis, day_figure
from schemas.registry import Element, Enterprise, Kind, Registry
from schemas.settings.engine import EngineSettings
from schemas.status import Feed, Reading, Track
from schemas.time import LocalCalendar, format_ms
from stores.archive import Archive, ArchiveReader
from stores.doorbell import Doorbell
from stores.entries import entry_of
from stores.journal import Journal
from stores.ledger import Ledger
from stores.ledger.feeds import feeds_health, proposals, refused
from stores.ledger.figures import figures_of_day
from stores.ledger.history import transitions_of
from stores.ledger.positions import position
from stores.ledger.province_view import current_of

DAY = date(2026, 11, 2)
NOON = LocalCalendar().start_of(DAY) + 12 * 3_600_000
S = 1000
HOUR = 3600 * S
REGISTRY = Registry(
    enterprises={"PER": Enterprise("PER", "Per"), "TRA": Enterprise("TRA", "Tra", feed=Feed.TRANSITION)},
    elements={
        name: (Element(name, Kind.STATION, owner),)
        for name, owner in [("A", "PER"), ("B", "PER"), ("T", "TRA")]
    },
    digest="sha256:" + "0" * 64,
)


class Desk:
    """An engine on real stores, with a clock that the test moves."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.now = NOON
        self.numbers = iter(range(10**6))
        self.open()

    def open(self, **settings: float) -> None:
        self.bell = Doorbell(self.directory / "engine.bell")
        self.stores = Stores(
            Journal(self.directory / "journal.db", bells=[self.bell]),
            Ledger(self.directory / "ledger.db"),
            Archive(self.directory / "archive"),
        )
        self.stores.journal.open()
        self.stores.ledger.open()
        self.stores.archive.open()
        self.engine = EmbeddedEngine(
            self.stores,
            REGISTRY,
            Conventions(),
            EngineSettings(**settings),
            bell=self.bell,
            told=Doorbell(self.directory / "console.bell"),
            now_ms=lambda: self.now,
        )

    def close(self) -> None:
        self.stores.archive.close()
        self.stores.ledger.close()
        self.stores.journal.close()

    def say(
        self, element: str, state: str, at: int | None = None, *, by: str = "poller-1", received=None, **data
    ):
        at = self.now if at is None else at
        event = {
            "specversion": "1.0",
            "id": f"e{next(self.numbers)}",
            "source": f"{by}/x",
            "type": "btswatch.status.v1",
            "subject": element,
            "time": format_ms(at),
            "data": {"status": state, **data},
        }
        if state == "alive":
            event |= {"type": "btswatch.heartbeat.v1", "data": {}}
        track = Track.MEASURED if by.startswith("poller") else Track.DECLARED
        received = self.now if received is None else received
        self.stores.journal.append([entry_of(event, received_ms=received, track=track, reporter=by)])

    def step(self, seconds: float = 0) -> None:
        self.now += int(seconds * S)
        while self.engine.step():
            pass

    def state(self, element: str):
        with self.stores.ledger.reading() as connection:
            return current_of(connection, element)

    def transitions(self, element: str):
        with self.stores.ledger.reading() as connection:
            found = transitions_of(connection, element, 0, 1 << 60)
        return [(one.at_ms - NOON, one.after.name, one.cause) for one in found]

    def figure(self, element: str, day: date = DAY):
        with self.stores.ledger.reading() as connection:
            return next(row for row in figures_of_day(connection, day) if row.element == element)

    def position(self) -> int:
        with self.stores.ledger.reading() as connection:
            return position(connection, "engine")


@pytest.fixture
def desk(tmp_path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.close()


def test_a_change_is_in_the_ledger_at_once_with_its_exact_time_and_cause_before_the_position_moves(desk):
    desk.engine.open()
    desk.say("A", "up")
    desk.step()
    desk.now += 6_321
    desk.say("A", "down", cause="power", detail="mains failed", metrics={"battery_v": 47.5})
    desk.step()
    assert desk.state("A").status is Reading.DOWN
    assert desk.transitions("A")[-1] == (6_321, "DOWN", "power")
    assert desk.state("A").since_ms == NOON + 6_321
    assert desk.state("A").metrics == {"battery_v": 47.5}
    assert (desk.state("A").cause, desk.state("A").detail) == ("power", "mains failed")
    assert desk.position() == 0
    desk.step(11)
    assert desk.position() == 2


def test_time_alone_lapses_what_held(desk):
    desk.engine.open()
    desk.say("A", "up")
    desk.step()
    desk.step(179)
    assert desk.state("A").status is Reading.UP
    desk.step(2)
    assert desk.state("A").status is Reading.UNKNOWN
    assert desk.transitions("A")[-1] == (180 * S, "UNKNOWN", None)


def test_what_is_mended_within_a_slot_shows_at_once_and_counts_from_the_next_slot(desk):
    desk.engine.open()
    desk.say("A", "up")
    desk.step(61)
    desk.say("A", "down")
    desk.step(2)
    assert desk.state("A").status is Reading.DOWN
    desk.say("A", "up")
    desk.step()
    state = desk.state("A")
    assert (state.status, state.measured, state.since_ms) == (Reading.UP, Reading.UP, NOON + 63 * S)
    assert desk.transitions("A")[-1] == (60 * S, "DOWN", None)
    desk.step(7)
    desk.step(1)
    assert desk.transitions("A")[-1] == (70 * S, "UP", None)
    state = desk.state("A")
    assert (state.status, state.since_ms) == (Reading.UP, NOON + 70 * S)


def test_evidence_that_says_the_same_keeps_it_up_and_shows_when_it_was_seen(desk):
    desk.engine.open()
    for _ in range(10):
        desk.say("A", "up")
        desk.step(60)
    assert desk.state("A").status is Reading.UP
    assert desk.state("A").measured_at_ms == desk.now - 60 * S
    assert len(desk.transitions("A")) == 1


def test_a_single_silence_changes_nothing_and_a_second_one_counts_from_the_first(desk):
    desk.engine.open()
    desk.say("A", "up")
    desk.step(60)
    desk.say("A", "no_response")
    desk.step(60)
    assert desk.state("A").status is Reading.UP
    desk.say("A", "no_response")
    desk.step(1)
    assert desk.state("A").status is Reading.DOWN
    assert desk.transitions("A")[-1] == (60 * S, "DOWN", None)


def test_figures_follow_and_add_up(desk):
    desk.engine.open()
    for minute in range(30):
        desk.say("A", "down" if minute >= 20 else "up")
        desk.step(60)
    desk.step(61)
    figure = desk.figure("A").figure
    assert figure.up == 20 * 60
    assert figure.down >= 10 * 60
    assert figure.total == 12 * 3600 + (desk.now - NOON) // 10_000 * 10


def test_an_outage_over_midnight_keeps_its_beginning(desk):
    desk.engine.open()
    desk.now = NOON + 12 * HOUR - 1200 * S
    while desk.now < NOON + 12 * HOUR + 600 * S:
        desk.say("A", "down" if desk.now >= NOON + 12 * HOUR - 600 * S else "up")
        desk.step(60)
    state = desk.state("A")
    assert (state.status, state.since_ms) == (Reading.DOWN, NOON + 12 * HOUR - 600 * S)
    yesterday = desk.figure("A")
    assert (yesterday.figure.total, yesterday.figure.down, yesterday.tail_s) == (86_400, 600, 600)


@pytest.mark.parametrize("again", [False, True], ids=["running on", "after a restart"])
def test_a_settled_day_leaves_memory_and_what_still_comes_for_it_counts_as_ever(desk, again):
    desk.engine.open()
    midnight = NOON + 12 * HOUR
    desk.now = midnight - 1200 * S
    while desk.now < midnight + 600 * S:
        desk.say("A", "down" if desk.now >= midnight - 600 * S else "up")
        desk.step(60)
    desk.now = midnight + 2 * HOUR
    desk.step(11)
    assert desk.engine._session.horizon < (DAY + timedelta(days=1)).toordinal()
    desk.now = midnight + 3 * HOUR + 60 * S
    desk.step(11)
    desk.step(11)
    assert desk.engine._session.horizon == (DAY + timedelta(days=1)).toordinal()
    if again:
        desk.close()
        desk.open()
        desk.engine.open()
    # One answer of yesterday and one of today's first minutes come hours late.
    desk.say("A", "up", midnight - 290 * S)
    desk.say("A", "up", midnight + 90 * S)
    desk.step(11)
    desk.step(11)
    core = Province(REGISTRY, Conventions())
    lines = [one.body for one in desk.stores.journal.read(0, 1000, ["event"])]
    for line, event in zip(lines, decode(lines), strict=True):
        core.apply(event, line)
    for day in (DAY, DAY + timedelta(days=1)):
        known = desk.figure("A", day)
        read = core.read_day("A", day.toordinal(), known.as_of_ms * 1000)
        expected = day_figure(read, read.row, read.tally, Basis("provisional", 0, ""))
        assert known.figure == expected.figure
        assert known.figure.down > 0
    # Up from 23:55:10 until the next minute's answer.
    assert desk.figure("A").figure.down == 600 - 50


def test_late_evidence_moves_yesterday_and_older_open_days(desk):
    desk.engine.open()
    desk.say("A", "up")
    desk.step(11)
    before = desk.figure("A").figure.down
    desk.now = NOON + 60 * HOUR
    desk.step(11)
    desk.step(11)
    desk.say("A", "down", NOON + 60 * S, by="PER")
    desk.step(11)
    figure = desk.figure("A").figure
    assert before == 0
    # Measured up holds first; then the declared down goes on to midnight and beyond.
    assert figure.down == 12 * 3600 - 180
    assert desk.figure("A", date(2026, 11, 3)).figure.down == 86_400
    desk.step(61)
    assert desk.state("A").status is Reading.DOWN


def test_evidence_after_the_close_of_its_day_is_a_proposal_only(desk):
    desk.engine.open()
    desk.now = NOON + 100 * HOUR
    desk.say("A", "down", NOON, by="PER")
    desk.step(11)
    with desk.stores.ledger.reading() as connection:
        (found,) = proposals(connection, DAY, DAY)
    assert (found.element, found.at_ms, found.status) == ("A", NOON, "down")
    assert desk.state("A").status is Reading.UNKNOWN


def test_a_transition_feed_is_up_while_it_lives_and_unknown_when_it_falls_silent(desk):
    desk.engine.open()
    desk.say("T", "up", by="TRA")
    desk.step(600)
    desk.say("TRA", "alive", by="TRA")
    desk.step(61)
    assert desk.state("T").status is Reading.UP
    desk.step(1000)
    assert desk.state("T").status is Reading.UNKNOWN
    with desk.stores.ledger.reading() as connection:
        feed = feeds_health(connection)["TRA"]
    assert feed.accepted == 2
    assert feed.silent_since_ms is not None


def test_refused_entries_are_counted_once_kept_and_harm_nobody(desk):
    desk.engine.open()
    desk.say("NOBODY", "up")
    desk.say("T", "down", by="PER")
    desk.say("A", "no_response", by="PER")
    desk.say("A", "up", at=desk.now + 3600 * S)
    desk.say("A", "up")
    desk.step(11)
    desk.close()
    desk.open()
    desk.engine.open()
    desk.step(11)
    with desk.stores.ledger.reading() as connection:
        counted = refused(connection, DAY)
    assert counted == {
        ("poller-1", "unknown_element"): 1,
        ("PER", "unknown_element"): 1,
        ("PER", "not_allowed"): 1,
        ("poller-1", "time_in_future"): 1,
    }
    assert desk.state("A").status is Reading.UP
    assert {one.entrance for one in desk.stores.journal.refused()} == {"engine"}


def test_a_restart_goes_on_and_the_archive_has_every_accepted_event_once(desk):
    desk.engine.open()
    for minute in range(20):
        desk.say("A", "down" if minute == 7 else "up")
        desk.step(60)
        if minute in {5, 12}:
            desk.close()
            desk.open()
            desk.engine.open()
    desk.engine.drain()
    lines = list(ArchiveReader(desk.directory / "archive").read(DAY))
    assert len(lines) == len(set(lines)) == 20
    assert [name for _, name, _ in desk.transitions("A")] == ["UP", "DOWN", "UP"]
    assert desk.stores.journal.position("engine") == 20


def test_a_ledger_that_refuses_is_tried_again_and_nothing_is_lost(desk, monkeypatch):
    desk.engine.open()
    desk.say("A", "up")
    desk.step()
    with monkeypatch.context() as patched:
        patched.setattr(
            Ledger,
            "writing",
            lambda _: (_ for _ in ()).throw(OperationalError("COMMIT", {}, OSError("disk full"))),
        )
        desk.say("A", "down")
        with pytest.raises(OperationalError):
            desk.engine.step()
    desk.step(11)
    assert desk.state("A").status is Reading.DOWN
    assert desk.position() == 2


def test_it_does_not_go_on_with_another_grid(desk):
    desk.engine.open()
    engine = EmbeddedEngine(
        desk.stores,
        REGISTRY,
        Conventions(grid_s=60),
        EngineSettings(),
        bell=desk.bell,
        told=desk.bell,
        now_ms=lambda: desk.now,
    )
    with pytest.raises(ConventionsChangedError, match="grid_s"):
        engine.open()


def test_running_it_wakes_by_the_bell_and_a_stop_drains(desk):
    desk.close()
    desk.open(tick_s=60, checkpoint_s=3600, gather_s=0)
    told = Doorbell(desk.directory / "console.bell")
    with told:
        desk.engine.start()
        desk.say("A", "up")
        assert told.wait(10)
        while desk.state("A") is None or desk.state("A").status is not Reading.UP:
            assert told.wait(10)
        assert desk.position() == 0
        assert desk.engine.stop()
    assert desk.position() == 1
    assert len(list(ArchiveReader(desk.directory / "archive").read(DAY))) == 1
    assert desk.engine.failure is None
