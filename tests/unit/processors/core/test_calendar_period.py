from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.core.periods import CalendarPeriod, PeriodKind


@pytest.mark.parametrize(
    ("name", "kind", "first", "end"),
    [
        ("2026", PeriodKind.YEAR, date(2026, 1, 1), date(2027, 1, 1)),
        ("2026-Q1", PeriodKind.QUARTER, date(2026, 1, 1), date(2026, 4, 1)),
        ("2026-Q4", PeriodKind.QUARTER, date(2026, 10, 1), date(2027, 1, 1)),
        ("2026-12", PeriodKind.MONTH, date(2026, 12, 1), date(2027, 1, 1)),
        ("2028-02-29", PeriodKind.DAY, date(2028, 2, 29), date(2028, 3, 1)),
    ],
)
def test_a_period_is_named_as_people_name_it(name, kind, first, end):
    period = CalendarPeriod.named(name)
    assert period == CalendarPeriod(kind, first, end)
    assert period.name == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "26",
        "2026-Q0",
        "2026-Q5",
        "2026-1",
        "2026-00",
        "2026-02-30",
        "2026-Q1-01",
        "9999",
        "9999-12-31",
        "２０２６-11",
    ],
)
def test_what_is_no_period_is_an_error(name):
    with pytest.raises(ValueError):
        CalendarPeriod.named(name)


@given(st.integers(1, 9998), st.integers(1, 4))
def test_a_quarter_is_its_three_months(year, quarter):
    period = CalendarPeriod.named(f"{year:04}-Q{quarter}")
    months = list(period.months())
    assert len(months) == 3
    assert [months[0][0], months[-1][1]] == [period.first, period.end]
    assert all(before[1] == after[0] for before, after in pairwise(months))
    assert sum((end - first for first, end in months), timedelta()) == period.end - period.first
