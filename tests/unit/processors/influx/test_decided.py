"""Fields of decisions about closed days: what was first closed is always what counts without what was moved."""

from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from processors.sinks.influx.decided import Counted, changed_values, decision_values
from schemas.figures import Figure
from schemas.influx import MEASUREMENT
from schemas.influx.decisions import BEFORE, CHANGED, MOVED, STATES
from stores.ledger.decisions import Decided
from stores.ledger.figures import DayFigure
from stores.ledger.objections import UPHELD, Adjustment, Objection
from stores.ledger.restatements import Restatement
from stores.ledger.tables import RECONCILIATION

DAY = date(2026, 11, 2)
START, END = 1_793_552_400_000, 1_793_638_800_000
CELLS = (0,) * 16


def figure(up, degraded, down, planned, unknown):
    return Figure(up, degraded, down, planned, unknown, 0, None, CELLS)


def row(found):
    return DayFigure(
        "S1", DAY, "E1", "station", "U1", (), found, 0, 0, START, END, [], "final", END, "sha256:1"
    )


def objection(number, moved, claim="planned", from_ms=START, to_ms=END):
    told = Objection(number, "E1", "S1", from_ms, to_ms, claim, "a letter", 1, "x", UPHELD, 10 + number)
    return told, Adjustment(DAY, "S1", number, *moved)


def restated(number, before):
    names = {f"{name}_s": getattr(before, name) for name in STATES} if before else {}
    cells = dict.fromkeys(RECONCILIATION, 0) | {"outages": 0, "longest_s": 0}
    return Restatement(number, DAY, "S1", number, "x", "a log", names | cells if before else None, {})


SECONDS = st.tuples(*[st.integers(0, 86_400)] * 5)


def moves():
    """Seconds by state that add up to 0."""
    return st.tuples(*[st.integers(-9, 9)] * 4).map(lambda four: (*four, -sum(four)))


@st.composite
def counted(draw):
    rulings = [objection(number, draw(moves())) for number in range(1, draw(st.integers(0, 3)) + 1)]
    before = [restated(number, figure(*draw(SECONDS))) for number in range(1, draw(st.integers(0, 2)) + 1)]
    decided = Decided(tuple(before), tuple(one for one, _ in rulings), tuple(moved for _, moved in rulings))
    return Counted(row(figure(*draw(SECONDS))), decided)


@given(st.lists(counted(), max_size=4))
def test_what_counts_without_what_was_moved_is_what_was_first_closed(found):
    values = changed_values(found)
    changed = [one for one in found if one.decided.adjustments or one.decided.restatements]
    if not changed:
        assert values == {}
        return
    for name, moved in zip(STATES, MOVED, strict=True):
        first = sum(getattr(one.decided.first_closed(one.official.figure), name) for one in found)
        assert sum(getattr(one.figure, name) for one in found) - values[moved] == first
    assert values.get("adjusted_days", 0) == sum(bool(one.decided.adjustments) for one in found)
    assert values.get("restated_days", 0) == sum(bool(one.decided.restatements) for one in found)
    assert values.keys() <= {field.name for field in CHANGED}
    assert 0 not in (values.get("adjusted_days"), values.get("restated_days"))


@given(counted())
def test_each_kind_of_decision_tells_of_the_figure_before_and_after_it_alone(one):
    told = dict(decision_values(one))
    after, official = one.figure, one.official.figure
    assert told.keys() == {
        name
        for name, there in (("restatement", one.decided.restatements), ("objection", one.decided.adjustments))
        if there
    }
    pairs = {
        "restatement": (one.decided.first_closed(official), official),
        "objection": (official, after),
    }
    for by, values in told.items():
        before, now = pairs[by]
        assert [values[name] for name in BEFORE] == [getattr(before, name) for name in STATES]
        assert [values[f"{name}_s"] for name in STATES] == [getattr(now, name) for name in STATES]
        assert values["availability"] == now.ratios()["A"]
        assert values["before_availability"] == before.ratios()["A"]
        assert values.keys() == {field.name for field in MEASUREMENT["decision"].fields}


def test_an_interval_over_midnight_is_told_within_the_day():
    one, moved = objection(1, (0, 0, -60, 60, 0), from_ms=START - 5, to_ms=START + 60_000)
    other, more = objection(4, (0, 0, -5, 0, 5), "unknown", START + 90_000, END + 5)
    ((by, values),) = decision_values(
        Counted(row(figure(0, 0, 86_400, 0, 0)), Decided((), (one, other), (moved, more)))
    )
    assert by == "objection"
    assert (values["from_ms"], values["to_ms"]) == (START, END)
    assert (values["numbers"], values["claim"], values["decided_ms"]) == ("1, 4", "planned, unknown", 14)


def test_a_day_without_decisions_is_as_it_is():
    official = row(figure(1, 2, 3, 4, 5))
    assert Counted(official).figure == official.figure
    assert list(decision_values(Counted(official))) == []
    assert changed_values([Counted(official), Counted(replace(official, element="S2"))]) == {}
