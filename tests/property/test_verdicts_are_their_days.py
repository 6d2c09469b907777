"""Verdicts on a period from the ledger, against the same judged day by day from the letter of the spec (section 6)."""

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from processors.core.periods import CalendarPeriod
from processors.core.verdict import Reason, Result
from processors.rules import Rules
from processors.verdicts import verdicts
from schemas.figures import Figure
from schemas.registry import DeclaredLevel, Element, Enterprise, Kind, Registry
from schemas.rules import Rule
from stores.ledger import Ledger
from stores.ledger.figures import FINAL, DayFigure, save_final, save_provisional
from stores.ledger.tables import day_figures
from tests.one_rule import RULE

QUARTER = CalendarPeriod.named("2026-Q3")
DAYS = [QUARTER.first + timedelta(days=n) for n in range((QUARTER.end - QUARTER.first).days)]
OWNERS = ("PER", "TRA")


def rule(name, version, **changes) -> Rule:
    return Rule.model_validate(
        RULE
        | {
            "id": f"{name}-{version}",
            "rule": name,
            "version": version,
            "threshold": "95",
            "period": "quarter",
        }
        | changes
    )


def day_figure(r, element, day, owner, bad) -> DayFigure:
    """A day, up to `bad` minutes of each kind not up, known on both tracks, or often on the enterprise's word alone."""
    down, degraded, planned, unknown = (60 * r.randrange(bad + 1) for _ in range(4))
    up = 86_400 - down - degraded - planned - unknown
    known = up + degraded + down + planned
    measured = known if r.random() < 0.9 else known // 120 * 60
    pairs = [0] * 16
    pairs[4 * 1 + 1], pairs[1], pairs[0] = measured, known - measured, unknown
    figure = Figure(up, degraded, down, planned, unknown, 0, None, tuple(pairs))
    return DayFigure(element, day, owner, "station", None, ("4G",), figure, 0, 0, 0, 0, [], "final", 0, "")


def by_the_letter(figures, rules, levels, weights, owner):
    """(result, down seconds) from the days one by one."""
    ok = down = unknown = expected = measured = total = 0
    needed, floor = Fraction(0), Fraction(0)
    used = defaultdict(int)
    for one in sorted(figures, key=lambda f: (f.element, f.day)):
        if one.enterprise != owner:
            continue
        figure, month = one.figure, (one.element, one.day.month)
        before, used[month] = used[month], used[month] + figure.planned
        (held,) = [r for r in rules if r.in_force_on(one.day)] or [None]
        if held is None:
            continue
        threshold = held.threshold
        for level in levels:
            if level.enterprise == owner and (level.valid_from or date.min) <= one.day < (
                level.valid_to or date.max
            ):
                threshold = max(threshold, Decimal(str(level.level)))
        cap = held.planned_cap_s
        beyond = max(0, used[month] - cap) - max(0, before - cap)
        weight = weights[one.element]
        ok += weight * (figure.up + figure.degraded)
        down += weight * (figure.down + beyond)
        unknown += weight * figure.unknown
        here = weight * (figure.total - figure.planned + beyond)
        expected += here
        total += weight * figure.total
        measured += weight * figure.pairs_s[5]
        needed += Fraction(threshold) / 100 * here
        floor += Fraction(held.measured_floor) * weight * figure.total
    if total == 0:
        return None, 0
    if expected == 0:
        return "not_decidable", down
    if ok + unknown < needed:
        return "fail", down
    if ok < needed or measured < floor:
        return "not_decidable", down
    return "pass", down


def world(seed):
    r = Random(seed)
    change = r.choice([*DAYS, QUARTER.first - timedelta(days=5), QUARTER.end])
    rules = [
        rule("D", "1", in_force_to=change, threshold=threshold(r), planned_cap_s=r.choice([0, 28800, 10**9])),
        rule("D", "2", in_force_from=change, threshold=threshold(r), weight=r.choice(["station", "cells"])),
    ]
    rules[0] = rules[0].model_copy(
        update={"weight": rules[1].weight, "planned_cap_s": rules[1].planned_cap_s}
    )
    rules = rules[r.choice([0, 0, 1]) :]
    level_from = r.choice(DAYS)
    levels = (DeclaredLevel("PER", "mobile_voice", "service_availability", 97.5, level_from, None),)
    cells = [r.randrange(1, 9) for _ in range(4)]
    bad = r.choice([0, 5, 30, 300])
    chosen = sorted(r.sample(DAYS, r.choice([3, 6, 30])))
    # The days are all there is to count: what was before the first one is another test's.
    elements = {
        f"E{n}": (Element(f"E{n}", Kind.STATION, OWNERS[n % 2], cells=cells[n], valid_from=chosen[0]),)
        for n in range(4)
    }
    registry = Registry({o: Enterprise(o, o) for o in OWNERS}, {}, elements, levels)
    found = [
        day_figure(r, name, day, rows[0].enterprise, bad) for name, rows in elements.items() for day in chosen
    ]
    weights = {name: rows[0].cells if rules[-1].weight == "cells" else 1 for name, rows in elements.items()}
    return registry, rules, levels, found, weights


def threshold(r):
    return r.choice(["50", "80", "90", "92.5", "95", "99"])


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    ledger = Ledger(tmp_path_factory.mktemp("ledger") / "ledger.db")
    ledger.open()
    yield ledger
    ledger.close()


def judged(ledger, registry, rules, found):
    with ledger.writing() as connection:
        connection.execute(day_figures.delete())
        save_provisional(connection, [one for one in found if one.state != FINAL])
        save_final(connection, [one for one in found if one.state == FINAL])
        return {one.enterprise: one for one in verdicts(connection, registry, Rules(tuple(rules)), QUARTER)}


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1 << 32))
def test_a_period_is_judged_as_its_days_together(ledger, seed):
    registry, rules, levels, found, weights = world(seed)
    got = judged(ledger, registry, rules, found)
    for owner in OWNERS:
        result, down = by_the_letter(found, rules, levels, weights, owner)
        assert (got[owner].judgement.result.value, got[owner].judgement.figure.down) == (
            result or "not_applicable",
            down,
        )
        assert got[owner].final


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1 << 32), st.integers(0, 3), st.integers(1, 600))
def test_more_down_time_never_makes_a_verdict_better(ledger, seed, which, minutes):
    registry, rules, _, found, _ = world(seed)
    better = {Result.FAIL: 0, Result.NOT_DECIDABLE: 1, Result.PASS: 2, Result.NOT_APPLICABLE: 3}
    before = judged(ledger, registry, rules, found)
    one = found[which]
    moved = min(one.figure.up, minutes * 60)
    worse = replace(one, figure=replace(one.figure, up=one.figure.up - moved, down=one.figure.down + moved))
    after = judged(ledger, registry, rules, [worse if f is one else f for f in found])
    for owner in OWNERS:
        assert better[after[owner].judgement.result] <= better[before[owner].judgement.result]
        assert after[owner].judgement.budget_s == before[owner].judgement.budget_s


def test_the_order_and_repetition_of_days_do_not_matter(ledger):
    registry, rules, _, found, _ = world(3)
    shuffled = list(found)
    Random(1).shuffle(shuffled)
    assert judged(ledger, registry, rules, found) == judged(ledger, registry, rules, shuffled + shuffled[:50])


def test_an_element_without_its_weight_leaves_its_enterprise_undecided(ledger):
    registry, rules, _, found, _ = world(3)
    rules = [one.model_copy(update={"weight": "subscribers"}) for one in rules]
    got = judged(ledger, registry, rules, found)
    assert {(one.judgement.result.value, one.judgement.reason.value) for one in got.values()} == {
        ("not_decidable", "weights are not known")
    }


def test_a_version_that_comes_later_changes_nothing_not_even_the_weight(ledger):
    registry, _, _, found, _ = world(3)
    now = rule("D", "1", threshold="90", in_force_to=QUARTER.end)
    later = rule(
        "D", "2", threshold="99.9", weight="cells", per="element", period="month", in_force_from=QUARTER.end
    )
    alone, both = (judged(ledger, registry, rules, found) for rules in ([now], [now, later]))
    assert alone == both
    assert {one.judgement.result for one in alone.values()} <= {Result.PASS, Result.FAIL}


def test_days_that_are_weighed_by_different_things_decide_nothing_together(ledger):
    registry, _, _, found, _ = world(3)
    half = DAYS[45]
    rules = [
        rule("D", "1", in_force_to=half),
        rule("D", "2", weight="cells", in_force_from=half),
    ]
    got = judged(ledger, registry, rules, found)
    assert {(one.judgement.result.value, one.judgement.reason.value) for one in got.values()} == {
        ("not_decidable", "its days are weighed by different things")
    }


def test_open_days_are_told(ledger):
    registry, rules, _, found, _ = world(3)
    got = judged(ledger, registry, rules, [replace(found[0], state="provisional"), *found[1:]])
    assert [got[owner].final for owner in OWNERS] == [False, True]


def test_the_worlds_have_every_result(ledger):
    got = [judged(ledger, *world(seed)[:2], world(seed)[3])[owner] for seed in range(80) for owner in OWNERS]
    assert {one.judgement.result for one in got} == set(Result)


def test_a_threshold_that_nobody_knows_decides_nothing_of_the_whole_period(ledger):
    """A rule in force whose figure is missing is not a rule that is not in force."""
    registry, _, _, found, _ = world(3)
    registry = replace(registry, declared_levels=())
    half = DAYS[45]
    missing = {"threshold": None, "confidence": "missing"}
    for rules in (
        [rule("D", "1", **missing)],
        [
            rule("D", "1", threshold="50", in_force_to=half),
            rule("D", "2", **missing, in_force_from=half),
        ],
    ):
        got = judged(ledger, registry, rules, found)
        assert {(one.judgement.result, one.judgement.reason) for one in got.values()} == {
            (Result.NOT_DECIDABLE, Reason.NO_THRESHOLD)
        }
    # Its own declared level is known.
    level = DeclaredLevel("PER", "mobile_voice", "service_availability", 50)
    got = judged(ledger, replace(registry, declared_levels=(level,)), rules, found)
    assert [got[owner].judgement.reason for owner in OWNERS] == [None, Reason.NO_THRESHOLD]


def test_an_element_is_weighed_by_the_rows_of_whom_it_was(ledger):
    """Sold in the middle of the quarter: what the next owner says of it is not the former one's."""
    sold = DAYS[45]
    rows = tuple(
        Element("E0", Kind.STATION, owner, cells=cells, valid_from=first, valid_to=end)
        for owner, cells, first, end in (("PER", 3, DAYS[44], sold), ("TRA", None, sold, DAYS[46]))
    )
    registry = Registry({o: Enterprise(o, o) for o in OWNERS}, {}, {"E0": rows}, ())
    found = [day_figure(Random(1), "E0", day, owner, 0) for day, owner in ((DAYS[44], "PER"), (sold, "TRA"))]
    got = judged(ledger, registry, [rule("D", "1", weight="cells")], found)
    assert [got[owner].judgement.reason for owner in OWNERS] == [None, Reason.NO_WEIGHT]
    assert got["PER"].judgement.figure.total == 3 * 86_400


def test_an_element_that_changes_hands_is_weighed_as_the_one_who_had_it_had_it(ledger):
    change = DAYS[45]
    elements = {
        "E0": (
            Element("E0", Kind.STATION, "PER", cells=6, valid_from=DAYS[0], valid_to=change),
            Element("E0", Kind.STATION, "TRA", cells=None, valid_from=change),
        ),
        "E1": (Element("E1", Kind.STATION, "PER", cells=1, valid_from=DAYS[0]),),
    }
    registry = Registry({o: Enterprise(o, o) for o in OWNERS}, {}, elements)
    pairs = (0,) * 5 + (86_400,) + (0,) * 10
    up, down = Figure(86_400, 0, 0, 0, 0, 0, None, pairs), Figure(0, 0, 86_400, 0, 0, 0, None, pairs)
    found = [
        DayFigure("E0", DAYS[0], "PER", "station", None, (), up, 0, 0, 0, 0, [], "final", 0, ""),
        DayFigure("E1", DAYS[0], "PER", "station", None, (), down, 0, 0, 0, 0, [], "final", 0, ""),
        DayFigure("E0", change, "TRA", "station", None, (), up, 0, 0, 0, 0, [], "final", 0, ""),
    ]
    got = judged(ledger, registry, [rule("D", "1", threshold="80", weight="cells")], found)
    of = got["PER"].judgement
    assert (of.result, of.figure.up, of.figure.down) == (Result.PASS, 6 * 86_400, 86_400)
    assert got["TRA"].judgement.reason is Reason.NO_WEIGHT


def test_a_day_is_judged_with_what_the_days_of_its_month_before_it_used_of_the_cap(ledger):
    """Ten hours of announced work on each of two days: eight of the month's are excused, all of them on the first."""
    hours = 3600
    pairs = (0,) * 5 + (86_400,) + (0,) * 10
    worked = Figure(14 * hours, 0, 0, 10 * hours, 0, 0, None, pairs)
    days = [DAYS[0], DAYS[4]]
    found = [
        DayFigure("E0", day, "PER", "station", None, (), worked, 0, 0, 0, 0, [], "final", 0, "")
        for day in days
    ]
    registry = Registry(
        {"PER": Enterprise("PER", "PER")},
        {},
        {"E0": (Element("E0", Kind.STATION, "PER", valid_from=DAYS[0]),)},
    )
    rules = Rules((rule("D", "1", period="day", planned_cap_s=8 * hours),))
    with ledger.writing() as connection:
        connection.execute(day_figures.delete())
        save_final(connection, found)
        got = [
            (
                one.judgement.figure.down,
                one.judgement.figure.planned,
                one.judgement.figure.total,
                one.open_days,
            )
            for day in (*days, DAYS[5])
            for one in verdicts(connection, registry, rules, CalendarPeriod.named(str(day)))
        ]
    assert got == [(2 * hours, 8 * hours, 24 * hours, 0), (10 * hours, 0, 24 * hours, 0)]
