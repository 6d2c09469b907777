from dataclasses import replace
from datetime import date, timedelta

from btswatch.parts.gateway import LedgerFigures
from schemas.figures import Figure
from schemas.time import LocalCalendar
from stores.ledger.figures import PROVISIONAL, DayFigure, save_provisional
from stores.ledger.objections import Adjustment, save_adjustments

DAY = date(2026, 11, 2)
CALENDAR = LocalCalendar()


def row(element, day, enterprise="E1"):
    start = CALENDAR.start_of(day)
    figure = Figure(
        80_000, 0, 6_400, 0, 0, 1, 6_400, (0, 0, 0, 0, 80_000, 0, 0, 0, 0, 0, 0, 0, 6_400, 0, 0, 0)
    )
    runs = [[start, start + 80_000_000, 1], [start + 80_000_000, start + 86_400_000, 3]]
    return DayFigure(
        element,
        day,
        enterprise,
        "station",
        "U1",
        ("4G",),
        figure,
        0,
        6_400,
        start,
        start + 86_400_000,
        runs,
        PROVISIONAL,
        start + 86_400_000,
        "sha256:" + "a" * 64,
    )


def test_an_enterprise_reads_its_own_figures_by_element_and_day(ledger):
    rows = [row(name, DAY + timedelta(n)) for name in ("b-2", "B-1", "a") for n in range(3)]
    foreign = replace(row("c", DAY), enterprise="E2")
    with ledger.writing() as connection:
        save_provisional(connection, [*reversed(rows), foreign])
    reader = LedgerFigures(ledger, CALENDAR)
    found = reader.figures("E1", first=DAY, until=DAY + timedelta(2), element=None)
    assert [(one.figure.id, one.figure.from_.date()) for one in found] == [
        (name, DAY + timedelta(n)) for name in ("B-1", "a", "b-2") for n in range(2)
    ]
    assert found[0].figure.seconds.down == 6_400
    assert reader.figures("E2", first=DAY, until=DAY + timedelta(9), element="a") == []
    assert len(reader.figures("E1", first=DAY, until=DAY + timedelta(9), element="a")) == 3


def test_an_adjusted_day_shows_before_and_after(ledger):
    with ledger.writing() as connection:
        save_provisional(connection, [row("a", DAY), row("a", DAY + timedelta(1)), row("b", DAY)])
        save_adjustments(
            connection,
            [Adjustment(DAY, "a", 7, 0, 0, -600, 600, 0), Adjustment(DAY, "a", 9, 400, 0, -400, 0, 0)],
        )
    found = LedgerFigures(ledger, CALENDAR).figures("E1", first=DAY, until=DAY + timedelta(2), element=None)
    first, *others = found
    assert (first.figure.seconds.down, first.adjusted.seconds.down) == (6_400, 5_400)
    assert (first.adjusted.objections, first.adjusted.seconds.total) == ([7, 9], 86_400)
    assert first.adjusted.ratios.A > first.figure.ratios.A
    assert [one.adjusted for one in others] == [None, None]
