"""A period in which the installation began: what was before is unknown, and a week of it is no quarter; on each database."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from processors.core.periods import CalendarPeriod
from processors.core.verdict import Reason, Result
from processors.reconciling import divergences, over_period
from processors.rules import Rules, load_rules
from processors.verdicts import verdicts
from schemas.figures import Figure
from schemas.registry import Element, Enterprise, Kind, Registry
from schemas.time import LocalCalendar
from stores.ledger import positions
from stores.ledger.closings import CLOSING_FROM, ClosedDay, save_closed
from stores.ledger.figures import FINAL, PROVISIONAL, DayFigure, save_final, save_provisional
from stores.ledger.periods import scope_figures
from stores.ledger.tables import day_figures
from stores.ledger.unwatched import unwatched_in

QUARTER = CalendarPeriod.named("2026-Q3")
LAST = QUARTER.end - timedelta(days=1)
DAYS = 92
CALENDAR = LocalCalendar()
RULES = Rules((load_rules().get("V36-22-D"),))


def registry(**row) -> Registry:
    names = ("A-1", "A-2")
    rows = {name: (Element(name, Kind.STATION, "alpha", **row),) for name in names}
    return Registry({"alpha": Enterprise("alpha", "A")}, {}, rows)


def fill(ledger, last, down=0, *, closed=True):
    """The quarter's last days, closed or all of them open yet, each station down so many seconds of each."""
    first = QUARTER.end - timedelta(days=last)
    pairs = (0,) * 5 + (86_400 - down,) + (0,) * 9 + (down,)
    figure = Figure(86_400 - down, 0, down, 0, 0, 1 if down else 0, down or None, pairs)
    state = FINAL if closed else PROVISIONAL
    with ledger.writing() as connection:
        for n in range(last):
            day = first + timedelta(days=n)
            rows = [
                DayFigure(name, day, "alpha", "station", None, (), figure, 0, 0, 0, 0, [], state, 0, "")
                for name in ("A-1", "A-2")
            ]
            if not closed:
                save_provisional(connection, rows)
                continue
            save_final(connection, rows)
            save_closed(connection, ClosedDay(day, 1, True, 2, 1, 0, "r", "i", {}))
    return first


def judged(ledger, rows=None):
    with ledger.reading() as connection:
        (found,) = verdicts(connection, rows or registry(), RULES, QUARTER)
    return found


@pytest.mark.parametrize(
    ("last", "down", "result", "reason"),
    [
        (92, 0, Result.PASS, None),
        (92, 433, Result.FAIL, None),
        (7, 0, Result.NOT_DECIDABLE, Reason.UNKNOWN_TIME),
        (7, 3600, Result.NOT_DECIDABLE, Reason.UNKNOWN_TIME),
        # However the rest was: so much down time is too much for the whole quarter.
        (7, 43_200, Result.FAIL, None),
        (91, 0, Result.NOT_DECIDABLE, Reason.UNKNOWN_TIME),
    ],
)
def test_days_before_the_first_official_one_are_unknown_time(ledger, last, down, result, reason):
    fill(ledger, last, down)
    found = judged(ledger)
    figure = found.judgement.figure
    assert (found.judgement.result, found.judgement.reason) == (result, reason)
    assert (figure.total, figure.unknown) == (2 * DAYS * 86_400, 2 * (DAYS - last) * 86_400)
    assert (found.elements, found.open_days) == (2, 0)


def test_before_anything_was_closed_the_first_day_with_figures_counts(ledger):
    fill(ledger, 7, closed=False)
    found = judged(ledger)
    assert (found.judgement.result, found.judgement.reason) == (Result.NOT_DECIDABLE, Reason.UNKNOWN_TIME)
    assert found.judgement.figure.unknown == 2 * (DAYS - 7) * 86_400
    assert found.open_days == 2 * 7


def test_where_closing_was_told_to_begin_counts_as_the_first_day(ledger):
    fill(ledger, 92)
    with ledger.writing() as connection:
        positions.save_property(connection, CLOSING_FROM, date(2026, 7, 1).isoformat())
    assert judged(ledger).judgement.result is Result.PASS


@pytest.mark.parametrize("closed", [True, False])
def test_an_element_that_was_registered_late_is_unknown_until_its_first_figure(ledger, closed):
    fill(ledger, 92, closed=closed)
    registered = QUARTER.end - timedelta(days=7)
    with ledger.writing() as connection:
        connection.execute(
            day_figures.delete().where(day_figures.c.element == "A-2", day_figures.c.day < registered)
        )
    found = judged(ledger)
    assert (found.judgement.result, found.judgement.reason) == (Result.NOT_DECIDABLE, Reason.UNKNOWN_TIME)
    assert found.judgement.figure.unknown == (DAYS - 7) * 86_400
    elements = period_sums(ledger, "element", registry())
    unknown = {name: one.figure.unknown for name, one in elements.items()}
    assert unknown == {"A-1": 0, "A-2": (DAYS - 7) * 86_400}
    # Who says since when it is watched says that before it was not to be.
    rows = registry()
    dated = rows.elements | {"A-2": (replace(rows.elements["A-2"][0], valid_from=registered),)}
    assert judged(ledger, replace(rows, elements=dated)).judgement.result is Result.PASS


@pytest.mark.parametrize(("closed", "unknown"), [(True, 0), (False, (DAYS - 1) * 86_400)])
def test_an_element_without_any_figure_counts_only_until_watching_began(ledger, closed, unknown):
    fill(ledger, 92, closed=closed)
    rows = registry()
    # Registered after the period was closed; or silent, while workers read a backlog.
    new = Element("A-3", Kind.STATION, "alpha")
    found = judged(ledger, replace(rows, elements=rows.elements | {"A-3": (new,)}))
    assert (found.judgement.figure.unknown, found.elements) == (unknown, 3 if unknown else 2)


def test_what_was_not_in_service_or_not_in_the_registry_then_is_no_unknown_time(ledger):
    first = fill(ledger, 7)
    midday = CALENDAR.start_of(first - timedelta(days=1)) + 12 * 3_600_000
    for rows, unknown in (
        (registry(commissioned=CALENDAR.start_of(first)), 0),
        (registry(valid_from=first), 0),
        (registry(commissioned=midday), 2 * 43_200),
    ):
        assert judged(ledger, rows).judgement.figure.unknown == unknown


def period_sums(ledger, scope, rows, period=QUARTER, **more):
    with ledger.reading() as connection:
        return over_period(connection, rows, period, scope, **more)


@pytest.mark.parametrize("closed", [True, False])
def test_a_periods_sums_count_it_too_in_every_scope(ledger, closed):
    fill(ledger, 7, 3600, closed=closed)
    rows = registry(unit="U1", technologies=("4G", "5G"))
    week, before = 7 * 86_400, (DAYS - 7) * 86_400
    elements = period_sums(ledger, "element", rows)
    assert set(elements) == {"A-1", "A-2"}
    for one in elements.values():
        figure = one.figure
        assert (figure.total, figure.unknown, figure.down) == (week + before, before, 7 * 3600)
        assert (figure.outages, figure.longest_s, one.elements) == (7, 3600, 1)
        assert figure.ratios()["coverage"] == pytest.approx(7 / DAYS, abs=1e-4)
        assert sum(figure.pairs_s) == figure.total
    for scope, names in (("enterprise", ["alpha"]), ("province", ["province"])):
        found = period_sums(ledger, scope, rows)
        assert list(found) == names
        (one,) = found.values()
        assert (one.figure.total, one.figure.unknown, one.elements) == (2 * DAYS * 86_400, 2 * before, 2)
        assert one.final is closed
    with ledger.reading() as connection:
        ((figure, parts),) = divergences(connection, rows, QUARTER, "enterprise").values()
    assert (figure.figure.unknown, parts.silent_s) == (2 * before, 0)


def test_a_commune_and_a_technology_have_it_where_the_element_was_then(ledger):
    first = fill(ledger, 7)
    moved = registry(unit="U1", technologies=("4G",))
    elements = {
        name: (replace(row, valid_to=first), replace(row, unit="U2", technologies=("5G",), valid_from=first))
        for name, (row,) in moved.elements.items()
    }
    with ledger.reading() as connection:
        lacking = unwatched_in(
            connection, replace(moved, elements=elements), [(QUARTER.first, QUARTER.end)], CALENDAR
        )
        units = scope_figures(connection, "unit", QUARTER.first, LAST, unwatched=lacking)
        technologies = scope_figures(connection, "technology", QUARTER.first, LAST, unwatched=lacking)
    before = 2 * (DAYS - 7) * 86_400
    # The days are stored without a unit and technologies.
    assert {name: (one.figure.unknown, one.elements) for name, one in units.items()} == {"U1": (before, 2)}
    assert {name: (one.figure.unknown, one.elements) for name, one in technologies.items()} == {
        "4G": (before, 2)
    }


def test_an_element_that_was_gone_by_then_counts_with_its_enterprise_and_others_have_nothing(ledger):
    first = fill(ledger, 7)
    gone = Element("A-3", Kind.STATION, "alpha", decommissioned=CALENDAR.start_of(QUARTER.first) + 86_400_000)
    others = (Element("B-1", Kind.STATION, "beta"), Element("L-1", Kind.LINK, "alpha"))
    rows = registry(commissioned=CALENDAR.start_of(first))
    rows = replace(rows, elements=rows.elements | {one.id: (one,) for one in (gone, *others)})
    elements = period_sums(ledger, "element", rows)
    assert set(elements) == {"A-1", "A-2", "A-3"}
    assert (elements["A-3"].figure.unknown, elements["A-3"].figure.total) == (86_400, 86_400)
    enterprises = period_sums(ledger, "enterprise", rows)
    assert {name: (one.figure.unknown, one.elements) for name, one in enterprises.items()} == {
        "alpha": (86_400, 3)
    }
    assert period_sums(ledger, "enterprise", rows, kind=Kind.LINK) == {}
    assert period_sums(ledger, "element", rows, enterprise="beta") == {}


def test_a_period_without_any_figure_has_none_and_a_later_one_lacks_nothing(ledger):
    fill(ledger, 92)
    assert period_sums(ledger, "element", registry(), CalendarPeriod.named("2026-06")) == {}
    september = period_sums(ledger, "element", registry(), CalendarPeriod.named("2026-09"))
    assert {one.figure.unknown for one in september.values()} == {0}
