from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, update

from processors.audit_check import walk
from processors.closing import Closer
from processors.core.conventions import Conventions, Grid
from processors.core.decode import decode_one, microseconds
from processors.core.province import Province
from schemas.refusal import Refusal
from schemas.registry import Registry
from schemas.settings.engine import ClosingSettings
from stores.archive import Archive, ArchiveReader
from stores.ledger import Ledger, official_day
from stores.ledger.alarms import FIGURE_DIFFERS, NOT_FOLLOWED, open_alarms
from stores.ledger.closings import closings
from stores.ledger.figures import PROVISIONAL, figures_of_day, save_provisional
from stores.ledger.tables import day_figures, differing_causes, feed_days, late_declarations

HOUR = 3_600_000
LONG_AFTER = 20 * 24 * HOUR


@pytest.fixture
def archive(tmp_path, world) -> Path:
    """What an engine archives: everything that the core does not refuse."""
    province = Province(world.registry, Conventions())
    with Archive(tmp_path / "archive") as archive:
        for offset, entry in enumerate(world.entries, 1):
            event = decode_one(entry.body)
            if isinstance(event, dict) and not isinstance(province.apply(event, entry.body), Refusal):
                archive.append([(offset, microseconds(event["time"]) // 1000, event["type"], entry.body)])
        archive.flush()
    return tmp_path / "archive"


class Office:
    """A ledger and the closings done on it."""

    def __init__(self, target: Path | str, archive: Path, registry: Registry) -> None:
        self.archive = archive
        self.registry = registry
        self.ledger = Ledger(target)
        self.ledger.open()

    def closer(self, now_ms: int, *, complete=lambda _: True, batch=200) -> Closer:
        return Closer(
            self.ledger,
            ArchiveReader(self.archive),
            self.registry,
            Conventions(),
            ClosingSettings(batch_elements=batch),
            complete=complete,
            now_ms=lambda: now_ms,
        )

    def rows(self, world_days) -> list[object]:
        with self.ledger.reading() as connection:
            return [
                replace(row, closed_at_ms=0) for day in world_days for row in figures_of_day(connection, day)
            ]

    def word(self) -> list[object]:
        """What the closings found of the enterprises' word."""
        tables = (late_declarations, differing_causes, feed_days)
        with self.ledger.reading() as connection:
            found = [connection.execute(select(one).order_by(*one.primary_key)).all() for one in tables]
        assert all(found)
        return found


@pytest.fixture
def open_office(new_ledger, archive, world):
    """On each database."""
    offices = []

    def make(_name: str) -> Office:
        offices.append(Office(new_ledger(), archive, world.registry))
        return offices[-1]

    yield make
    for office in offices:
        office.ledger.close()


@pytest.fixture
def days(archive):
    return ArchiveReader(archive).days()


def close_of(day):
    return Grid(Conventions()).close_us(day.toordinal()) // 1000


def test_a_day_closes_after_its_lateness_and_once_the_archive_has_all_of_it(open_office, days):
    office = open_office("due")
    early = close_of(days[0])
    assert office.closer(early).due() == []
    assert office.closer(early + HOUR).due() == [days[0]]
    assert office.closer(early + 25 * HOUR).due() == days[:2]
    assert office.closer(early + HOUR, complete=lambda received: received < early).due() == []


def test_day_by_day_and_all_at_once_are_the_same(open_office, days, world):
    once, daily = open_office("once"), open_office("daily")
    now = world.last_received + LONG_AFTER
    told = []
    once.closer(now).close_due(told.append)
    assert [one.done for one in told] == list(range(1, len(told) + 1))
    assert told[-1].total == len(told)
    for day in once.closer(now).due() or [one.day for one in told]:
        assert daily.closer(close_of(day) + HOUR).close_due() == [day]
    assert daily.rows(days) == once.rows(days)
    assert daily.word() == once.word()


@pytest.mark.parametrize("other", [{"down_s": 0, "up_s": 86_400}, {"unit": "elsewhere"}, {"runs": []}])
def test_a_row_of_an_interrupted_closing_that_is_another_by_now_is_written_anew(
    open_office, days, world, other
):
    """Changed by somebody, or by a corrected registry: it would be sealed as it stands. Its inputs are the same."""
    whole, broken = open_office("whole"), open_office("broken")
    whole.closer(close_of(days[0]) + HOUR).close_due()
    stops = iter([False, True])
    broken.closer(close_of(days[0]) + HOUR, batch=3).close_due(stopping=lambda: next(stops))
    with broken.ledger.writing() as connection:
        changed = connection.execute(
            update(day_figures).where(day_figures.c.state == "final").values(**other)
        )
        assert changed.rowcount == 3
    broken.closer(close_of(days[0]) + HOUR, batch=3).close_due()
    for table in (broken, whole):
        assert table.closer(close_of(days[0]) + HOUR).due() == []
    with broken.ledger.reading() as mine, whole.ledger.reading() as theirs:
        assert official_day.seal(mine, days[0]) == official_day.seal(theirs, days[0])


def test_interrupted_anywhere_it_goes_on_to_the_same_rows_and_revisions(open_office, days, world):
    whole, broken = open_office("whole"), open_office("broken")
    now = world.last_received + LONG_AFTER
    whole.closer(now, batch=3).close_due()
    asked = 0

    def every_third_time() -> bool:
        nonlocal asked
        asked += 1
        return asked % 7 == 0

    for _ in range(40):
        broken.closer(now, batch=3).close_due(stopping=every_third_time)
        with broken.ledger.reading() as connection:
            assert walk(connection).broken == (), "a day that is half closed was not tampered with"
    broken.closer(now, batch=3).close_due()
    assert broken.rows(days) == whole.rows(days)
    assert broken.word() == whole.word()
    with broken.ledger.reading() as connection:
        assert [one.complete for one in closings(connection, days[0], days[-1])] == [True] * len(days)


def test_an_element_that_is_read_in_another_way_from_now_on_is_read_again_from_the_beginning(
    open_office, days, world, replay_of
):
    office = open_office("changed")
    now = world.last_received + LONG_AFTER
    office.closer(close_of(days[0]) + HOUR).close_due()
    changed = {
        name: tuple(replace(row, measured_valid_for_s=1200, declared_valid_for_s=7200) for row in rows)
        for name, rows in world.registry.elements.items()
    }
    office.registry = replace(world.registry, elements=changed, digest="sha256:" + "1" * 64)
    office.closer(now).close_due()
    fresh = open_office("fresh")
    fresh.registry = office.registry
    fresh.closer(now).close_due()
    assert office.rows(days[1:]) == fresh.rows(days[1:])
    assert office.rows(days[:1]) != fresh.rows(days[:1])


def test_a_difference_from_the_provisional_figure_raises_an_alarm(open_office, days, world):
    first, second = open_office("first"), open_office("second")
    now = world.last_received + LONG_AFTER
    first.closer(now).close_due()
    rows = [
        replace(row, state=PROVISIONAL, inputs_digest="", closed_at_ms=None) for row in first.rows(days[:1])
    ]
    wrong = replace(rows[0], figure=replace(rows[0].figure, down=rows[0].figure.down + 10))
    stopped = replace(rows[1], to_ms=rows[1].to_ms - HOUR)
    with second.ledger.writing() as connection:
        save_provisional(connection, [wrong, stopped, *rows[2:]])
    second.closer(now).close_due()
    with second.ledger.reading() as connection:
        raised = {(one.kind, one.subject): one for one in open_alarms(connection)}
        closed = closings(connection, days[0], days[0])[0]
    assert set(raised) == {(FIGURE_DIFFERS, wrong.element), (NOT_FOLLOWED, "engine")}
    detail = raised[FIGURE_DIFFERS, wrong.element].detail
    assert detail["provisional"]["down"] == detail["official"]["down"] + 10
    assert closed.differences == 1
    assert second.rows(days[:1])[0].revision == 2


def test_a_line_that_the_core_refuses_is_counted_and_stops_nothing(open_office, days, world):
    office = open_office("refused")
    gone = next(iter(world.registry.elements))
    kept = {name: rows for name, rows in world.registry.elements.items() if name != gone}
    office.registry = replace(world.registry, elements=kept)
    office.closer(close_of(days[0]) + HOUR).close_due()
    with office.ledger.reading() as connection:
        notes = closings(connection, days[0], days[0])[0].notes
    assert notes["refused"] > 0
    assert notes["first_refused"][0].startswith("unknown_element")
