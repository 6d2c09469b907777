"""Declared against measured, and communes in the dark, from the ledger's days; on each database."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest

from processors.core.declared_against_measured import FindingKind, divergence
from processors.core.late_declarations import LateDeclared
from processors.core.periods import CalendarPeriod
from processors.reconciling import dark_units, day_findings, divergences, over_period
from processors.sinks.influx.sums import dark_values
from processors.told import Word
from processors.word_of_a_day import restate_word
from schemas.figures import NO_TIME, Figure
from schemas.registry import Element, Enterprise, Kind, Registry, Unit
from stores.ledger.closings import ClosedDay, save_closed
from stores.ledger.enterprise_word import (
    NOTED,
    DifferingRow,
    FeedRow,
    LateRow,
    feeds_between,
    late_on,
    save_feeds,
    save_of_elements,
    told_into,
)
from stores.ledger.figures import DayFigure, figures_of_day, save_final, save_provisional
from stores.ledger.worst import worst_days

FIRST = date(2026, 9, 1)
MONTH = CalendarPeriod.named("2026-09")
DAY = 86_400_000


def at(number):
    return FIRST + timedelta(days=number)


def figure(element, number, outages=(), undeclared=0, owner="alpha", unit="U1") -> DayFigure:
    """A day that is up but for the outages `(from_h, to_h)`."""
    start = number * DAY
    edges = [start + int(hour * 3_600_000) for pair in outages for hour in pair]
    edges = [start, *edges, start + DAY]
    runs = [[a, b, 3 if n % 2 else 1] for n, (a, b) in enumerate(pairwise(edges)) if a < b]
    down = sum(b - a for a, b, reading in runs if reading == 3) // 1000
    pairs = [0] * 16
    pairs[5], pairs[4 * 3 + 1], pairs[15] = 86_400 - down, undeclared, down - undeclared
    counted = Figure(86_400 - down, 0, down, 0, 0, len(outages), down or None, tuple(pairs))
    head = down if runs[0][2] == 3 else 0
    tail = (runs[-1][1] - runs[-1][0]) // 1000 if runs[-1][2] == 3 else 0
    return DayFigure(
        element,
        at(number),
        owner,
        "station",
        unit,
        (),
        counted,
        head,
        tail,
        start,
        start + DAY,
        runs,
        "final",
        0,
        "",
    )


@pytest.fixture
def registry():
    return Registry(
        {"alpha": Enterprise("alpha", "A"), "beta": Enterprise("beta", "B")},
        {"U1": (Unit("U1", "One", "One", "commune"),), "U2": (Unit("U2", "Two", "Two", "commune"),)},
        {name: (Element(name, Kind.STATION, "alpha"),) for name in ("A-1", "A-2", "B-1")},
    )


@pytest.fixture
def filled(ledger):
    with ledger.writing() as connection:
        save_final(
            connection,
            [
                figure("A-1", 0, [(20, 24)], undeclared=7200),
                figure("A-1", 1, [(0, 2)]),
                figure("A-2", 0, [(22, 24)], undeclared=900),
                figure("A-2", 1, [(0, 1)]),
                figure("B-1", 0, [(1, 3)], undeclared=901, owner="beta", unit="U2"),
            ],
        )
    with ledger.reading() as connection:
        yield connection


def test_the_tables_of_scopes_are_sums_of_their_elements(filled, registry):
    elements = over_period(filled, registry, MONTH, "element")
    for scope, count in (("enterprise", 2), ("unit", 2), ("province", 1)):
        found = over_period(filled, registry, MONTH, scope)
        assert len(found) == count
        for part in ("both_s", "undeclared_s", "over_declared_s", "silent_s"):
            total = sum(getattr(divergence(one.figure), part) for one in found.values())
            assert total == sum(getattr(divergence(one.figure), part) for one in elements.values())
    assert list(over_period(filled, registry, MONTH, "enterprise", enterprise="beta")) == ["beta"]


@pytest.mark.parametrize("scope", ["enterprise", "unit", "province"])
def test_the_table_of_an_enterprise_has_nothing_of_others_in_any_scope(ledger, filled, registry, scope):
    with ledger.writing() as connection:
        save_final(connection, [figure("B-2", 0, [(5, 6)], undeclared=300, owner="beta", unit="U1")])
        save_of_elements(connection, at(0), ["B-2"], [LateRow(at(0), "B-2", "beta", 60, 900, None)], [])
    own = over_period(filled, registry, MONTH, "element", enterprise="beta")
    assert sorted(own) == ["B-1", "B-2"]
    found = divergences(filled, registry, MONTH, scope, enterprise="beta").values()
    assert sum(one.figure.total for one, _ in found) == sum(one.figure.total for one in own.values())
    assert sum(parts.undeclared_s for _, parts in found) == 1201
    assert sum(parts.late_s for _, parts in found) == 60
    assert sum(parts.declared_s for _, parts in found) == 2 * 86_400


def test_findings_name_the_figures_that_they_rest_on(filled):
    found = [(one.kind, one.figure, one.seconds) for one in day_findings(filled, MONTH)]
    assert found == [
        (FindingKind.UNDECLARED_OUTAGE, "A-1@2026-09-01", 7200),
        (FindingKind.UNDECLARED_OUTAGE, "B-1@2026-09-01", 901),
    ]
    assert len(list(day_findings(filled, MONTH, 899))) == 3
    assert [one.element for one in day_findings(filled, MONTH, enterprise="beta")] == ["B-1"]


@pytest.fixture
def with_word(ledger, filled):
    with ledger.writing() as connection:
        late = [
            LateRow(at(0), "A-1", "alpha", 1200, 5000, None),
            LateRow(at(1), "A-1", "alpha", 600, 4000, 7),
            LateRow(at(0), "B-1", "beta", 0, 0, 99),
        ]
        differing = [
            DifferingRow(at(0), "A-2", 79_200_000, "alpha", 86_400_000, 950, "power", "fault;manual")
        ]
        for day in (at(0), at(1)):
            save_of_elements(
                connection,
                day,
                ["A-1", "A-2", "B-1"],
                [one for one in late if one.day == day],
                [one for one in differing if one.day == day],
            )
    with ledger.reading() as connection:
        yield connection


def test_late_time_counts_in_the_score_of_every_grouping_and_their_sums_agree(with_word, registry):
    elements = divergences(with_word, registry, MONTH, "element")
    assert {name: parts.late_s for name, (_, parts) in elements.items()} == {"A-1": 1800, "A-2": 0, "B-1": 0}
    for scope in ("enterprise", "unit", "province"):
        found = [parts for _, parts in divergences(with_word, registry, MONTH, scope).values()]
        for name in ("late_s", "declared_s", "both_s", "undeclared_s"):
            total = sum(getattr(parts, name) for _, parts in elements.values())
            assert sum(getattr(parts, name) for parts in found) == total
    _, alpha = divergences(with_word, registry, MONTH, "enterprise")["alpha"]
    assert alpha.declared_s == 4 * 86_400
    assert alpha.score == round((1 - 8100 / (4 * 86_400)) * (1 - 1800 / (4 * 86_400)), 9)
    assert list(divergences(with_word, registry, MONTH, "enterprise", enterprise="beta")) == ["beta"]
    assert divergences(with_word, registry, MONTH, "enterprise", Kind.LINK) == {}
    day = CalendarPeriod.named("2026-09-02")
    assert divergences(with_word, registry, day, "enterprise")["alpha"][1].late_s == 600


def test_findings_of_closing_stand_beside_those_of_the_table(with_word):
    found = list(day_findings(with_word, MONTH))
    assert [(one.kind.value, one.figure) for one in found] == [
        ("late_declaration", "A-1@2026-09-01"),
        ("undeclared_outage", "A-1@2026-09-01"),
        ("differing_cause", "A-2@2026-09-01"),
        ("undeclared_outage", "B-1@2026-09-01"),
    ]
    late, cause = found[0], found[2]
    assert (late.seconds, late.longest_s) == (1200, 5000)
    assert (cause.seconds, cause.measured, cause.declared) == (950, "power", "fault;manual")
    only = [FindingKind.DIFFERING_CAUSE]
    assert list(day_findings(with_word, MONTH, kinds=only)) == [cause]
    assert list(day_findings(with_word, MONTH, 950, kinds=only)) == []
    assert len(list(day_findings(with_word, MONTH, 500, kinds=[FindingKind.LATE_DECLARATION]))) == 2


def test_what_was_written_before_is_replaced_and_goes_on_only_after_a_closing_that_looked(ledger, with_word):
    with ledger.writing() as connection:
        save_of_elements(connection, at(0), ["A-1"], [], [])
        save_feeds(connection, [FeedRow(at(1), "alpha", 300, 86_400, 60, 1, 60, 5, False)])
        closed = ClosedDay(at(1), 0, True, 3, 0, 0, "", "", {})
        save_closed(connection, closed)
        assert told_into(connection, at(2)) is None
        save_closed(connection, replace(closed, notes={NOTED: 1}))
        assert told_into(connection, at(2)) == ({"A-1": ("alpha", 7)}, {"alpha": 5})
        assert told_into(connection, at(3)) is None
    with ledger.reading() as connection:
        assert late_on(connection, at(0)) == []
        assert [one.silent_s for one in feeds_between(connection, FIRST, at(9), ["alpha"])] == [60]


def test_a_restated_day_changes_nothing_of_what_goes_on_into_the_next(ledger, with_word):
    late = LateDeclared(late_s=3000, longest_s=9000, received_ms=123)
    with ledger.writing() as connection:
        restate_word(connection, at(1), Word("A-1", "alpha", late, ()))
        restate_word(connection, at(1), Word("A-2", "alpha", late, ()))
    with ledger.reading() as connection:
        assert late_on(connection, at(1)) == [
            LateRow(at(1), "A-1", "alpha", 3000, 9000, 7),
            LateRow(at(1), "A-2", "alpha", 3000, 9000, None),
        ]


def test_a_commune_is_dark_only_while_all_of_its_stations_are_over_midnight_too(filled, registry):
    found = [(one.unit, one.stations, one.from_ms, one.to_ms) for one in dark_units(filled, registry, MONTH)]
    assert found == [
        ("U1", 2, 22 * 3_600_000, 25 * 3_600_000),
        ("U2", 1, 3_600_000, 3 * 3_600_000),
    ]


@pytest.mark.parametrize(
    ("hours", "state", "expected"),
    [
        ((6, 24), "final", (1, 3)),  # it begins at six: nobody served before
        ((2, 24), "final", (1, 2)),
        ((0, 2), "final", (2, 3)),  # it ends at two
        ((0, 2), "provisional", None),  # its figure is only older than the others'
    ],
)
def test_a_station_in_service_for_a_part_of_the_day_serves_in_that_part(
    ledger, filled, registry, hours, state, expected
):
    start, end = (hour * 3_600_000 for hour in hours)
    up = (end - start) // 1000
    part = replace(
        figure("B-2", 0, owner="beta", unit="U2"),
        figure=Figure(up, 0, 0, 0, 0, 0, None, (0,) * 5 + (up,) + (0,) * 10),
        from_ms=start,
        to_ms=end,
        runs=[[start, end, 1]],
        state=state,
    )
    with ledger.writing() as connection:
        (save_final if state == "final" else save_provisional)(connection, [part])
    with ledger.reading() as connection:
        found = [
            (one.from_ms // 3_600_000, one.to_ms // 3_600_000)
            for one in dark_units(connection, registry, MONTH)
            if one.unit == "U2"
        ]
    assert found == ([expected] if expected else [])


def test_a_station_out_of_service_hides_no_dark_commune(ledger, filled, registry):
    """It has a figure of no time on each day that the registry still has it on."""
    gone = replace(figure("A-9", 0), figure=NO_TIME, from_ms=0, to_ms=0, runs=[])
    before = list(dark_units(filled, registry, MONTH))
    with ledger.writing() as connection:
        save_final(connection, [replace(gone, day=at(number)) for number in range(3)])
    with ledger.reading() as connection:
        assert list(dark_units(connection, registry, MONTH)) == before
        assert dict(dark_values(figures_of_day(connection, at(0))))["U1"]["stations"] == 2


def test_of_an_enterprise_communes_are_dark_without_any_of_its_own(filled, registry):
    assert [one.unit for one in dark_units(filled, registry, MONTH, "beta")] == ["U2"]


def test_days_come_by_their_down_time(filled):
    found = worst_days(filled, MONTH.first, MONTH.end, 2)
    assert [(one.element, one.down_s, one.undeclared_s) for one in found] == [
        ("A-1", 14_400, 7200),
        ("A-2", 7200, 900),
    ]
    assert [one.element for one in worst_days(filled, MONTH.first, MONTH.end, 9, enterprise="beta")] == [
        "B-1"
    ]
    assert worst_days(filled, MONTH.first, MONTH.end, 9, element="X") == []
