"""The table adds up, findings are its parts, and intersections of outages are those of their seconds."""

import hypothesis.strategies as st
from hypothesis import given

from processors.core.declared_against_measured import FindingKind, divergence, findings, table
from processors.core.outages_of_a_period import all_down, concentration, down_runs
from schemas.figures import NO_TIME, Figure
from schemas.status import Reading

pairs = st.lists(st.integers(0, 90_000), min_size=16, max_size=16).map(tuple)


def figure(found, down=0, longest=None) -> Figure:
    return Figure(sum(found) - down, 0, down, 0, 0, 1 if longest else 0, longest, tuple(found))


@given(pairs)
def test_the_table_adds_up_to_the_counted_time_and_its_parts_do(found):
    one = figure(found)
    rows = table(one)
    assert sum(sum(row.values()) for row in rows.values()) == one.total
    parts = divergence(one)
    assert parts.both_s + parts.silent_s + parts.on_word_s + rows["unknown"]["unknown"] == one.total
    assert parts.undeclared_s == rows["down"]["up"] + rows["down"]["degraded"]
    assert parts.over_declared_s == rows["up"]["down"] + rows["degraded"]["down"]
    assert parts.undeclared_s + parts.over_declared_s <= parts.both_s
    assert (parts.score is None) == (parts.both_s == 0)
    assert parts.score is None or 0 <= parts.score <= 1


@given(pairs, st.integers(1, 90_000))
def test_more_contradiction_never_raises_the_score(found, seconds):
    worse = list(found)
    moved = min(seconds, worse[5])
    worse[5] -= moved
    worse[4 * Reading.DOWN + Reading.UP] += moved
    before, after = divergence(figure(found)), divergence(figure(worse))
    assert before.score is None or after.score <= before.score


@given(pairs, st.integers(0, 90_000), st.integers(0, 90_000), st.integers(1, 90_000))
def test_more_late_time_never_raises_the_score(found, declared, late, more):
    late = min(late, declared)
    before = divergence(figure(found), declared, late)
    after = divergence(figure(found), declared, min(late + more, declared))
    assert (before.punctuality is None) == (declared == 0)
    assert (before.score is None) == (sum(found[4 * m + d] for m in (1, 2, 3) for d in (1, 2, 3)) == 0)
    assert before.score is None or 0 <= after.score <= before.score <= 1


@given(pairs, st.integers(0, 50_000))
def test_a_finding_is_what_is_over_the_tolerance(found, tolerance):
    parts = divergence(figure(found))
    expected = {
        FindingKind.UNDECLARED_OUTAGE: parts.undeclared_s,
        FindingKind.OVER_DECLARED_OUTAGE: parts.over_declared_s,
        FindingKind.FEED_SILENCE: parts.silent_s,
    }
    got = dict(findings(figure(found), tolerance))
    assert got == {kind: seconds for kind, seconds in expected.items() if seconds > tolerance}


intervals = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 8)), max_size=5).map(
    lambda found: [(start, start + length) for start, length in _apart(found)]
)


def _apart(found):
    end = -1
    for start, length in sorted(found):
        if start > end:
            yield start, length
            end = start + length


@given(st.lists(intervals, min_size=1, max_size=4))
def test_all_are_down_exactly_when_each_of_them_is(outages):
    together = {at for start, end in all_down(outages) for at in range(start, end)}
    each = [{at for start, end in one for at in range(start, end)} for one in outages]
    assert together == set.intersection(*each)


def test_of_nobody_all_is_not_down():
    assert list(all_down([])) == []


def test_runs_of_outages_are_joined():
    runs = [[0, 10, 1], [10, 20, 3], [20, 30, 3], [30, 40, 0], [40, 50, 3]]
    assert down_runs(runs) == [(10, 30), (40, 50)]


def test_averages_hide_what_concentration_tells():
    month = (2_592_000,) + (0,) * 15
    one_bad = [figure(month, 100_000, 90_000)] + [figure(month, 100, 100)] * 19
    found = concentration(one_bad)
    assert found.over == {1: 1, 4: 1, 24: 1}
    assert found.worst_share == round(100_100 / 101_900, 9)
    assert concentration([NO_TIME] * 3).worst_share is None
    assert concentration([]).elements == 0
    assert concentration([*one_bad, *[NO_TIME] * 20]) == found, (
        "out of service all the time: no station of the period"
    )
