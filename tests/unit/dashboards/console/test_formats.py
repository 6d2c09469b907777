import pytest

from dashboards.console import formats
from dashboards.console.texts import Language

EN, VI = Language.EN, Language.VI


@pytest.mark.parametrize(
    ("ratio", "shown"),
    [
        (1.0, "100.00 %"),
        (0.999999999, "99.99 %"),
        (0.994996, "99.49 %"),
        (0.29, "29.00 %"),
        (0.0, "0.00 %"),
        (None, "–"),
    ],
)
def test_a_percentage_is_cut_and_never_rounded_up(ratio, shown):
    assert formats.percent(ratio, EN) == shown


def test_vietnamese_writes_a_decimal_comma_and_points_for_thousands():
    assert formats.percent(0.9987, VI) == "99,87 %"
    assert formats.count(1234567, VI) == "1.234.567"
    assert formats.count(1234567, EN) == "1,234,567"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0 s"), (59, "59 s"), (61, "1 min 01 s"), (3_661, "1 h 01 min"), (90_000, "1 d 1 h"), (None, "–")],
)
def test_a_span_shows_its_two_greatest_units(seconds, shown):
    assert formats.span(seconds, EN) == shown


def test_instants_are_shown_in_local_time_with_the_date_where_it_is_another_day():
    evening = 1_762_966_799_250  # 2025-11-12T16:59:59.250Z is 23:59:59 in Vietnam
    assert formats.clock(evening) == "23:59:59"
    assert formats.moment(evening, VI) == "12/11/2025 23:59:59"
    assert formats.exact(evening) == "2025-11-12T23:59:59.250+07:00"
    assert formats.short_moment(evening, evening) == "23:59"
    assert formats.short_moment(evening, evening + 1_000) == "12/11 23:59"
