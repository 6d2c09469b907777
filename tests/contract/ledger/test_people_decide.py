"""Restating, signing off and objecting on closed days, on each database; the chain holds through all of it."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest

from processors.audit_check import walk
from processors.closing import Closer
from processors.core.conventions import Conventions
from processors.core.measurements import Amount, Said
from processors.core.periods import CalendarPeriod
from processors.core.province import Province
from processors.core.verdict import Result
from processors.explaining import explain
from processors.indicators import IndicatorVerdicts
from processors.objecting import ObjectionError, object_to, rule_on
from processors.replay import take_in
from processors.restating import ChangedMeanwhileError, NotClosedError, Restating, waiting
from processors.retention import PrunedError
from processors.rules import Rules
from processors.signing import NotSignableError, PeriodState, sign_off, standing
from processors.verdicts import verdicts
from schemas.audit import AuditKind, NewAuditEntry
from schemas.figures import Figure
from schemas.registry import Element, Enterprise, Kind, Registry
from schemas.rules import Rule
from schemas.settings.engine import ClosingSettings
from schemas.status import Feed, Policy, Reading, Track
from schemas.time import LocalCalendar, format_ms, parse_rfc3339, to_ms
from stores.archive import Archive, ArchiveReader
from stores.entries import entry_of
from stores.ledger import audit, closings, decisions, figures, objections, restatements, tables
from stores.ledger.feeds import LateEvidence, proposals, save_late
from stores.ledger.objections import Objection
from stores.ledger.periods import element_figures, scope_figures
from tests.one_rule import RULE

MINUTE, HOUR = 60_000, 3_600_000
CALENDAR = LocalCalendar()
FIRST = date(2026, 11, 2)
START = CALENDAR.start_of(FIRST)
LATER = START + 20 * 24 * HOUR
TODAY = FIRST + timedelta(days=10)
PERIOD = CalendarPeriod.named("2026-11-03")


def day(number):
    return FIRST + timedelta(days=number)


@pytest.fixture
def registry():
    rows = {
        name: (Element(name, Kind.STATION, "alpha", measured_valid_for_s=900),) for name in ("A-1", "A-2")
    }
    return Registry(
        {"alpha": Enterprise("alpha", "A"), "beta": Enterprise("beta", "B")},
        {},
        rows,
        digest="sha256:" + "1" * 64,
    )


@pytest.fixture
def rules():
    return Rules((Rule.model_validate(RULE),))


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Three days of polls each ten minutes. On the second day one station is down from 23 h on, and an hour's polls came a week late."""
    return archive_of(tmp_path_factory.mktemp("people") / "archive", polls())


def polls():
    for element in ("A-1", "A-2"):
        for minute in range(0, 3 * 1440, 10):
            hour = minute // 60
            late = element == "A-1" and hour == 24 + 10
            down = element == "A-1" and (hour == 24 + 23 or late)
            received = START + minute * MINUTE + (7 * 24 * HOUR if late else 500)
            yield poll(element, minute, "down" if down else "up"), received


def poll(element, minute, status):
    return {
        "specversion": "1.0",
        "id": f"{element}-{minute}",
        "source": "poller/a",
        "type": "btswatch.status.v1",
        "subject": element,
        "time": format_ms(START + minute * MINUTE),
        "data": {"status": status},
    }


def archive_of(root, found, track=Track.MEASURED, reporter="poller") -> ArchiveReader:
    """Events with when they were received (ms), archived in that order."""
    with Archive(root) as archive:
        lines = []
        for offset, (event, received) in enumerate(sorted(found, key=lambda one: one[1]), 1):
            entry = entry_of(event, received_ms=received, track=track, reporter=reporter)
            lines.append((offset, to_ms(parse_rfc3339(event["time"])), event["type"], entry.body))
        archive.append(lines)
        archive.flush()
    return ArchiveReader(root)


@pytest.fixture
def closed(ledger, archive, registry):
    """The ledger with its three days closed."""
    return close(ledger, archive, registry)


def close(ledger, archive, registry):
    closer = Closer(
        ledger,
        archive,
        registry,
        Conventions(),
        ClosingSettings(),
        complete=lambda _: True,
        now_ms=lambda: START + 6 * 24 * HOUR + HOUR,
    )
    assert closer.close_due() == [day(0), day(1), day(2)]
    return ledger


@pytest.fixture
def restating(archive, registry):
    return Restating(archive, registry, Conventions(), LATER)


def figure_of(ledger, element, at) -> Figure:
    with ledger.reading() as connection:
        return figures.figures_of_element(connection, element, at, at)[0].figure


def broken(ledger):
    with ledger.reading() as connection:
        return walk(connection).broken


def test_what_came_late_is_proposed_as_a_replay_with_it_says(closed, restating, archive, registry):
    with closed.reading() as connection:
        first, *more = restating.propose(connection, "A-1", day(1))
    province = Province(registry, replace(Conventions(), lateness_s=30 * 86_400))
    for one in archive.days():
        take_in(province, archive.read(one), LATER, lambda *_: None)
    expected = province.read_day("A-1", day(1).toordinal(), LATER * 1000)
    assert first.figure.figure.down == expected.tally.counts[3] * 10 > first.official.figure.down
    assert first.differs
    assert more == [], "the next day would not change"
    with closed.reading() as connection:
        (other,) = restating.propose(connection, "A-2", day(1))
    assert not other.differs


def test_a_restatement_keeps_before_and_after_and_the_chain(closed, restating):
    before = figure_of(closed, "A-1", day(1))
    with closed.writing() as connection:
        proposed = restating.propose(connection, "A-1", day(1))
        (made,) = restating.write(connection, proposed, "An", "handed in late")
        assert restating.write(connection, restating.propose(connection, "A-1", day(1)), "An", "again") == []
    after = figure_of(closed, "A-1", day(1))
    assert (made.before["down_s"], made.after["down_s"]) == (before.down, after.down)
    assert after.down > before.down
    with closed.reading() as connection:
        (kept,) = restatements.between(connection, day(0), day(3))
        entry = audit.newest(connection, AuditKind.RESTATED)
    assert (kept.person, kept.reason, kept.element) == ("An", "handed in late", "A-1")
    assert (entry.actor, entry.content["before"]["down_s"]) == ("An", before.down)
    assert broken(closed) == ()


@pytest.mark.parametrize("ago_h", [1, 30])
def test_what_came_late_runs_on_into_the_next_day_however_lately_it_came(ledger, registry, tmp_path, ago_h):
    """An outage that was told late, from 23:55 on, with no poll from then to 00:10 of the next day; then something later still."""
    gap = range(48 * 60 - 5, 48 * 60 + 10)
    found = [one for one in polls() if one[0]["id"] not in {f"A-2-{minute}" for minute in gap}]
    found += [
        (poll("A-2", minute, "down"), received)
        for minute, received in [(gap.start, LATER - ago_h * HOUR), (48 * 60 + 2, LATER + HOUR)]
    ]
    archive = archive_of(tmp_path / "archive", found)
    closed = close(ledger, archive, registry)
    restating = Restating(archive, registry, Conventions(), LATER)
    with closed.writing() as connection:
        proposed = restating.propose(connection, "A-2", day(1))
        assert [(one.day, one.figure.figure.down) for one in proposed] == [(day(1), 300), (day(2), 600)]
        restating.write(connection, proposed, "An", "log")
    with closed.reading() as connection:
        for one in proposed:
            explained = explain(connection, archive, registry, Conventions(), "A-2", one.day)
            assert explained.reproduced
            assert [event.counts for event in heard(explained) if event.id == "A-2-2882"] == [False] * (
                one.day == day(2)
            )
            assert explained.official.figure == one.figure.figure


def heard(explained):
    return [event for stretch in explained.stretches for event in stretch.events]


def test_a_proposal_beside_a_figure_that_was_restated_meanwhile_is_not_written(closed, restating):
    with closed.reading() as connection:
        proposed = restating.propose(connection, "A-1", day(1))
    with closed.writing() as connection:
        restating.write(connection, proposed, "An", "first")
    with closed.writing() as connection, pytest.raises(ChangedMeanwhileError, match="restated meanwhile"):
        restating.write(connection, proposed, "Binh", "second")
    with closed.reading() as connection:
        assert [one.person for one in restatements.between(connection, day(0), day(3))] == ["An"]


def test_what_a_restatement_knew_waits_no_more_and_what_came_after_it_does(closed, restating):
    newest = START + (34 * 60 + 50) * MINUTE + 7 * 24 * HOUR
    known, after, others = (
        LateEvidence(number, day(1), element, "poller", START, at, "down")
        for number, (element, at) in enumerate([("A-1", newest), ("A-1", newest + 1), ("A-2", newest)])
    )
    # Of another day of the same element.
    next_day = replace(known, journal_offset=7, day=day(2))
    with closed.writing() as connection:
        save_late(connection, [known, after, others, next_day])
        late = proposals(connection, day(0), day(5))
        assert waiting(connection, late) == late
        restating.write(connection, restating.propose(connection, "A-1", day(1))[:1], "An", "log")
        assert waiting(connection, late) == [after, others, next_day]
        assert waiting(connection, []) == []


def test_what_was_on_its_way_to_the_archive_is_not_in_a_restatement_that_was_made_then(
    closed, restating, registry, tmp_path
):
    """Received before the restatement, archived after it: the figure stands as it was made, and the evidence waits."""
    with closed.writing() as connection:
        restating.write(connection, restating.propose(connection, "A-1", day(1)), "An", "log")
    later = archive_of(tmp_path / "later", [*polls(), (poll("A-1", 1440 + 5, "down"), LATER - MINUTE)])
    with closed.writing() as connection:
        explained = explain(connection, later, registry, Conventions(), "A-1", day(1))
        assert explained.reproduced
        (missed,) = (one for one in heard(explained) if not one.counts)
        assert missed.received_ms == LATER - MINUTE
        late = LateEvidence(1, day(1), "A-1", "poller", missed.at_ms, missed.received_ms, "down")
        save_late(connection, [late])
        assert waiting(connection, proposals(connection, day(1), day(1))) == [late]
    with closed.reading() as connection:
        again, *_ = Restating(later, registry, Conventions(), LATER).propose(connection, "A-1", day(1))
        assert again.figure.figure.down == again.official.figure.down + 300


def test_an_open_day_is_not_restated(closed, restating):
    with closed.reading() as connection, pytest.raises(NotClosedError):
        restating.propose(connection, "A-1", day(3))


def test_a_day_before_the_first_official_one_is_not_restated(closed, restating):
    """It counts as unknown in every sum already: a row of it would count that time twice."""
    said = f"{day(-1)} lies before the first official day here, {day(0)}"
    with closed.reading() as connection, pytest.raises(NotClosedError, match=said):
        restating.propose(connection, "A-1", day(-1))


def signed(ledger, registry, rules, *, person="An", now_ms=LATER, today=TODAY, indicators=()):
    with ledger.writing() as connection:
        return sign_off(
            connection,
            registry,
            rules,
            PERIOD,
            person=person,
            note="",
            now_ms=now_ms,
            today=today,
            zone="Asia/Ho_Chi_Minh",
            indicators=indicators,
        )


def state(ledger, today=TODAY):
    with ledger.reading() as connection:
        return standing(connection, PERIOD, today)


def test_a_period_is_open_provisional_final_and_restated_in_this_order(closed, restating, registry, rules):
    assert state(closed, today=day(1)).state is PeriodState.OPEN
    assert state(closed).state is PeriodState.PROVISIONAL
    first = signed(closed, registry, rules)
    assert state(closed).state is PeriodState.FINAL
    assert [one["result"] for one in first.verdicts] == ["fail"]
    with pytest.raises(NotSignableError, match="nothing was restated"):
        signed(closed, registry, rules, person="Binh", now_ms=LATER + 1)
    later = Restating(restating._archive, registry, Conventions(), LATER + 5)
    with closed.writing() as connection:
        later.write(connection, later.propose(connection, "A-1", day(1)), "An", "late")
    found = state(closed)
    assert (found.state, len(found.restated)) == (PeriodState.RESTATED, 1)
    second = signed(closed, registry, rules, person="Binh", now_ms=LATER + 9)
    assert (second.revision, second.root != first.root) == (2, True)
    found = state(closed)
    assert [one.signed_by for one in found.signatures] == ["An", "Binh"]
    assert found.signatures[0].verdicts == first.verdicts, "the former signature stays as it was"
    assert (found.state, found.restated) == (PeriodState.RESTATED, ())
    assert broken(closed) == ()


def test_what_was_measured_is_signed_too_and_anew_once_it_is_corrected(closed, registry, rules):
    radio = {"id": "R-1", "rule": "R", "indicator": "radio_availability", "method": "samples", "weight": None}
    asked = Rules(
        tuple(Rule.model_validate(one.model_dump() | radio | {"period": "campaign"}) for one in rules.rules)
    )
    start, end = (CALENDAR.start_of(at) for at in (PERIOD.first, PERIOD.end))
    counted = Amount(Fraction(99), 100)
    key = (
        "department",
        Track.MEASURED,
        "department/c",
        "m",
        "alpha",
        "mobile_voice",
        "radio_availability",
        "20",
    )
    first = Said(*key, start, end, counted, LATER)
    better = replace(first, id="n", amount=Amount(Fraction(100), 100), replaces="m")

    def judged(*events):
        return list(IndicatorVerdicts(registry, asked, CALENDAR).judge(events, PERIOD))

    before = signed(closed, registry, rules, indicators=judged(first))
    assert [one["finding"] for one in before.verdicts] == ["verdict", "indicator_verdict"]
    with pytest.raises(NotSignableError, match="nor measured"):
        signed(closed, registry, rules, now_ms=LATER + 1, indicators=judged(first, first))
    after = signed(closed, registry, rules, now_ms=LATER + 2, indicators=judged(better, first))
    assert [one.verdicts[1]["numerator"] for one in state(closed).signatures] == [99, 100]
    assert after.verdicts[0] == before.verdicts[0]
    assert broken(closed) == ()


def test_what_is_written_after_a_signature_counts_as_later_whatever_the_clock_said(
    closed, restating, registry, rules
):
    """A restatement bears the moment at which it began to read the archive: somebody signs meanwhile."""
    take(closed, registry, objection())
    signed(closed, registry, rules, now_ms=LATER + 5)
    with closed.writing() as connection:
        restating.write(connection, restating.propose(connection, "A-1", day(1)), "An", "late")
    found = state(closed)
    assert (found.state, [one.element for one in found.restated]) == (PeriodState.RESTATED, ["A-1"])
    assert broken(closed) == ()
    assert signed(closed, registry, rules, now_ms=LATER - 5).revision == 2
    assert state(closed).restated == ()
    decide(closed, 1, now_ms=LATER - 9)
    assert state(closed).ruled == (1,)
    assert broken(closed) == ()


@pytest.mark.parametrize("later_ms", [0, -5])
def test_rulings_move_in_their_order_also_by_a_clock_that_was_set_back(closed, registry, later_ms):
    take(closed, registry, objection(1, 22, 24))
    take(closed, registry, objection(2, 23, 24, claim="up"))
    (moved,) = decide(closed, 2)
    assert moved.seconds == (3600, 0, -3600, 0, 0)
    assert decide(closed, 1, now_ms=LATER + 1 + later_ms) == []
    assert broken(closed) == ()


def test_a_period_with_open_days_is_not_signed(closed, registry, rules):
    quarter = CalendarPeriod.named("2026-11")
    with closed.writing() as connection, pytest.raises(NotSignableError, match="days are not closed"):
        sign_off(
            connection,
            registry,
            rules,
            quarter,
            person="An",
            note="",
            now_ms=LATER,
            today=date(2026, 12, 5),
            zone="Asia/Ho_Chi_Minh",
        )
    with pytest.raises(NotSignableError, match="is not over"):
        signed(closed, registry, rules, today=day(1))


def objection(
    number=1, start=23, end=24, claim="planned", enterprise="alpha", element="A-1", at=1
) -> Objection:
    base = CALENDAR.start_of(day(at))
    return Objection(
        number, enterprise, element, base + start * HOUR, base + end * HOUR, claim, "letter", LATER, "An"
    )


def take(ledger, registry, one):
    with ledger.writing() as connection:
        return object_to(connection, registry, one, CALENDAR)


def decide(ledger, number, *, upheld=True, now_ms=LATER + 1):
    with ledger.writing() as connection:
        return rule_on(
            connection, number, upheld=upheld, person="Binh", ruling="so", now_ms=now_ms, calendar=CALENDAR
        )


def judged(ledger, registry, rules):
    with ledger.reading() as connection:
        (one,) = verdicts(connection, registry, rules, PERIOD)
    return one


def test_an_upheld_objection_moves_seconds_and_leaves_the_official_row(closed, registry, rules):
    before, row = judged(closed, registry, rules), figure_of(closed, "A-1", day(1))
    assert before.judgement.result is Result.FAIL
    take(closed, registry, objection())
    assert judged(closed, registry, rules) == before, "an objection alone changes nothing"
    (moved,) = decide(closed, 1)
    assert (moved.down_s, moved.planned_s) == (-3600, 3600)
    after = judged(closed, registry, rules)
    assert after.judgement.figure.planned == before.judgement.figure.planned + 3600
    assert after.judgement.figure.total == before.judgement.figure.total
    assert (after.judgement.result, after.adjusted_days) != (Result.FAIL, 0)
    assert figure_of(closed, "A-1", day(1)) == row
    assert broken(closed) == ()


def test_an_adjustment_shows_in_every_figure_of_a_longer_period(closed, registry):
    def figures_now():
        with closed.reading() as connection:
            found = [element_figures(connection, day(0), day(2), unwatched=())["A-1"]]
            for scope, name in (("enterprise", "alpha"), ("province", "province")):
                found.append(scope_figures(connection, scope, day(0), day(2), unwatched=())[name])
            return found, element_figures(connection, day(0), day(2), unwatched=())["A-2"]

    before, other = figures_now()
    take(closed, registry, objection(claim="up"))
    decide(closed, 1)
    after, same = figures_now()
    for one, then in zip(after, before, strict=True):
        assert (one.figure.down, one.figure.up) == (then.figure.down - 3600, then.figure.up + 3600)
        assert (one.figure.pairs_s, one.figure.outages) == (then.figure.pairs_s, then.figure.outages)
        assert (one.adjusted_days, then.adjusted_days) == (1, 0)
    assert same == other


def test_a_rejected_objection_moves_nothing_and_a_ruling_stands(closed, registry, rules):
    before = judged(closed, registry, rules)
    take(closed, registry, objection())
    assert decide(closed, 1, upheld=False) == []
    assert judged(closed, registry, rules) == before
    with pytest.raises(ObjectionError, match="rejected by Binh"):
        decide(closed, 1)
    with pytest.raises(ObjectionError, match="no objection 7"):
        decide(closed, 7)


def test_only_down_time_becomes_planned_and_time_up_stays_so(closed, registry, rules):
    """As with a notice in time: else an objection to a whole night spends the month's cap on time in service."""
    take(closed, registry, objection(1, 12, 24))
    (moved,) = decide(closed, 1)
    assert moved.seconds == (0, 0, -3600, 3600, 0)
    assert broken(closed) == ()


def test_two_objections_to_the_same_time_move_it_once(closed, registry, rules):
    take(closed, registry, objection(1, 22, 24))
    take(closed, registry, objection(2, 23, 24, claim="up"))
    assert sum(one.down_s for one in decide(closed, 1)) == -3600
    assert decide(closed, 2) == []
    with closed.reading() as connection:
        assert [one.objection for one in objections.adjustments_of(connection, "A-1", day(0), day(3))] == [1]


@pytest.mark.parametrize(
    ("table", "values", "said"),
    [
        (tables.adjustments, {"down_s": -7200, "planned_s": 7200}, "what objection 1 moved"),
        (tables.objections, {"claim": "up"}, "objection 1 about A-1"),
        (tables.objections, {"ruling": "other"}, "the ruling on objection 1"),
        (tables.signatures, {"signed_by": "Mallory"}, "that An signed"),
        (tables.signatures, {"verdicts": []}, "that An signed"),
        (tables.restatements, {"reason": "other"}, "restatement 1 of"),
        (tables.restatements, {"at_ms": 7}, "restatement 1 of"),
        (tables.restatements, {"element": "A-2"}, "restatement 1 of"),
        (tables.restatements, {"day": day(0)}, "restatement 1 of"),
        (tables.signatures, {"signed_ms": 1 << 50}, "that An signed"),
        (tables.signatures, {"note": "other"}, "that An signed"),
        (tables.signatures, {"root": "other"}, "that An signed"),
        (tables.objections, {"ruled_ms": 7}, "the ruling on objection 1"),
        (tables.objections, {"claim": "gone"}, "objection 1 about A-1"),
        (tables.objections, {"to_ms": 1 << 62}, "objection 1 about A-1"),
    ],
)
def test_what_stands_beside_the_chain_and_was_changed_is_told(
    closed, registry, rules, restating, table, values, said
):
    with closed.writing() as connection:
        restating.write(connection, restating.propose(connection, "A-1", day(1)), "An", "late")
    signed(closed, registry, rules)
    take(closed, registry, objection())
    decide(closed, 1)
    assert broken(closed) == ()
    with closed.writing() as connection:
        connection.execute(table.update().values(**values))
    assert any(said in one.detail for one in broken(closed))
    with closed.writing() as connection:
        connection.execute(table.delete())
    assert any(said in one.detail for one in broken(closed))


@pytest.mark.parametrize(
    ("table", "values", "said"),
    [
        (tables.signatures, {"verdicts": 5}, "signed_off 2026-11-03"),
        (tables.day_figures, {"runs": 5}, "what objections moved"),
        (tables.objections, {"claim": "gone"}, "what objections moved"),
        (tables.objections, {"to_ms": 1 << 62}, "what objections moved"),
    ],
)
def test_what_nobody_could_have_written_is_told_and_ends_no_check(
    closed, registry, rules, table, values, said
):
    signed(closed, registry, rules)
    take(closed, registry, objection())
    decide(closed, 1)
    with closed.writing() as connection:
        connection.execute(table.update().values(**values))
    assert any(said in one.detail and "can't be read" in one.detail for one in broken(closed))


def test_a_figure_changed_behind_the_chains_back_is_not_explained_as_sealed(closed, archive, registry):
    """Its inputs' digest is the one that the archive gives."""

    def explained():
        with closed.reading() as connection:
            return explain(connection, archive, registry, Conventions(), "A-1", day(1))

    assert explained().proof.holds
    with closed.writing() as connection:
        row = tables.day_figures.c
        values = {"up_s": row.up_s + row.down_s, "down_s": 0}
        connection.execute(tables.day_figures.update().where(row.element == "A-1").values(**values))
    assert (explained().official.figure.down, explained().proof.holds) == (0, False)


def test_an_adjustment_follows_a_restated_day(closed, registry, restating):
    take(closed, registry, objection(1, 10, 11))
    before = decide(closed, 1)
    with closed.writing() as connection:
        restating.write(connection, restating.propose(connection, "A-1", day(1)), "An", "late")
    with closed.reading() as connection:
        (after,) = objections.adjustments_of(connection, "A-1", day(0), day(3))
    assert sum(one.down_s for one in before) > after.down_s == -3600


def test_what_was_decided_about_a_day_is_told_with_the_figure_before_it(closed, registry, restating):
    first = figure_of(closed, "A-1", day(1))
    with closed.reading() as connection:
        assert decisions.of_day(connection, day(1)) == {}
        assert decisions.digests(connection, day(0), day(3)) == {}
    take(closed, registry, objection(1, 10, 11))
    take(closed, registry, objection(2, 23, 24, claim="up"))
    decide(closed, 2)
    with closed.reading() as connection:
        known = decisions.of_day(connection, day(1))
        digests = decisions.digests(connection, day(0), day(3))
        assert decisions.of_day(connection, day(0)) == {}
        assert decisions.digests(connection, day(2), day(3)) == {}
    assert digests.keys() == {day(1)}
    (one,) = known.values()
    assert [each.number for each in one.objections] == [each.objection for each in one.adjustments] == [2]
    assert (one.restatements, one.first_closed(first)) == ((), first)
    assert one.counted(first).down == first.down - 3600
    with closed.writing() as connection:
        restating.write(connection, restating.propose(connection, "A-1", day(1)), "An", "late")
    with closed.reading() as connection:
        one = decisions.of_day(connection, day(1))["A-1"]
        later = decisions.digests(connection, day(0), day(3))
    assert later.keys() == digests.keys()
    assert later != digests
    restated = figure_of(closed, "A-1", day(1))
    assert [each.person for each in one.restatements] == ["An"]
    assert one.first_closed(restated) == first != restated
    decide(closed, 1, upheld=False)
    with closed.reading() as connection:
        assert decisions.digests(connection, day(0), day(3)) == later


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (objection(start=5, end=5), "empty"),
        (objection(enterprise="beta"), "is not beta's"),
        (objection(element="X"), "is not alpha's"),
        (objection(at=5), "is not closed"),
    ],
)
def test_what_is_no_objection_is_refused(closed, registry, one, said):
    with pytest.raises(ObjectionError, match=said):
        take(closed, registry, one)


def told_once(registry):
    """A feed that tells changes alone: of one station it said once that it is up, of another it speaks each ten minutes."""
    alpha = replace(registry.enterprises["alpha"], feed=Feed.TRANSITION, heartbeat_s=900)
    found = [one for one in polls() if one[0]["subject"] == "A-2" or one[0]["id"] == "A-1-0"]
    return replace(registry, enterprises=registry.enterprises | {"alpha": alpha}), found


def test_another_elements_word_is_a_sign_of_life_in_a_restatement_too(ledger, registry, tmp_path):
    registry, found = told_once(registry)
    archive = archive_of(tmp_path / "archive", found, Track.DECLARED, "alpha")
    closed = close(ledger, archive, registry)
    with closed.reading() as connection:
        (told,) = Restating(archive, registry, Conventions(), LATER).propose(connection, "A-1", day(1))
    assert told.official.figure.up > 0
    assert not told.differs


def test_an_objection_takes_of_its_interval_only_what_it_moved(closed, registry):
    """Announced work excuses down time alone: the rest of the interval is free for who claims something else of it."""
    take(closed, registry, objection(1, 12, 24))
    take(closed, registry, objection(2, 20, 24, claim="unknown"))
    decide(closed, 1)
    (moved,) = decide(closed, 2)
    assert moved.seconds == (-3 * 3600, 0, 0, 0, 3 * 3600)
    assert broken(closed) == ()


def test_what_another_registry_reads_from_the_same_evidence_is_not_reproduced(closed, archive, registry):
    def explained(by):
        with closed.reading() as connection:
            return explain(connection, archive, by, Conventions(), "A-1", day(1)).reproduced

    rows = tuple(replace(row, policy=Policy.DECLARED_ONLY) for row in registry.elements["A-1"])
    assert explained(registry)
    assert not explained(replace(registry, elements=registry.elements | {"A-1": rows}))


def test_a_feed_whose_signs_of_life_are_gone_is_not_reproduced(ledger, registry, tmp_path):
    """What kept the station up were another's words, which the archive lost."""
    registry, found = told_once(registry)
    archive = archive_of(tmp_path / "archive", found, Track.DECLARED, "alpha")
    closed = close(ledger, archive, registry)
    left = [one for one in found if one[0]["subject"] == "A-1" or one[0]["id"] == "A-2-0"]
    lost = archive_of(tmp_path / "lost", left, Track.DECLARED, "alpha")
    with closed.reading() as connection:
        assert explain(connection, archive, registry, Conventions(), "A-1", day(0)).reproduced
        assert not explain(connection, lost, registry, Conventions(), "A-1", day(0)).reproduced


def test_a_restatement_that_was_begun_before_a_signature_and_written_after_it_is_after_it(
    closed, registry, rules, archive
):
    begun = Restating(archive, registry, Conventions(), LATER)
    with closed.reading() as connection:
        proposed = begun.propose(connection, "A-1", day(1))
    signed(closed, registry, rules, now_ms=LATER + 5)
    with closed.writing() as connection:
        begun.write(connection, proposed, "Binh", "late", LATER + 9)
    assert state(closed).state is PeriodState.RESTATED
    assert signed(closed, registry, rules, now_ms=LATER + 10).revision == 2
    assert broken(closed) == ()


def test_the_first_day_is_reproduced_also_when_something_of_the_days_before_came_later(
    closed, registry, tmp_path
):
    later = archive_of(tmp_path / "later", [*polls(), (poll("A-2", -1440 + 5, "down"), LATER - MINUTE)])
    with closed.reading() as connection:
        for element in ("A-1", "A-2"):
            assert explain(connection, later, registry, Conventions(), element, day(0)).reproduced


def test_official_figures_begin_with_the_first_day_of_which_anything_counts(ledger, registry, tmp_path):
    """A device with a reset clock speaks of last year: that came long after the close of its day and counts nowhere."""
    late = poll("A-2", -300 * 1440, "up"), START + 5 * MINUTE
    archive = archive_of(tmp_path / "archive", [late, *polls()])
    closed = close(ledger, archive, registry)
    with closed.reading() as connection:
        assert closings.first_official(connection) == day(0)
        assert explain(connection, archive, registry, Conventions(), "A-1", day(0)).reproduced


def test_what_went_on_from_a_pruned_day_is_not_called_another_figure(ledger, registry, tmp_path):
    """A station was declared down once; what tells of it was pruned, and the days after rest on it."""
    found = [one for one in polls() if one[0]["subject"] == "A-2"]
    found.append((poll("A-1", 0, "down"), START + 500))
    archive = archive_of(tmp_path / "archive", found, Track.DECLARED, "alpha")
    closed = close(ledger, archive, registry)
    left = [one for one in found if one[0]["time"] >= format_ms(CALENDAR.start_of(day(1)))]
    pruned = archive_of(tmp_path / "pruned", left, Track.DECLARED, "alpha")
    with closed.writing() as connection:
        assert explain(connection, archive, registry, Conventions(), "A-1", day(2)).reproduced
        told = {"until": str(day(1))}
        audit.append(connection, [NewAuditEntry(LATER, AuditKind.PRUNED, "archive", "An", told)])
        with pytest.raises(PrunedError, match="can't be made again"):
            explain(connection, pruned, registry, Conventions(), "A-1", day(2))
        assert explain(connection, pruned, registry, Conventions(), "A-2", day(2)).reproduced


@pytest.mark.parametrize("some_closed", [False, True])
def test_an_open_day_is_explained_with_all_that_runs_on_into_it(ledger, registry, tmp_path, some_closed):
    """A station said once that it is up; its feed, which tells changes alone, is alive for a week."""
    alpha = replace(registry.enterprises["alpha"], feed=Feed.TRANSITION, heartbeat_s=900)
    registry = replace(registry, enterprises=registry.enterprises | {"alpha": alpha})
    found = [(poll("A-2", minute, "up"), START + minute * MINUTE) for minute in range(0, 7 * 1440, 10)]
    found.append((poll("A-1", 0, "up"), START))
    archive = archive_of(tmp_path / "archive", found, Track.DECLARED, "alpha")
    if some_closed:
        close(ledger, archive, registry)
    with ledger.reading() as connection:
        explained = explain(connection, archive, registry, Conventions(), "A-1", day(6))
    assert {one.effective for one in explained.stretches} == {Reading.UP}
    assert (explained.official, explained.reproduced) == (None, False)
