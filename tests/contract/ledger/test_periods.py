import random
from datetime import date, timedelta

import numpy as np
import pytest

from processors.core.conventions import Conventions, Grid
from processors.core.element_day import ElementDay
from processors.core.figures import figure_of
from processors.core.reading import DayReading
from processors.core.tally import NOTHING, concatenate
from processors.results import Basis, day_figure
from schemas.figures import total_of
from schemas.registry import Element, Kind
from schemas.status import Reading
from stores.ledger.figures import (
    FINAL,
    PROVISIONAL,
    figures_of_day,
    figures_of_element,
    figures_of_enterprise,
    save_final,
    save_provisional,
)
from stores.ledger.periods import element_figures, scope_figures

GRID = Grid(Conventions(grid_s=3600))
FIRST = date(2026, 11, 1)


def element_day(row, day, effective, counted=None):
    first, end = GRID.span(day)
    values = np.array(effective, dtype=np.int8)
    tracks = np.where(values == Reading.PLANNED, Reading.DOWN, values).astype(np.int8)
    return ElementDay(GRID, day, row, DayReading(first, tracks, tracks, values), counted or (first, end))


def month(dice):
    """Random days of a few elements, long outages over several midnights among them."""
    rows = [
        Element(
            f"S{n}",
            Kind.STATION if n else Kind.LINK,
            f"E{n % 2}",
            unit=f"U{n % 3}",
            technologies=("4G", "5G")[: 1 + n % 2],
        )
        for n in range(6)
    ]
    return {
        row: [
            element_day(
                row,
                FIRST.toordinal() + offset,
                [3] * 24 if dice.random() < 0.3 else dice.choices([0, 1, 2, 3, 4], [1, 4, 1, 4, 1], k=24),
            )
            for offset in range(8)
        ]
        for row in rows
    }


def save(ledger, days):
    basis = Basis(PROVISIONAL, 0, "")
    rows = [day_figure(read, row, read.tally, basis) for row, reads in days.items() for read in reads]
    with ledger.writing() as connection:
        save_provisional(connection, rows)
    return rows


def expected(reads):
    tally = NOTHING
    for read in reads:
        tally = concatenate(tally, read.tally)
    return figure_of(tally, 3600)


@pytest.mark.parametrize("seed", range(5))
def test_stored_days_add_up_to_the_concatenation_of_their_slots(ledger, seed):
    days = month(random.Random(seed))
    save(ledger, days)
    with ledger.reading() as connection:
        found = element_figures(connection, FIRST, FIRST + timedelta(days=7), unwatched=())
        provinces = scope_figures(connection, "province", FIRST, FIRST + timedelta(days=7), unwatched=())
        technologies = scope_figures(connection, "technology", FIRST, FIRST + timedelta(days=7), unwatched=())
        units = scope_figures(connection, "unit", FIRST, FIRST + timedelta(days=7), unwatched=())
    assert {name: one.figure for name, one in found.items()} == {
        row.id: expected(reads) for row, reads in days.items()
    }
    stations = {row: expected(reads) for row, reads in days.items() if row.kind is Kind.STATION}
    assert provinces["province"].figure == total_of(stations.values())
    assert provinces["province"].elements == 5
    assert technologies["5G"].figure == total_of(f for row, f in stations.items() if "5G" in row.technologies)
    assert units["U1"].figure == total_of(f for row, f in stations.items() if row.unit == "U1")


def test_an_outage_that_ends_with_the_service_life_does_not_join_the_next_day(ledger):
    row = Element("S", Kind.STATION, "E")
    number = FIRST.toordinal()
    first, end = GRID.span(number)
    reads = [element_day(row, number, [3] * 24, (first, end - 1)), element_day(row, number + 1, [3] * 24)]
    save(ledger, {row: reads})
    with ledger.reading() as connection:
        figure = element_figures(connection, FIRST, FIRST + timedelta(days=1), unwatched=())["S"].figure
    assert (figure.outages, figure.longest_s) == (2, 24 * 3600)


def test_a_final_figure_is_not_overwritten_by_a_provisional_one(ledger):
    row = Element("S", Kind.STATION, "E")
    read = element_day(row, FIRST.toordinal(), [1] * 24)
    other = element_day(row, FIRST.toordinal(), [3] * 24)
    with ledger.writing() as connection:
        save_provisional(connection, [day_figure(other, row, other.tally, Basis(PROVISIONAL, 0, ""))])
        save_final(connection, [day_figure(read, row, read.tally, Basis(FINAL, 0, "", 1))])
        save_provisional(connection, [day_figure(other, row, other.tally, Basis(PROVISIONAL, 5, ""))])
        (stored,) = figures_of_day(connection, FIRST)
    assert (stored.state, stored.figure.down, stored.revision) == (FINAL, 0, 2)


def test_a_figure_is_read_back_as_it_was_written(ledger):
    days = month(random.Random(1))
    rows = save(ledger, days)
    with ledger.reading() as connection:
        found = [
            one
            for row in days
            for one in figures_of_element(connection, row.id, FIRST, FIRST + timedelta(days=7))
        ]
    assert found == rows


def test_pages_of_an_enterprise_follow_each_other_without_a_gap(ledger):
    rows = save(ledger, month(random.Random(2)))
    wanted = sorted((one.element, one.day) for one in rows if one.enterprise == "E1")
    got, after = [], None
    with ledger.reading() as connection:
        while page := list(
            figures_of_enterprise(connection, "E1", FIRST, FIRST + timedelta(days=7), after, 7)
        ):
            got += [(one.element, one.day) for one in page]
            after = got[-1]
    assert got == wanted


def test_an_unknown_scope_is_refused(ledger):
    with ledger.reading() as connection, pytest.raises(ValueError, match="no scope"):
        scope_figures(connection, "planet", FIRST, FIRST, unwatched=())


@pytest.mark.parametrize(("scope", "owners"), [("enterprise", ("E0", "E1")), ("unit", ("U0", "U1"))])
def test_an_outage_over_the_midnight_of_a_change_of_owner_is_one_of_each(ledger, scope, owners):
    days = {}
    for number, owner in enumerate(owners):
        of = {"enterprise": "E", "unit": "U"} | {scope: owner}
        row = Element("S", Kind.STATION, of["enterprise"], unit=of["unit"])
        slots = [1] * 20 + [3] * 4 if number == 0 else [3] * 6 + [1] * 18
        days[row] = [element_day(row, FIRST.toordinal() + number, slots)]
    save(ledger, days)
    with ledger.reading() as connection:
        found = scope_figures(connection, scope, FIRST, FIRST + timedelta(days=1), unwatched=())
        province = scope_figures(connection, "province", FIRST, FIRST + timedelta(days=1), unwatched=())
    assert {name: (one.figure.outages, one.figure.longest_s) for name, one in found.items()} == {
        owners[0]: (1, 4 * 3600),
        owners[1]: (1, 6 * 3600),
    }
    figure = province["province"].figure
    assert (figure.outages, figure.longest_s) == (1, 10 * 3600)
