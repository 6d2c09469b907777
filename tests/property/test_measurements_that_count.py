"""Measurements: what counts is the same whatever the order, the batches and the repetitions; parts add up, nothing counts twice."""

from dataclasses import replace
from fractions import Fraction
from random import Random

import hypothesis.strategies as st
from hypothesis import given

from processors.core.measurements import Amount, Fate, Said, fates, parts, standing, total
from schemas.status import Track

UNITS = {"20": ("20",), "a": ("a", "20"), "b": ("b", "20")}


def event(at, **changes) -> Said:
    one = Said("v", Track.DECLARED, "v/oss", f"m{at}", "v", "s", "i", "20", 0, 10, Amount(Fraction(1), 2), at)
    return replace(one, **changes)


@st.composite
def worlds(draw):
    r = Random(draw(st.integers(0, 1 << 32)))
    found = []
    for n in range(r.randrange(1, 14)):
        start = r.randrange(4)
        found.append(
            event(
                r.randrange(6),
                id=f"m{r.randrange(9) if r.random() < 0.2 else n}",
                unit=r.choice([*UNITS]),
                from_ms=start,
                to_ms=start + r.randrange(1, 4),
                replaces=f"m{r.randrange(9)}" if r.random() < 0.5 else None,
                amount=Amount(Fraction(r.randrange(50)), r.randrange(50, 99)),
                order=str(n),
            )
        )
    return found, r


@given(worlds())
def test_the_same_events_have_the_same_fates_in_any_order_and_however_often(world):
    found, r = world
    shuffled = [*found, *r.choices(found, k=5)]
    r.shuffle(shuffled)
    assert list(fates(shuffled)) == list(fates(found))


@given(worlds())
def test_one_stands_for_each_key_at_most_and_everything_has_one_fate(world):
    found, _ = world
    told = list(fates(found))
    assert len({(one.source, one.id) for one, _ in told}) == len(told)
    stand = [one.key for one, fate in told if fate is Fate.STANDS]
    assert len(stand) == len(set(stand))
    assert set(stand) == {one.key for one, _ in told if one.replaces is None}, "a first one starts each chain"


@given(worlds())
def test_a_keys_fate_does_not_depend_on_other_keys(world):
    found, _ = world
    first = {}
    for one in sorted(found, key=lambda one: (one.received_ms, one.order)):
        first.setdefault(one.id, one)
    alone = [
        fate
        for key in {one.key for one in first.values()}
        for fate in fates(o for o in first.values() if o.key == key)
    ]
    assert sorted(map(str, alone)) == sorted(map(str, fates(found)))


@given(worlds())
def test_no_stretch_of_a_unit_counts_twice(world):
    found, r = world
    events = standing(found)
    got = parts(events, UNITS)
    assert {*got.parts, *got.within} == set(events)
    assert got.amount == total(one.amount for one in got.parts)
    mixed = list(events)
    r.shuffle(mixed)
    assert parts(mixed, UNITS).parts == got.parts

    def cells(one):
        leaves = ["a", "b", "rest"] if one.unit == "20" else [one.unit]
        return {(leaf, at) for leaf in leaves for at in range(one.from_ms, one.to_ms)}

    covered = [cell for one in got.parts for cell in cells(one)]
    assert (len(covered) == len(set(covered))) == (got.overlapping is None)
    for one in got.within:
        assert any(cells(one) <= cells(other) for other in got.parts)


def test_a_chain_of_corrections_ends_at_the_last():
    chain = [event(n, id=f"m{n}", replaces=f"m{n - 1}" if n else None) for n in range(4)]
    late = event(9, id="late", replaces="m0")
    lost = event(1, id="lost", replaces="nobody")
    again = event(5, id="again")
    told = {one.id: fate for one, fate in fates([late, lost, again, *reversed(chain)])}
    assert told == {
        "m0": Fate.REPLACED,
        "m1": Fate.REPLACED,
        "m2": Fate.REPLACED,
        "m3": Fate.STANDS,
        "late": Fate.SUPERSEDED,
        "lost": Fate.DANGLING,
        "again": Fate.REPEATED,
    }


def test_a_correction_that_was_received_before_what_it_corrects_counts_all_the_same():
    assert [one.id for one in standing([event(1, id="c", replaces="m"), event(5, id="m")])] == ["c"]


def test_corrections_in_a_circle_leave_nothing():
    assert standing([event(1, id="a", replaces="b"), event(2, id="b", replaces="a")]) == []


def test_a_ratio_is_of_sums_never_of_percentages():
    one, other = (
        event(1, unit="a", amount=Amount(Fraction(1), 1)),
        event(2, unit="b", amount=Amount(Fraction(0), 999)),
    )
    assert parts([one, other], UNITS).amount.quotient == Fraction(1, 1000)
