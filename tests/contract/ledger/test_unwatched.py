"""A period in which the installation began: what was before is unknown, and a week of it is no quarter; on each database."""

from datetime import date, timedelta

import pytest

from processors.closing import CLOSING_FROM
from processors.core.periods import CalendarPeriod
from processors.core.verdict import Reason, Result
from processors.rules import Rules, load_rules
from processors.verdicts import verdicts
from schemas.figures import Figure
from schemas.registry import Element, Enterprise, Kind, Registry
from schemas.time import LocalCalendar
from stores.ledger import positions
from stores.ledger.closings import ClosedDay, save_closed
from stores.ledger.figures import FINAL, PROVISIONAL, DayFigure, save_final, save_provisional

QUARTER = CalendarPeriod.named("2026-Q3")
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


def test_what_was_not_in_service_or_not_in_the_registry_then_is_no_unknown_time(ledger):
    first = fill(ledger, 7)
    midday = CALENDAR.start_of(first - timedelta(days=1)) + 12 * 3_600_000
    for rows, unknown in (
        (registry(commissioned=CALENDAR.start_of(first)), 0),
        (registry(valid_from=first), 0),
        (registry(commissioned=midday), 2 * 43_200),
    ):
        assert judged(ledger, rows).judgement.figure.unknown == unknown
