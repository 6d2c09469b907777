"""Declared against measured, and communes in the dark, from the ledger's days; on each database."""

from datetime import date, timedelta
from itertools import pairwise

import pytest

from processors.core.declared_against_measured import FindingKind, divergence
from processors.core.periods import CalendarPeriod
from processors.reconciling import dark_units, day_findings, over_period
from schemas.figures import Figure
from schemas.registry import Element, Enterprise, Kind, Registry, Unit
from stores.ledger.figures import DayFigure, save_final
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


def test_the_tables_of_scopes_are_sums_of_their_elements(filled):
    elements = over_period(filled, MONTH, "element")
    for scope, count in (("enterprise", 2), ("unit", 2), ("province", 1)):
        found = over_period(filled, MONTH, scope)
        assert len(found) == count
        for part in ("both_s", "undeclared_s", "over_declared_s", "silent_s"):
            total = sum(getattr(divergence(one.figure), part) for one in found.values())
            assert total == sum(getattr(divergence(one.figure), part) for one in elements.values())
    assert list(over_period(filled, MONTH, "enterprise", enterprise="beta")) == ["beta"]


def test_findings_name_the_figures_that_they_rest_on(filled):
    found = [(one.kind, one.figure, one.seconds) for one in day_findings(filled, MONTH)]
    assert found == [
        (FindingKind.UNDECLARED_OUTAGE, "A-1@2026-09-01", 7200),
        (FindingKind.UNDECLARED_OUTAGE, "B-1@2026-09-01", 901),
    ]
    assert len(list(day_findings(filled, MONTH, 899))) == 3
    assert [one.element for one in day_findings(filled, MONTH, enterprise="beta")] == ["B-1"]


def test_a_commune_is_dark_only_while_all_of_its_stations_are_over_midnight_too(filled, registry):
    found = [(one.unit, one.stations, one.from_ms, one.to_ms) for one in dark_units(filled, registry, MONTH)]
    assert found == [
        ("U1", 2, 22 * 3_600_000, 25 * 3_600_000),
        ("U2", 1, 3_600_000, 3 * 3_600_000),
    ]


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
