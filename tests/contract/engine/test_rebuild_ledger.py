import shutil
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, select, update

from processors.audit_check import walk
from processors.core.conventions import Conventions
from processors.rebuild_ledger import LedgerRebuild
from processors.rebuild_refusals import (
    OfficialChangeError,
    OtherBasisError,
    RestatedLostError,
    SealBrokenError,
    StillImportedError,
)
from schemas.audit import AuditKind, NewAuditEntry
from schemas.settings.engine import ClosingSettings
from schemas.status import Feed
from stores.archive import ArchiveReader
from stores.ledger import Ledger, audit, official_day, positions, restatements
from stores.ledger.enterprise_word import NOTED
from stores.ledger.tables import (
    METADATA,
    closed_days,
    day_figures,
    differing_causes,
    feed_days,
    late_declarations,
    transitions,
)
from tests.contract.engine.lived import close_days, live_through
from tests.contract.engine.world import make_world

LONG_AFTER = 4 * 86_400_000
DERIVED = (day_figures, transitions, late_declarations, differing_causes, feed_days)


@pytest.fixture(scope="module")
def world():
    return make_world(7)


@pytest.fixture(scope="module")
def opened(tmp_path_factory, world):
    """What an embedded engine left, causes of transitions included; its last days are open."""
    data = tmp_path_factory.mktemp("lived") / "open"
    live_through(data, world)
    return data


@pytest.fixture(scope="module")
def lived(opened, world):
    """The same when all its days are closed."""
    data = opened.parent / "closed"
    shutil.copytree(opened, data)
    close_days(data, world, world.last_received + LONG_AFTER)
    return data


@pytest.fixture(scope="module")
def days(lived):
    known = Ledger(lived / "ledger.db")
    known.open()
    with known.reading() as connection:
        found = list(connection.execute(select(closed_days.c.day).order_by(closed_days.c.day)).scalars())
    known.close()
    return found


@pytest.fixture
def copy(lived, new_ledger):
    """The same ledger on each database."""
    source, target = Ledger(lived / "ledger.db"), Ledger(new_ledger())
    source.open()
    target.open()
    with source.reading() as old, target.writing() as new:
        for table in METADATA.sorted_tables:
            rows = [dict(row) for row in old.execute(select(table)).mappings()]
            new.execute(delete(table))
            if rows:
                new.execute(insert(table), rows)
    source.close()
    yield target
    target.close()


def rebuild_of(ledger, lived, world, now_ms=None):
    now = world.last_received + LONG_AFTER if now_ms is None else now_ms
    return LedgerRebuild(
        ledger,
        ArchiveReader(lived / "archive"),
        world.registry,
        Conventions(),
        ClosingSettings(batch_elements=3),
        complete=lambda _: True,
        now_ms=lambda: now,
    )


def content(ledger, *tables, without=("revision",)):
    with ledger.reading() as connection:
        return {
            table.name: sorted(
                repr({name: value for name, value in row.items() if name not in without})
                for row in connection.execute(select(table)).mappings()
            )
            for table in tables
        }


def drop(ledger, *tables):
    with ledger.writing() as connection:
        for table in tables:
            connection.execute(delete(table))


def test_what_was_lost_comes_back_as_it_was(copy, lived, world, days):
    before = content(copy, *DERIVED, closed_days)
    assert any("'cause': 'power'" in row for row in before["transitions"])
    drop(copy, *DERIVED)
    told = []
    rebuild_of(copy, lived, world).run(days[0], days[-1] + timedelta(days=1), told.append)
    assert content(copy, *DERIVED, closed_days) == before
    assert [(one.day, one.kept) for one in told] == [(day, 0) for day in days]
    told.clear()
    rebuild_of(copy, lived, world).run(days[0], days[-1] + timedelta(days=1), told.append)
    assert sum(one.written for one in told) == 0
    assert content(copy, *DERIVED, closed_days) == before


def test_a_day_in_the_middle_comes_back_with_what_the_days_before_it_left(copy, lived, world, days):
    before = content(copy, *DERIVED)
    for lost in days[1:]:
        with copy.writing() as connection:
            for table in DERIVED:
                connection.execute(delete(table).where(table.c.day.in_([lost, lost - timedelta(days=1)])))
        rebuild_of(copy, lived, world).run(lost, lost + timedelta(days=1))
        rebuild_of(copy, lived, world).run(lost - timedelta(days=1), lost)
        assert content(copy, *DERIVED) == before


def test_an_empty_ledger_is_filled_with_the_same_figures(new_ledger, lived, world, days):
    known, empty = Ledger(lived / "ledger.db"), Ledger(new_ledger())
    known.open()
    empty.open()
    rebuild_of(empty, lived, world).run(days[0], days[-1] + timedelta(days=1))
    assert content(empty, *DERIVED) == content(known, *DERIVED)
    with empty.reading() as connection:
        notes = [row.notes for row in connection.execute(select(closed_days).order_by(closed_days.c.day))]
        entries = list(audit.entries(connection))
        assert walk(connection).broken == ()
    with known.reading() as connection:
        late = [
            row.notes[NOTED] for row in connection.execute(select(closed_days).order_by(closed_days.c.day))
        ]
    assert [(one.kind, one.subject, one.actor, one.content["rebuilt"]) for one in entries] == [
        ("day_closed", day.isoformat(), "rebuild", True) for day in days
    ]
    with known.reading() as connection:
        sealed = [official_day.sealing(connection, day).content["root"] for day in days]
    assert [one.content["root"] for one in entries] == sealed
    assert notes == [{"rebuilt": True, NOTED: number} for number in late]
    assert any(late)
    known.close()
    empty.close()


def test_days_that_come_back_are_held_against_their_seals(copy, lived, world, days):
    with copy.reading() as connection:
        before = audit.head(connection)
    drop(copy, *DERIVED, closed_days)
    rebuild_of(copy, lived, world).run(days[0], days[1])
    with copy.writing() as connection:
        assert audit.head(connection) == before, "a seal that holds needs no other one"
        content = official_day.sealing(connection, days[1]).content | {"root": "sha256:0"}
        other = NewAuditEntry(1, AuditKind.DAY_CLOSED, days[1].isoformat(), "closing", content)
        audit.append(connection, [other])
    with pytest.raises(SealBrokenError) as refused:
        rebuild_of(copy, lived, world).run(days[1], days[-1] + timedelta(days=1))
    assert refused.value.day == days[1]


def test_days_that_come_back_under_another_registry_are_those_that_were_sealed(copy, lived, world, days):
    """The record of a closing, and whose registry it was, are in its seal; nothing of a day that stands is told anew."""
    before = content(copy, *DERIVED)
    enterprises = {
        name: replace(one, heartbeat_s=one.heartbeat_s * 2) if one.feed is Feed.PERIODIC else one
        for name, one in world.registry.enterprises.items()
    }
    office = replace(world, registry=replace(world.registry, enterprises=enterprises, digest="sha256:other"))
    with copy.writing() as connection:
        connection.execute(delete(closed_days))
        connection.execute(delete(day_figures).where(day_figures.c.day == days[1]))
    rebuild_of(copy, lived, office).run(days[0], days[-1] + timedelta(days=1))
    with copy.reading() as connection:
        assert walk(connection).broken == ()
    assert content(copy, *DERIVED) == before


def test_broken_off_anywhere_it_is_called_again_to_the_same_end(copy, lived, world, days):
    before = content(copy, *DERIVED)
    drop(copy, *DERIVED)

    class BrokenOffError(Exception):
        pass

    def after_the_first(one):
        raise BrokenOffError

    for _ in range(2):
        with pytest.raises(BrokenOffError):
            rebuild_of(copy, lived, world).run(days[0], days[-1] + timedelta(days=1), after_the_first)
    rebuild_of(copy, lived, world).run(days[0], days[-1] + timedelta(days=1))
    assert content(copy, *DERIVED) == before


def test_an_official_row_that_would_be_another_is_left_and_told(copy, lived, world, days):
    with copy.writing() as connection:
        element = connection.execute(
            select(day_figures.c.element).where(day_figures.c.day == days[1])
        ).scalar()
        connection.execute(
            update(day_figures)
            .where(day_figures.c.day == days[1], day_figures.c.element == element)
            .values(down_s=day_figures.c.down_s + 10)
        )
    before = content(copy, *DERIVED, closed_days, without=())
    with pytest.raises(OfficialChangeError, match=element) as refused:
        rebuild_of(copy, lived, world).run(days[0], days[-1] + timedelta(days=1))
    assert (refused.value.day, list(refused.value.elements)) == (days[1], [element])
    assert content(copy, *DERIVED, closed_days, without=()) == before


def test_what_a_person_restated_stands_and_is_not_made_up_where_it_is_lost(copy, lived, world, days):
    key = day_figures.c.day == days[1], day_figures.c.element == "PER-0"
    with copy.writing() as connection:
        restatements.save(
            connection, restatements.Restatement(1, days[1], "PER-0", 1, "someone", "late evidence", {}, {})
        )
        connection.execute(update(day_figures).where(*key).values(down_s=0, up_s=86_400))
        seal = official_day.seal(connection, days[1])
        audit.append(connection, [NewAuditEntry(1, AuditKind.RESTATED, days[1].isoformat(), "someone", seal)])
        connection.execute(
            delete(day_figures).where(day_figures.c.day == days[1], day_figures.c.element == "PER-1")
        )
    told = []
    rebuild_of(copy, lived, world).run(days[0], days[2], told.append)
    assert [one.written for one in told] == [0, 1]
    with copy.writing() as connection:
        assert connection.execute(select(day_figures.c.up_s).where(*key)).scalar() == 86_400
        connection.execute(delete(day_figures).where(*key))
    with pytest.raises(RestatedLostError, match="PER-0"):
        rebuild_of(copy, lived, world).run(days[0], days[2])


def test_rows_are_not_made_of_other_evidence_than_the_day_was_closed_from(copy, lived, world, days, tmp_path):
    drop(copy, *DERIVED)
    shutil.copytree(lived / "archive", tmp_path / "archive")
    next((tmp_path / "archive").rglob("evidence-*.gz")).unlink()
    with pytest.raises(OtherBasisError, match="the archive gives other evidence"):
        rebuild_of(copy, tmp_path, world).run(days[0], days[-1] + timedelta(days=1))


def test_history_that_is_still_being_imported_is_left_alone(copy, lived, world, days):
    with copy.writing() as connection:
        positions.save_property(connection, "closing_held_from", days[0].isoformat())
    with pytest.raises(StillImportedError):
        rebuild_of(copy, lived, world).run(days[0], days[-1] + timedelta(days=1))


def test_open_days_come_back_as_the_live_engine_had_them(opened, new_ledger, world, days):
    known, empty = Ledger(opened / "ledger.db"), Ledger(new_ledger())
    known.open()
    empty.open()
    told = []
    rebuild_of(empty, opened, world, world.last_received + 1).run(
        days[0], days[-1] + timedelta(days=1), told.append
    )
    assert {one.official for one in told} == {False, True}
    # Of a cause that came with late evidence the live engine may know nothing any more.
    without = ("revision", "as_of_ms", "state", "closed_at_ms", "inputs_digest", "cause")
    # What stands out of the enterprises' word only closing finds.
    live = (day_figures, transitions)
    assert content(empty, *live, without=without) == content(known, *live, without=without)
    before = content(empty, *DERIVED, without=())
    rebuild_of(empty, opened, world, world.last_received + 1).run(days[0], days[-1] + timedelta(days=1))
    assert content(empty, *DERIVED, without=()) == before
    known.close()
    empty.close()
