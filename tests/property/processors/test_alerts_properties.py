"""However messages come again, an alert begins once and ends once."""

from hypothesis import given
from hypothesis import strategies as st

from processors.sinks.notify.phases import Condition, Spell, Stand, settle, walk

CHANGES = st.lists(
    st.tuples(st.integers(0, 500), st.sampled_from(list(Condition))),
    max_size=12,
    unique_by=lambda one: one[0],
).map(sorted)


def written(known, changes, clock):
    found = walk(Stand(), changes, clock, 30)
    now = {one.starts_ms: one for one in known}
    news = settle(known, found.spells, clock)
    now.update({one.starts_ms: one for one in news})
    return sorted(now.values(), key=lambda one: one.starts_ms), news


@given(CHANGES, st.integers(500, 600))
def test_the_same_set_again_tells_nothing_new(changes, clock):
    known, _ = written([], changes, clock)
    assert written(known, changes, clock)[1] == []


@given(CHANGES, CHANGES, st.integers(500, 600))
def test_whatever_replaces_a_set_at_most_one_alert_is_firing_and_it_is_the_condition(first, second, clock):
    known, _ = written([], first, clock)
    known, news = written(known, second, clock)
    firing = [one for one in known if one.ends_ms is None]
    assert len(firing) <= 1
    assert bool(firing) == (walk(Stand(), second, clock, 30).stand.phase == "firing")
    assert all(isinstance(one, Spell) for one in news)


@given(CHANGES)
def test_what_never_lasts_never_fires(changes):
    spells = walk(Stand(), changes, 501, 1_000).spells
    assert spells == ()
