"""An enterprise's running figures are the sums of its elements' newest days, in whatever order these came."""

import importlib.util
from datetime import date, timedelta
from pathlib import Path
from random import Random

import hypothesis.strategies as st
import numpy as np
from hypothesis import given, settings

from processors.core.conventions import Conventions, Grid
from processors.core.enterprises import RUNNING, Enterprises, Took
from processors.core.figures import figure_of
from processors.core.periods import end_of, start_of
from processors.core.reading import DayReading
from processors.core.running import Part
from processors.core.tally import count
from processors.replay import Question, Scope, figures
from schemas.figures import Figure
from schemas.registry import Kind

_spec = importlib.util.spec_from_file_location(
    "core_against_the_spec", Path(__file__).with_name("test_core_against_the_spec.py")
)
core_against_the_spec = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(core_against_the_spec)

# Hours as slots: a week over the end of a month that is the end of a quarter too.
CONVENTIONS = Conventions(grid_s=3600)
GRID = Grid(CONVENTIONS)
WEEK = [date(2026, 9, 28) + timedelta(days=n) for n in range(7)]
AS_OF = GRID.close_us(date(2026, 9, 30).toordinal()) // 1000 - 1
UNKNOWN, UP, DEGRADED, DOWN, PLANNED = range(5)


class ElementDays:
    """What one element reads on some days, slot by slot, and the parts that are made of it."""

    def __init__(self, name, r):
        self.name = name
        self.slots = {}
        for day in WEEK:
            if r.random() < 0.85:
                self.read(day, r)

    def read(self, day, r):
        first, end = GRID.span(day.toordinal())
        if r.random() < 0.2:  # commissioned or decommissioned on the day, or not over yet
            first, end = sorted(r.sample(range(first, end + 1), 2))
        weights = r.choice([(1, 1, 1, 1, 1), (0, 1, 0, 6, 0), (0, 0, 0, 1, 0), (1, 3, 0, 3, 3)])
        self.slots[day] = {
            slot: (r.choices(range(5), weights)[0], r.randrange(4), r.randrange(4))
            for slot in range(first, end)
        }

    def part(self, day, as_of=AS_OF):
        slots = self.slots[day]
        first = min(slots, default=GRID.span(day.toordinal())[0])
        columns = np.array([slots[s] for s in sorted(slots)], dtype=np.int8).reshape(-1, 3)
        tally = count(DayReading(first, *(columns[:, n] for n in (1, 2, 0))), first, first + len(slots))
        edges = tally.first * 3_600_000, tally.end * 3_600_000, tally.head * 3600, tally.tail * 3600
        return Part(self.name, as_of, *edges, figure_of(tally, 3600), "sha256:" + "0" * 64)


def by_the_letter(elements, days):
    """The sum, slot by slot (spec section 5)."""
    seconds, pairs, outages, longest = [0] * 5, [0] * 16, 0, None
    for element in elements:
        slots = {s: v for day, found in element.slots.items() if day in days for s, v in found.items()}
        run = 0
        for slot in sorted(slots):
            effective, measured, declared = slots[slot]
            seconds[effective] += 3600
            pairs[4 * measured + declared] += 3600
            adjacent = run and slot - 1 in slots
            run = (run if adjacent else 0) + 1 if effective == DOWN else 0
            outages += run == 1
            longest = max(longest or 0, run * 3600) if run else longest
    by_state = (seconds[n] for n in (UP, DEGRADED, DOWN, PLANNED, UNKNOWN))
    return Figure(*by_state, outages, longest, tuple(pairs))


def days_of(kind, day):
    zone = CONVENTIONS.zone
    start = start_of(GRID.start_us(day.toordinal()) // 1000, kind, zone)
    end = end_of(start, kind, zone)
    return (start, end), [d for d in WEEK if start <= GRID.start_us(d.toordinal()) // 1000 < end]


def expected(elements):
    found = {}
    for kind in RUNNING:
        for day in WEEK:
            (start, end), days = days_of(kind, day)
            if any(day in element.slots for element in elements for day in days):
                found[kind, start, end] = by_the_letter(elements, days)
    return found


def standings(enterprises, name="vnpt"):
    found = [one for one in enterprises.standings() if one.enterprise == name]
    return {(one.period, one.start, one.end): one.figure for one in found}


seeds = st.integers(0, 1 << 32)
fast = settings(deadline=None, max_examples=60)


@given(seeds)
@fast
def test_days_months_and_quarters_are_the_sums_of_their_elements_slots(seed):
    r = Random(seed)
    elements = [ElementDays(f"E{n}", r) for n in range(r.randint(1, 4))]
    enterprises = Enterprises(CONVENTIONS)
    for element in elements:
        for day in element.slots:
            assert enterprises.take("vnpt", Kind.STATION, day, element.part(day)) is Took.KEPT
    assert standings(enterprises) == expected(elements)


@given(seeds)
@fast
def test_order_repetition_restarts_and_older_parts_change_nothing(seed):
    r = Random(seed)
    elements = [ElementDays(f"E{n}", r) for n in range(3)]
    parts = []
    for element in elements:
        for day in element.slots:
            for age in range(r.randint(0, 2), 0, -1):
                parts.append((day, element.part(day, AS_OF - age)))
                element.read(day, r)
            parts.append((day, element.part(day)))
    parts += r.choices(parts, k=len(parts))
    r.shuffle(parts)
    enterprises, stored = Enterprises(CONVENTIONS), {}
    for day, part in parts:
        enterprises.take("vnpt", Kind.STATION, day, part)
        if r.random() < 0.2:
            list(enterprises.standings())
            stored |= {(key, day): kept for key, day, kept in enterprises.changed_days()}
            enterprises = Enterprises(CONVENTIONS)
            for (key, kept_day), kept in stored.items():
                enterprises.restore_day(key, kept_day, kept)
    # Everything once more, so that all of it is told: none of it is new.
    stored |= {(key, day): kept for key, day, kept in enterprises.changed_days()}
    enterprises.told()
    assert {enterprises.take("vnpt", Kind.STATION, *one) for one in parts} == {Took.OLDER}
    assert list(enterprises.standings()) == []
    again = Enterprises(CONVENTIONS)
    for (key, day), kept in stored.items():
        again.restore_day(key, day, kept)
        again._changed.setdefault(key, set()).add(day.toordinal())
    assert standings(again) == expected(elements)


def test_two_parts_as_of_one_moment_end_alike_in_both_orders():
    r = Random(3)
    one, other = ElementDays("E", r), ElementDays("E", r)
    day = next(d for d in WEEK if d in one.slots and d in other.slots)
    found = []
    for order in ([one, other], [other, one]):
        enterprises = Enterprises(CONVENTIONS)
        for element in order:
            enterprises.take("vnpt", Kind.STATION, day, element.part(day))
        found.append(standings(enterprises))
    assert found[0] == found[1]


def test_enterprises_and_kinds_of_elements_are_kept_apart():
    r = Random(5)
    elements = [ElementDays(f"E{n}", r) for n in range(3)]
    enterprises = Enterprises(CONVENTIONS)
    whose = [("vnpt", Kind.STATION), ("vnpt", Kind.LINK), ("gtel", Kind.STATION)]
    for (name, kind), element in zip(whose, elements, strict=True):
        for day in element.slots:
            enterprises.take(name, kind, day, element.part(day))
    for (name, kind), element in zip(whose, elements, strict=True):
        found = [one for one in enterprises.standings() if (one.enterprise, one.kind) == (name, kind)]
        assert {(one.period, one.start, one.end): one.figure for one in found} == expected([element])


def test_a_quarter_is_forgotten_when_it_has_closed_and_not_before():
    element = ElementDays("E", Random(1))
    for day in WEEK:
        element.read(day, Random(2))
    enterprises = Enterprises(CONVENTIONS)
    closes = GRID.close_us(date(2026, 9, 30).toordinal()) // 1000
    september = [day for day in WEEK if day.month == 9]
    for day in september:
        assert enterprises.take("vnpt", Kind.STATION, day, element.part(day, closes - 1)) is Took.KEPT
    assert list(enterprises.drop_closed()) == []
    october = WEEK[-1]
    enterprises.take("vnpt", Kind.STATION, october, element.part(october, closes))
    assert len(list(enterprises.standings())) == len(september) + 1 + 4
    enterprises.told()
    assert [day for _, day in enterprises.drop_closed()] == september
    late = element.part(september[-1], closes + 1)
    assert enterprises.take("vnpt", Kind.STATION, september[-1], late) is Took.CLOSED
    assert list(enterprises.standings()) == []


@given(core_against_the_spec.scenes)
@settings(deadline=None, max_examples=10)
def test_what_is_told_of_an_enterprise_is_what_a_replay_prints(scene):
    registry, events, now = scene
    province = core_against_the_spec.province_of(registry, events, now)
    enterprises = Enterprises(province.conventions)
    grid_s = province.grid.seconds
    quarter = [date(2026, 10, 1) + timedelta(days=n) for n in range(60)]
    for element in registry.elements:
        for day in quarter:
            read = province.read_day(element, day.toordinal(), now * 1_000_000)
            if read.row is None:
                continue
            tally = read.tally
            counted = tally.first * grid_s * 1000, tally.end * grid_s * 1000
            runs = tally.head * grid_s, tally.tail * grid_s
            part = Part(element, now * 1000, *counted, *runs, figure_of(tally, grid_s))
            enterprises.take(read.row.enterprise, Kind.STATION, day, part)
    told = list(enterprises.standings())
    assert told
    for one in told:
        question = Question(one.start, one.end, now * 1000, one.period, Scope.ENTERPRISE)
        (printed,) = [found for found in figures(province, question) if found.id == one.enterprise]
        assert printed.figure == one.figure
