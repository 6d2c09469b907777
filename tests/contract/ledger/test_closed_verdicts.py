"""A closing seals its periods' verdicts with their rules; other rule files change none of them; on each database."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from processors.audit_check import walk
from processors.closed_verdicts import basis_of, lost_rules, periods_of, seal_verdicts, stand
from processors.core.periods import CalendarPeriod
from processors.core.verdict import Result
from processors.provenance import note_registry, note_rules
from processors.rules import Rules
from processors.signing import sign_off
from processors.sinks.influx.guard import SeriesGuard
from processors.sinks.influx.verdict_points import VerdictPoints
from processors.verdicts import verdicts
from schemas.audit import AuditKind, NewAuditEntry
from schemas.figures import Figure
from schemas.registry import Element, Enterprise, Kind, Registry
from schemas.rules import Rule
from schemas.settings.influx import InfluxSettings
from schemas.time import LocalCalendar
from stores.ledger import audit, objections, tables
from stores.ledger.closings import ClosedDay, save_closed
from stores.ledger.figures import DayFigure, save_final
from stores.ledger.objections import Adjustment
from stores.ledger.snapshots import load, save
from stores.ledger.tables import closed_days, day_figures, snapshots
from tests.one_rule import RULE

ZONE = "Asia/Ho_Chi_Minh"
MONTH = CalendarPeriod.named("2026-11")
DAYS = [MONTH.first + timedelta(days=n) for n in range(30)]
REGISTRY = Registry(
    {"alpha": Enterprise("alpha", "A")},
    {},
    {"A-1": (Element("A-1", Kind.STATION, "alpha"),)},
    digest="sha256:" + "1" * 64,
)


def rules(threshold: str) -> Rules:
    rule = RULE | {"threshold": threshold, "period": "month"}
    return Rules((Rule.model_validate(rule),))


OLD, NEW = rules("99"), rules("50")


@pytest.fixture
def closed(ledger):
    """A ledger with a closed month of one station that was up for 95 % of it."""
    down = 4320
    counted = Figure(
        86_400 - down, 0, down, 0, 0, 1, down, (0,) * 4 + (86_400 - down,) + (0,) * 7 + (down,) + (0,) * 3
    )
    with ledger.writing() as connection:
        for day in DAYS:
            row = DayFigure(
                "A-1", day, "alpha", "station", None, (), counted, 0, 0, 0, 0, [[0, 1, 1]], "final", 0, "r"
            )
            save_final(connection, [row])
            save_closed(connection, ClosedDay(day, 1, True, 1, 0, 0, REGISTRY.digest, "i", {}))
    note_rules(ledger, OLD, 5)
    return ledger


def seal(ledger, days=DAYS, by=OLD):
    return seal_verdicts(ledger, REGISTRY, by, days, ZONE, 7)


def judged(ledger, current):
    """The basis, the results, and whether they are what was sealed."""
    with ledger.reading() as connection:
        basis = basis_of(connection, MONTH, current)
        found = list(verdicts(connection, REGISTRY, basis.rules, MONTH))
        same = basis.entry is not None and stand(connection, basis.entry, found, basis.rules, ZONE)
    return basis, [one.judgement.result for one in found], same


def test_the_last_day_of_a_period_seals_its_verdicts_once(closed):
    assert seal(closed, DAYS[:-1]) == []
    assert [one.name for one in seal(closed)] == ["2026-11"]
    assert seal(closed) == []
    with closed.reading() as connection:
        entry = audit.newest(connection, AuditKind.VERDICTS, "2026-11")
        assert walk(connection).broken == ()
    assert "official_from" not in entry.content
    assert (entry.content["verdicts"], entry.content["results"], entry.content["rules"]) == (
        1,
        {"fail": 1},
        OLD.digest,
    )


def test_a_month_that_figures_began_in_is_sealed_from_that_day_on_and_says_so(closed):
    seal(closed)
    with closed.writing() as connection:
        for day in DAYS[:9]:
            connection.execute(sa.delete(closed_days).where(closed_days.c.day == day))
            connection.execute(sa.delete(day_figures).where(day_figures.c.day == day))
        connection.execute(sa.delete(tables.audit))
    assert [one.name for one in seal(closed)] == ["2026-11"]
    with closed.reading() as connection:
        entry = audit.newest(connection, AuditKind.VERDICTS, "2026-11")
    assert entry.content["official_from"] == str(DAYS[9])
    sign(closed)
    with closed.reading() as connection:
        assert audit.newest(connection, AuditKind.SIGNED_OFF, "2026-11").content["official_from"] == str(
            DAYS[9]
        )


def test_a_period_with_an_open_day_is_not_sealed(closed):
    with closed.writing() as connection:
        save_closed(connection, ClosedDay(DAYS[4], 1, False, 1, 0, 0, REGISTRY.digest, "i", {}))
    assert seal(closed) == []


def test_other_rules_change_no_closed_period(closed):
    assert judged(closed, NEW)[1] == [Result.PASS], "nothing was sealed yet"
    seal(closed)
    note_rules(closed, NEW, 9)
    basis, results, same = judged(closed, NEW)
    assert (basis.rules.digest, basis.rules.rules[0].threshold) == (OLD.digest, Decimal(99))
    assert (results, same) == ([Result.FAIL], True)


def test_rules_that_the_ledger_keeps_no_more_are_no_basis_and_that_is_said(closed):
    seal(closed)
    note_rules(closed, NEW, 9)
    with closed.writing() as connection:
        connection.execute(sa.delete(snapshots).where(snapshots.c.digest == OLD.digest))
    basis, results, same = judged(closed, NEW)
    assert (basis.lost, basis.rules, results, same) == (OLD.digest, NEW, [Result.PASS], False)
    # Whoever still has the files has the very rules.
    basis, results, same = judged(closed, OLD)
    assert (basis.lost, results, same) == (None, [Result.FAIL], True)


@pytest.mark.parametrize("change", [{"threshold": "10"}, {"threshold": "much"}])
def test_kept_rules_that_were_changed_are_not_taken_for_the_sealed_ones(closed, change):
    seal(closed)
    with closed.writing() as connection:
        kept = load(connection, OLD.digest)
        save(connection, OLD.digest, "rules_changed", {"rules": {"D-1": kept["rules"]["D-1"] | change}})
    basis, _, same = judged(closed, NEW)
    assert (basis.lost, basis.rules, same) == (OLD.digest, NEW, False)


def test_influxdb_gets_no_verdicts_by_other_rules_than_the_sealed_ones(closed):
    def lines(current):
        calendar = LocalCalendar(ZONE)
        guard, after = SeriesGuard(REGISTRY, InfluxSettings()), calendar.start_of(MONTH.end)
        points = VerdictPoints(guard, REGISTRY, calendar, current, lambda: after)
        with closed.reading() as connection:
            found = list(points.of_period(connection, MONTH))
        results = [text.partition("result=")[2][:3] for name, text in found if name == "finding"]
        return results, {name for name, _ in found}

    seal(closed)
    before, names = lines(NEW)
    assert (before, names) == (lines(OLD)[0], {"finding", "budget", "spread"})
    with closed.writing() as connection:
        connection.execute(sa.delete(snapshots))
    assert lines(NEW) == ([], {"spread"})
    assert lines(OLD) == (before, names)


def walked(ledger):
    with ledger.reading() as connection:
        return walk(connection)


def sign(ledger, by=OLD):
    with ledger.writing() as connection:
        sign_off(
            connection,
            REGISTRY,
            by,
            MONTH,
            person="An",
            note="",
            now_ms=9,
            today=date(2026, 12, 9),
            zone=ZONE,
        )


def figures_change(ledger):
    """Behind the chain's back: nothing was ever down."""
    with ledger.writing() as connection:
        connection.execute(sa.update(day_figures).values(up_s=86_400, down_s=0))


def test_sealed_and_signed_verdicts_are_judged_again_by_their_own_rules(closed):
    note_registry(closed, REGISTRY, 5)
    seal(closed)
    sign(closed)
    note_rules(closed, NEW, 11)
    found = walked(closed)
    assert (found.broken, found.judged, found.unjudged) == ((), 2, ())


def test_a_verdict_that_does_not_follow_is_told_with_its_entry(closed):
    note_registry(closed, REGISTRY, 5)
    seal(closed)
    sign(closed)
    figures_change(closed)
    sealed, signed = walked(closed).broken
    assert (sealed.number, signed.number) == (3, 4)
    assert sealed.detail == (
        "the verdicts of 2026-11, sealed by the closing, do not follow from the official figures, rules and registry"
        " that they name: sealed were 1 fail"
    )
    assert signed.detail.endswith("that they name: alpha alpha D-1: fail, would be pass")
    assert "signed by An" in signed.detail


def move(ledger, *, told=True, ruled_ms=6):
    """What an upheld objection of nobody does, with or without its entry in the chain."""
    with ledger.writing() as connection:
        number = objections.next_number(connection)
        objections.raise_objection(
            connection, objections.Objection(number, "alpha", "A-1", 0, 1, "up", "a letter", 6, "An")
        )
        objections.rule(connection, number, objections.UPHELD, ruled_ms, "Binh", "so")
        objections.save_adjustments(connection, [Adjustment(DAYS[3], "A-1", number, 0, 0, -3600, 3600, 0)])
        if told:
            content = {"number": number, "state": objections.UPHELD, "ruling": "so"}
            audit.append(connection, [NewAuditEntry(ruled_ms, AuditKind.RULING, "A-1", "Binh", content)])


def test_what_a_person_moved_since_is_no_contradiction(closed):
    note_registry(closed, REGISTRY, 5)
    seal(closed)
    move(closed)
    found = walked(closed)
    assert (found.judged, found.unjudged) == (0, ())
    assert {one.number for one in found.broken} == {0}, "only that the objection is made up"


def test_what_no_entry_tells_of_excuses_no_verdict(closed):
    note_registry(closed, REGISTRY, 5)
    seal(closed)
    move(closed, told=False, ruled_ms=8)
    assert {one.number for one in walked(closed).broken} == {0, 3}


def test_what_a_person_moves_while_verdicts_are_sealed_is_in_them(closed, monkeypatch):
    note_registry(closed, REGISTRY, 5)

    def meanwhile(*given, **more):
        found = list(verdicts(*given, **more))
        if found and not moved:
            moved.append(True)
            move(closed)
        return found

    moved = []
    monkeypatch.setattr("processors.closed_verdicts.verdicts", meanwhile)
    assert [one.name for one in seal(closed)] == ["2026-11"]
    found = walked(closed)
    assert (found.judged, found.unjudged) == (1, ())
    assert {one.number for one in found.broken} == {0}, "only that the objection is made up"


def test_verdicts_whose_rules_or_registry_are_lost_can_not_be_judged_again_and_that_is_said(closed):
    seal(closed)
    (one,) = walked(closed).unjudged
    assert one.detail == (
        f"the verdicts of 2026-11 can't be judged again: the registry {REGISTRY.digest} is kept nowhere"
    )
    note_registry(closed, REGISTRY, 8)
    assert walked(closed).judged == 1
    with closed.writing() as connection:
        connection.execute(sa.delete(snapshots).where(snapshots.c.digest == OLD.digest))
    (one,) = walked(closed).unjudged
    assert f"the rules {OLD.digest} are kept nowhere" in one.detail


def test_the_periods_of_a_day_whose_rules_are_lost_are_told(closed):
    seal(closed)
    with closed.writing() as connection:
        connection.execute(sa.delete(snapshots))
        assert list(lost_rules(connection, periods_of(DAYS[3]), OLD)) == []
        (one,) = lost_rules(connection, periods_of(DAYS[3]), NEW)
        assert list(lost_rules(connection, periods_of(date(2027, 1, 1)), NEW)) == []
    assert (one.period, one.entry.kind, one.rules) == ("2026-11", "verdicts", OLD.digest)


def test_what_was_adjusted_since_is_told(closed):
    seal(closed)
    with closed.writing() as connection:
        objections.save_adjustments(connection, [Adjustment(DAYS[3], "A-1", 1, 0, 0, -3600, 3600, 0)])
    basis, _, same = judged(closed, OLD)
    assert not same
    with closed.writing() as connection:
        signature = sign_off(
            connection,
            REGISTRY,
            basis.rules,
            MONTH,
            person="An",
            note="",
            now_ms=9,
            today=date(2026, 12, 9),
            zone=ZONE,
        )
    basis, _, same = judged(closed, NEW)
    assert (basis.entry.kind, basis.entry.content["root"], same) == ("signed_off", signature.root, True)


def test_another_registry_digest_alone_is_no_other_verdict(closed):
    seal(closed)
    other = replace(REGISTRY, digest="sha256:" + "2" * 64)
    with closed.reading() as connection:
        basis = basis_of(connection, MONTH, OLD)
        found = list(verdicts(connection, other, basis.rules, MONTH))
        assert stand(connection, basis.entry, found, basis.rules, ZONE)


def test_verdicts_on_a_period_are_not_final_while_a_day_of_it_is_not_closed(closed):
    """Also where nobody follows the evidence of the open days, so that they have no figures."""
    with closed.writing() as connection:
        (whole,) = verdicts(connection, REGISTRY, OLD, MONTH)
        for table in (day_figures, closed_days):
            connection.execute(table.delete().where(table.c.day > DAYS[9]))
        (part,) = verdicts(connection, REGISTRY, OLD, MONTH)
    assert (whole.final, part.final) == (True, False)


def test_verdicts_of_another_zone_are_judged_again_by_its_days(ledger):
    """A station in service before it was watched: unknown time from the zone's midnight on."""
    zone = "UTC"
    begins = LocalCalendar(zone).start_of(DAYS[3])
    registry = replace(
        REGISTRY,
        elements={
            name: (Element(name, Kind.STATION, "alpha", commissioned=commissioned),)
            for name, commissioned in (("A-1", None), ("A-2", begins))
        },
    )
    counted = Figure(86_400, 0, 0, 0, 0, 0, None, (0,) * 5 + (86_400,) + (0,) * 10)
    with ledger.writing() as connection:
        for name, days in (("A-1", DAYS), ("A-2", DAYS[6:])):
            rows = [
                DayFigure(
                    name, day, "alpha", "station", None, (), counted, 0, 0, 0, 0, [[0, 1, 1]], "final", 0, "r"
                )
                for day in days
            ]
            save_final(connection, rows)
        for day in DAYS:
            save_closed(connection, ClosedDay(day, 1, True, 1, 0, 0, registry.digest, "i", {}))
    note_registry(ledger, registry, 4)
    note_rules(ledger, OLD, 5)
    assert seal_verdicts(ledger, registry, OLD, DAYS, zone, 7) == [MONTH]
    with ledger.reading() as connection:
        walked = walk(connection, calendar=LocalCalendar(zone))
    assert [one.detail for one in walked.broken if "do not follow" in one.detail] == []
    assert walked.judged == 1
