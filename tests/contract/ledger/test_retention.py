"""Evidence is kept for its time, longer under a legal hold, and what was pruned is told; on each database."""

from datetime import date, timedelta

import pytest

from processors.audit_check import walk
from processors.core.conventions import Conventions
from processors.restating import Restating
from processors.retention import (
    PrunedError,
    RetentionError,
    hold,
    holds,
    must_have_evidence,
    prunable,
    prune,
    release,
)
from schemas.audit import AuditKind, NewAuditEntry
from schemas.registry import Element, Enterprise, Kind, Registry
from schemas.time import LocalCalendar
from stores.archive import Archive, ArchiveReader
from stores.archive_prune import half_gone
from stores.ledger import audit, official_day
from stores.ledger.closings import ClosedDay, save_closed

CALENDAR = LocalCalendar()
FIRST = date(2024, 1, 1)
DAYS = [FIRST + timedelta(days=n) for n in range(5)]
KEEP = 731
TODAY = DAYS[3] + timedelta(days=KEEP)


@pytest.fixture
def archive(tmp_path):
    with Archive(tmp_path / "archive", CALENDAR) as archive:
        for offset, day in enumerate(DAYS, 1):
            archive.append([(offset, CALENDAR.start_of(day), "btswatch.status.v1", b'{"day":%d}' % offset)])
        archive.flush()
        archive.merge(DAYS[0])
    return ArchiveReader(tmp_path / "archive")


@pytest.fixture
def closed(ledger):
    """The first four of the five days are closed and sealed."""
    with ledger.writing() as connection:
        for day in DAYS[:4]:
            save_closed(connection, ClosedDay(day, 1, True, 1, 0, 0, "r", "i", {}))
            seal = official_day.seal(connection, day)
            audit.append(
                connection, [NewAuditEntry(1, AuditKind.DAY_CLOSED, day.isoformat(), "closing", seal)]
            )
    return ledger


def may_go(ledger, archive, today=TODAY, keep=KEEP):
    with ledger.reading() as connection:
        found = prunable(connection, archive, keep, today)
    return [one.day for one in found.days], found.kept_by


def take_away(ledger, archive, today=TODAY):
    return prune(ledger, archive, KEEP, today=today, person="An", reason="time is over", now_ms=9)


def test_only_what_is_older_than_its_time_may_go(closed, archive):
    days, kept_by = may_go(closed, archive)
    assert (days, kept_by) == (DAYS[:3], f"{DAYS[3]}: kept for 731 days")
    assert may_go(closed, archive, TODAY - timedelta(days=3))[0] == []


def test_what_is_not_closed_and_sealed_stays(closed, archive):
    days, kept_by = may_go(closed, archive, TODAY + timedelta(days=99))
    assert (days, kept_by) == (DAYS[:4], f"{DAYS[4]}: not closed and sealed")


def test_pruning_leaves_an_entry_with_the_digests_of_what_went(closed, archive):
    with closed.reading() as connection:
        sizes = prunable(connection, archive, KEEP, TODAY).bytes
    assert [one.day for one in take_away(closed, archive)] == DAYS[:3]
    assert archive.days() == DAYS[3:]
    assert [list(archive.read(day)) for day in DAYS[2:4]] == [[], [b'{"day":4}']]
    with closed.reading() as connection:
        entry = audit.newest(connection, AuditKind.PRUNED)
        assert walk(connection).broken == ()
    told = entry.content
    assert (told["first"], told["until"], told["days"], told["files"], told["bytes"]) == (
        str(DAYS[0]),
        str(DAYS[3]),
        3,
        3,
        sizes,
    )
    assert (entry.actor, told["reason"], told["root"].startswith("sha256:")) == ("An", "time is over", True)
    assert take_away(closed, archive) == ()
    with closed.reading() as connection:
        assert audit.head(connection) == entry.digest, "nothing went, nothing is told"


def test_a_hold_stops_pruning_until_it_is_released(closed, archive):
    with closed.writing() as connection:
        one = hold(connection, "An", "case 12", 5)
        two = hold(connection, "Binh", "case 13", 6)
    assert may_go(closed, archive) == ([], f"{DAYS[0]}: hold {one.number} by An: case 12")
    assert take_away(closed, archive) == ()
    assert archive.days() == DAYS
    with closed.writing() as connection:
        assert release(connection, one.number, "An", "decided", 7) == one
        assert holds(connection) == [two]
        with pytest.raises(RetentionError, match="was released"):
            release(connection, one.number, "An", "again", 8)
        release(connection, two.number, "An", "decided", 9)
    assert may_go(closed, archive)[0] == DAYS[:3]


def test_a_removal_that_was_interrupted_is_ended_by_the_next(closed, archive):
    directory = archive.root / "2024" / "01" / "01"
    directory.rename(directory.with_name("01.gone"))
    assert archive.days() == DAYS[1:]
    assert may_go(closed, archive)[0] == DAYS[:3]
    take_away(closed, archive)
    assert list(half_gone(archive.root)) == []


def test_what_came_for_a_day_whose_removal_was_interrupted_goes_with_it(closed, archive):
    """Its directory was made again beside the half removed one, whose place it can't take while that has files."""
    directory = archive.root / "2024" / "01" / "01"
    directory.rename(directory.with_name("01.gone"))
    with Archive(archive.root, CALENDAR) as again:
        again.append([(9, CALENDAR.start_of(DAYS[0]), "btswatch.status.v1", b'{"day":9}')])
        again.flush()
    assert archive.days() == DAYS
    take_away(closed, archive)
    assert archive.days() == DAYS[3:]
    assert list(half_gone(archive.root)) == []
    with closed.reading() as connection:
        assert audit.newest(connection, AuditKind.PRUNED).content["days"] == 3


def test_days_near_what_was_pruned_are_not_made_again(closed, archive):
    take_away(closed, archive)
    registry = Registry(
        {"alpha": Enterprise("alpha", "A")}, {}, {"A": (Element("A", Kind.STATION, "alpha"),)}
    )
    restating = Restating(archive, registry, Conventions(), CALENDAR.start_of(TODAY))
    with closed.reading() as connection:
        for day in (DAYS[0], DAYS[3]):
            with pytest.raises(PrunedError, match="was pruned by An"):
                restating.propose(connection, "A", day)
        must_have_evidence(connection, DAYS[3], edge_days=0)
        must_have_evidence(connection, DAYS[3] + timedelta(days=31))


def came(archive, day):
    """Something of the day is archived now."""
    with Archive(archive.root, CALENDAR) as writing:
        writing.append([(1000, CALENDAR.start_of(day), "btswatch.status.v1", b'{"late":1}')])
        writing.flush()


def test_what_was_pruned_stays_so_whatever_of_earlier_days_goes_later(closed, archive):
    """Something of a pruned day came afterwards, and is pruned alone."""
    take_away(closed, archive)
    came(archive, DAYS[0])
    assert [one.day for one in take_away(closed, archive)] == DAYS[:1]
    with closed.reading() as connection:
        for day in DAYS[:3]:
            with pytest.raises(PrunedError, match=f"evidence up to {DAYS[3]} was pruned"):
                must_have_evidence(connection, day, edge_days=0)
        must_have_evidence(connection, DAYS[3], edge_days=0)


def test_what_came_late_of_before_the_first_official_day_keeps_nothing_else(closed, archive):
    """No figure ever rests on it: such a day is never closed."""
    came(archive, FIRST - timedelta(days=900))
    assert may_go(closed, archive)[0] == [FIRST - timedelta(days=900), *DAYS[:3]]
