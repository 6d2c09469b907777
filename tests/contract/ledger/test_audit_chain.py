"""The chain finds what was changed, removed, inserted or cut off, and says which; on each database."""

from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from processors.audit_check import walk
from processors.provenance import note_keys, note_registry, note_rules
from processors.rules import Rules, load_rules
from schemas.audit import NOTHING, AuditEntry, AuditKind, NewAuditEntry, digest_of, merkle_path, proves
from schemas.figures import Figure
from schemas.registry import Element, Enterprise, Kind, Registry
from stores.keys import AuditLine
from stores.ledger import Ledger, audit, objections, official_day, requests, signatures, snapshots
from stores.ledger.alarms import FIGURE_DIFFERS, Alarm, acknowledge, raise_alarms
from stores.ledger.closings import ClosedDay, save_closed
from stores.ledger.enterprise_word import DifferingRow, FeedRow, LateRow, save_feeds, save_of_elements
from stores.ledger.figures import DayFigure, save_final, save_provisional
from stores.ledger.tables import audit as table
from stores.ledger.tables import (
    closed_days,
    day_figures,
    differing_causes,
    feed_days,
    late_declarations,
    properties,
)

DAYS = [date(2026, 11, 2) + timedelta(days=n) for n in range(4)]


def figure(element, day, owner="alpha", up=86_400) -> DayFigure:
    counted = Figure(up, 0, 86_400 - up, 0, 0, 0, None, (86_400,) + (0,) * 15)
    return DayFigure(
        element, day, owner, "station", None, (), counted, 0, 0, 0, 0, [[0, 1, 1]], "final", 0, "r"
    )


@pytest.fixture
def sealed(ledger):
    """A ledger with four closed days in its chain; its entries."""
    return _sealed(ledger)


@pytest.fixture
def sqlite_ledger_sealed(tmp_path):
    """The same in SQLite, which takes any bytes as JSON; PostgreSQL refuses them."""
    with closing(Ledger(tmp_path / "ledger.db")) as ledger:
        ledger.open()
        yield _sealed(ledger)


def _sealed(ledger):
    with ledger.writing() as connection:
        for day in DAYS:
            save_final(connection, [figure("A-1", day), figure("A-2", day), figure("B-1", day, "beta")])
            late = LateRow(day, "A-1", "alpha", 60, 1000, None)
            causes = DifferingRow(day, "A-1", 7, "alpha", 9, 2, "power", "fault")
            save_of_elements(connection, day, ["A-1"], [late], [causes])
            save_feeds(connection, [FeedRow(day, "alpha", 300, 86_400, 0, 0, 0, None, False)])
            save_closed(connection, ClosedDay(day, 1000, True, 3, 9, 0, "r", "i", {}))
            content = official_day.seal(connection, day)
            content |= {"registry": "r", "inputs": "i", "events": 9, "differences": 0}
            entry = NewAuditEntry(1000, AuditKind.DAY_CLOSED, day.isoformat(), "closing", content)
            audit.append(connection, [entry])
        found = list(audit.entries(connection))
    return ledger, found


def walked(ledger, *anchors):
    with ledger.reading() as connection:
        return walk(connection, anchors)


def execute(ledger, statement):
    with ledger.writing() as connection:
        connection.execute(statement)


def test_an_untouched_chain_is_whole_and_its_heads_are_anchors(sealed):
    ledger, found = sealed
    result = walked(ledger, *(one.digest for one in found))
    assert (result.entries, result.days, result.broken) == (4, 4, ())
    with ledger.reading() as connection:
        assert audit.head(connection) == result.head == found[-1].digest


def test_an_empty_chain_has_a_head_too(ledger):
    assert walked(ledger).head == NOTHING


def test_a_changed_entry_is_named(sealed):
    ledger, _ = sealed
    execute(ledger, sa.update(table).where(table.c.number == 3).values(actor="somebody"))
    (broken,) = walked(ledger).broken
    assert (broken.number, broken.detail.startswith("day_closed 2026-11-04 was changed")) == (3, True)


def test_a_changed_entry_with_its_digest_made_anew_is_told_by_the_next(sealed):
    ledger, found = sealed
    forged = replace(found[1], actor="somebody")
    execute(
        ledger,
        sa.update(table).where(table.c.number == 2).values(actor="somebody", digest=forged.computed()),
    )
    (broken,) = walked(ledger).broken
    assert (broken.number, "does not follow entry 2" in broken.detail) == (3, True)


@pytest.mark.parametrize(
    ("removed", "said"),
    [((2,), "entry 2 was removed"), ((2, 3), "entry 2 to 3 was removed"), ((1,), "entry 1 was")],
)
def test_removed_entries_are_named(sealed, removed, said):
    ledger, _ = sealed
    execute(ledger, sa.delete(table).where(table.c.number.in_(removed)))
    broken = walked(ledger).broken[0]
    assert broken.number == max(removed) + 1
    assert said in broken.detail


def test_an_inserted_entry_is_told_although_its_own_digest_is_right(sealed):
    ledger, found = sealed
    execute(ledger, sa.update(table).where(table.c.number == 4).values(number=5))
    content = {"root": "sha256:0"}
    previous = found[2].digest
    digest = digest_of(4, previous, 5, "key", "k", "me", content)
    execute(
        ledger,
        sa.insert(table).values(
            number=4,
            at_ms=5,
            kind="key",
            subject="k",
            actor="me",
            content=content,
            previous=previous,
            digest=digest,
        ),
    )
    broken = walked(ledger).broken
    assert {one.number for one in broken} == {5}
    assert "does not follow entry 4" in broken[0].detail


def test_only_an_anchor_tells_that_the_end_was_cut_off(sealed):
    ledger, found = sealed
    execute(ledger, sa.delete(table).where(table.c.number > 2))
    assert [one.detail[:10] for one in walked(ledger).broken] == ["2026-11-04", "2026-11-05"], "left behind"
    for beside in (day_figures, closed_days):
        execute(ledger, sa.delete(beside).where(beside.c.day >= DAYS[2]))
    assert walked(ledger, found[1].digest).broken == ()
    (broken,) = walked(ledger, found[3].digest).broken
    assert (broken.number, found[3].digest in broken.detail) == (0, True)


def test_only_an_anchor_tells_that_all_was_written_anew(sealed):
    ledger, found = sealed
    previous = NOTHING
    for one in found:
        forged: AuditEntry = replace(one, actor="somebody", previous=previous)
        previous = forged.computed()
        execute(
            ledger,
            sa.update(table)
            .where(table.c.number == one.number)
            .values(actor="somebody", previous=forged.previous, digest=previous),
        )
    assert walked(ledger).broken == ()
    assert len(walked(ledger, found[0].digest).broken) == 1


@pytest.mark.parametrize(
    "tamper",
    [
        sa.update(day_figures).where(day_figures.c.element == "B-1").values(up_s=1),
        sa.update(day_figures).where(day_figures.c.element == "B-1").values(runs=[]),
        sa.update(day_figures).where(day_figures.c.element == "B-1").values(registry_digest="other"),
        sa.update(day_figures).where(day_figures.c.element == "B-1").values(state="provisional"),
        sa.delete(day_figures).where(day_figures.c.element == "B-1"),
    ],
)
def test_a_changed_official_figure_is_told_with_its_day_and_enterprise(sealed, tamper):
    ledger, _ = sealed
    execute(ledger, tamper.where(day_figures.c.day == DAYS[2]))
    (broken,) = walked(ledger).broken
    assert broken.number == 3
    assert "closed figures of 2026-11-04" in broken.detail
    assert "beta" in broken.detail
    assert "alpha" not in broken.detail


@pytest.mark.parametrize(
    "tamper",
    [
        sa.update(late_declarations).values(late_s=0),
        sa.delete(late_declarations),
        sa.update(differing_causes).values(declared="power"),
        sa.update(feed_days).values(silent_s=5),
    ],
)
def test_a_changed_finding_about_the_enterprises_word_is_told_with_its_day(sealed, tamper):
    ledger, _ = sealed
    execute(ledger, tamper.where(tamper.table.c.day == DAYS[1]))
    (broken,) = walked(ledger).broken
    assert broken.number == 2
    assert "of 2026-11-03 are not those that were sealed" in broken.detail


def test_days_that_were_sealed_before_anybody_looked_for_findings_are_whole(ledger):
    with ledger.writing() as connection:
        content = {
            name: one for name, one in official_day.seal(connection, DAYS[0]).items() if name != "word"
        }
        entry = NewAuditEntry(1000, AuditKind.DAY_CLOSED, DAYS[0].isoformat(), "closing", content)
        audit.append(connection, [entry])
        save_of_elements(connection, DAYS[0], [], [LateRow(DAYS[0], "A-1", "alpha", 60, 1000, None)], [])
        save_closed(connection, ClosedDay(DAYS[0], 1000, True, 0, 0, 0, "r", "i", {}))
    assert walked(ledger).broken == ()


def test_an_added_official_figure_is_told(sealed):
    ledger, _ = sealed
    with ledger.writing() as connection:
        save_final(connection, [figure("C-1", DAYS[0], "gamma")])
        save_provisional(connection, [replace(figure("C-2", DAYS[0]), state="provisional")])
    (broken,) = walked(ledger).broken
    assert "gamma (0 elements then, 1 now)" in broken.detail


def test_when_a_figure_was_written_is_no_part_of_what_is_sealed(sealed):
    ledger, _ = sealed
    execute(ledger, sa.update(day_figures).values(closed_at_ms=77, revision=9))
    assert walked(ledger).broken == ()


def test_a_day_that_was_never_sealed_is_told_and_one_that_is_being_closed_is_not(sealed):
    ledger, _ = sealed
    with ledger.writing() as connection:
        save_final(connection, [figure("A-1", day) for day in (date(2026, 11, 1), date(2026, 11, 6))])
    (broken,) = walked(ledger).broken
    assert broken.detail.startswith("2026-11-06 has official figures or a closing, and no entry seals it")
    with ledger.writing() as connection:
        save_closed(connection, ClosedDay(date(2026, 11, 6), 1000, False, 1, 9, 0, "r", "i", {}))
    assert walked(ledger).broken == ()


@pytest.mark.parametrize(
    "tamper",
    [
        sa.delete(closed_days).where(closed_days.c.day == DAYS[1]),
        sa.update(closed_days).where(closed_days.c.day == DAYS[1]).values(complete=False),
    ],
)
def test_a_sealed_day_that_reads_as_open_is_told(sealed, tamper):
    ledger, _ = sealed
    execute(ledger, tamper)
    assert [one.detail[:22] for one in walked(ledger).broken] == ["the closing of 2026-11"]


def _forged_objection(connection):
    claim = objections.Objection(1, "alpha", "A-1", 0, 1, "planned", "none", 5, "somebody")
    objections.raise_objection(connection, claim)
    objections.rule(connection, 1, "rejected", 6, "somebody", "no")


def _forged_acknowledgement(connection):
    raise_alarms(connection, [Alarm(FIGURE_DIFFERS, "A-1", DAYS[0], 5, {})])
    acknowledge(connection, FIGURE_DIFFERS, "A-1", DAYS[0], 6)


def _forged_request(connection):
    requests.save(connection, requests.ReportRequest(1, "alpha", "x", 5, "somebody", 3, DAYS[3]))
    requests.withdraw(connection, 1, 6, "somebody", "why")


@pytest.mark.parametrize(
    ("forge", "named"),
    [
        (
            lambda one: signatures.save(
                one, signatures.Signature("2026-11", 1, 5, "somebody", "", "sha256:0", [])
            ),
            ["signature 1 of 2026-11"],
        ),
        (_forged_objection, ["objection 1", "ruling on objection 1"]),
        (_forged_request, ["request 1", "withdrawal of request 1"]),
        (_forged_acknowledgement, ["acknowledgement of figure_differs about A-1 on 2026-11-02"]),
    ],
)
def test_what_people_never_decided_is_told(sealed, forge, named):
    ledger, _ = sealed
    with ledger.writing() as connection:
        forge(connection)
    assert [one.detail.partition(" stands ")[0] for one in walked(ledger).broken] == named


def test_spoiled_bytes_are_told_by_their_entry_and_hide_no_other(sqlite_ledger_sealed):
    ledger, _ = sqlite_ledger_sealed
    execute(ledger, sa.text("UPDATE audit SET content = '{' WHERE number IN (2, 3)"))
    execute(ledger, sa.text("UPDATE day_figures SET runs = 'x' WHERE day = '2026-11-05'"))
    note_registry(ledger, registry(("A", 3)), 5)
    execute(ledger, sa.text("UPDATE snapshots SET content = zeroblob(9)"))
    found = [(one.number, one.detail) for one in walked(ledger).broken]
    assert [number for number, _ in found] == [2, 3, 5, 4, 0, 0]
    assert "its content can't be read" in found[0][1]
    assert "are damaged" in found[2][1]
    assert "it can't be read" in found[3][1]


@pytest.mark.parametrize("kind", AuditKind)
@pytest.mark.parametrize(
    "values", [{"content": {}}, {"content": []}, {"content": 5}, {"subject": "x", "content": {"number": "x"}}]
)
def test_an_entry_that_no_part_of_the_product_would_write_is_told_and_hides_no_other(sealed, kind, values):
    """Also where its digest was made anew, so that only the next entry tells that it was replaced."""
    ledger, found = sealed
    forged = replace(found[1], kind=kind.value, **values)
    execute(
        ledger,
        sa.update(table)
        .where(table.c.number == 2)
        .values(kind=kind.value, digest=forged.computed(), **values),
    )
    execute(ledger, sa.update(day_figures).where(day_figures.c.day == DAYS[3]).values(up_s=1))
    broken = walked(ledger).broken
    assert 3 in {one.number for one in broken}, "it does not follow"
    assert any(one.number == 4 and "closed figures of 2026-11-05" in one.detail for one in broken)


def test_a_table_that_cannot_be_read_is_told_and_hides_no_other(sqlite_ledger_sealed):
    ledger, _ = sqlite_ledger_sealed
    execute(ledger, sa.text("UPDATE closed_days SET day = 'x' WHERE day = '2026-11-03'"))
    execute(ledger, sa.update(day_figures).where(day_figures.c.day == DAYS[3]).values(up_s=1))
    details = [one.detail for one in walked(ledger).broken]
    assert any("closed figures of 2026-11-05" in one for one in details)
    assert any("can't be read" in one for one in details)


def test_an_emptied_chain_does_not_vouch_for_the_days_that_it_left(sealed):
    ledger, _ = sealed
    execute(ledger, sa.delete(table))
    assert [one.detail[:10] for one in walked(ledger).broken] == [str(day) for day in DAYS]


@pytest.mark.parametrize(
    "tamper",
    [
        {"inputs_digest": "other"},
        {"registry_digest": "other"},
        {"events": 1},
        {"differences": 1},
        {"closed_at_ms": 7},
    ],
)
def test_a_changed_record_of_a_closing_is_told(sealed, tamper):
    ledger, _ = sealed
    execute(ledger, sa.update(closed_days).where(closed_days.c.day == DAYS[1]).values(**tamper))
    (broken,) = walked(ledger).broken
    assert broken.number == 2
    assert "the record of closing 2026-11-03" in broken.detail


def test_one_figure_is_proven_without_the_others(sealed):
    ledger, found = sealed
    with ledger.reading() as connection:
        every = [leaf for _, _, leaf in official_day.leaves(connection, DAYS[0])]
        ((_, _, mine),) = official_day.leaves(connection, DAYS[0], ["A-2"])
    assert proves(mine, 1, 3, merkle_path(every, 1), found[0].content["root"])


def registry(*elements, digest="sha256:1") -> Registry:
    rows = {name: (Element(name, Kind.STATION, "alpha", cells=cells),) for name, cells in elements}
    return Registry({"alpha": Enterprise("alpha", "Alpha")}, {}, rows, digest=digest)


def test_a_registry_is_written_once_and_its_change_with_what_differs(ledger):
    before, after = registry(("A", 3), ("B", 3)), registry(("A", 4), ("C", 1), digest="sha256:2")
    assert [note_registry(ledger, one, 5) for one in (before, before, after, after)] == [
        True,
        False,
        True,
        False,
    ]
    with ledger.reading() as connection:
        _, entry = audit.entries(connection)
        kept = snapshots.load(connection, before.digest)
    assert (entry.subject, entry.content["before"]) == ("sha256:2", "sha256:1")
    assert entry.content["counts"] == {"elements": {"added": 1, "removed": 1, "changed": 1}}
    changes = {one["key"]: one for one in entry.content["changes"]}
    assert (changes["A"]["before"][0]["cells"], changes["A"]["after"][0]["cells"]) == (3, 4)
    assert (changes["B"]["after"], changes["C"]["before"]) == (None, None)
    assert set(kept["elements"]) == {"A", "B"}
    assert walked(ledger).broken == ()


def test_changed_rules_are_written_with_what_differs(ledger):
    shipped = load_rules()
    fewer = Rules(shipped.rules[1:])
    assert [note_rules(ledger, one, 5) for one in (shipped, shipped, fewer)] == [True, False, True]
    with ledger.reading() as connection:
        _, entry = audit.entries(connection)
    assert entry.content["counts"] == {"rules": {"added": 0, "removed": 1, "changed": 0}}
    assert entry.content["changes"][0]["key"] == shipped.rules[0].id


def test_a_registry_that_comes_back_in_another_form_is_no_change_of_what_was_noted(ledger):
    """A later version of the product keeps more of the same files: the newest entry vouches for what is kept."""
    for one in (registry(("A", 3)), registry(("B", 3), digest="sha256:2"), registry(("A", 4))):
        assert note_registry(ledger, one, 5)
    assert walked(ledger).broken == ()
    with ledger.writing() as connection:
        snapshots.save(connection, "sha256:1", "registry_changed", {"elements": {}})
    assert [one.number for one in walked(ledger).broken] == [3]


def test_key_events_of_a_store_that_was_made_anew_or_came_from_a_backup_are_written(ledger):
    lines = [AuditLine(n, "an", "create", f"k{n}", "") for n in range(3)]
    assert note_keys(ledger, lines) == 3
    assert note_keys(ledger, lines[:2]) == 0
    other = AuditLine(9, "an", "revoke", "k0", "leaked")
    assert note_keys(ledger, [*lines[:2], other]) == 1, "on the backup's place of the third"
    assert note_keys(ledger, [AuditLine(10, "an", "create", "n1", "")]) == 1
    assert note_keys(ledger, [AuditLine(10, "an", "create", "n1", "")]) == 0


def test_a_shifted_position_hides_no_key_event(ledger):
    execute(ledger, sa.insert(properties).values(name="audited_key_events", value="1000"))
    assert note_keys(ledger, [AuditLine(1, "an", "create", "k1", "")]) == 1


def test_key_events_are_written_once_each(ledger):
    lines = [AuditLine(n, "an", "create", f"k{n}", "") for n in range(3)]
    assert [note_keys(ledger, lines[:2]), note_keys(ledger, lines[:2]), note_keys(ledger, lines)] == [2, 0, 1]
    with ledger.reading() as connection:
        assert [one.subject for one in audit.entries(connection)] == ["k0", "k1", "k2"]
    assert walked(ledger).broken == ()
