from datetime import date

from prometheus_client import generate_latest

from btswatch.parts.closing import count, progress_line
from processors.closing import Progress
from schemas.metrics import CLOSING_DIFFERENCES


def test_what_the_closing_process_tells_is_counted_where_a_scraper_reads():
    before = CLOSING_DIFFERENCES.counter()._value.get()
    count(progress_line(Progress(date(2026, 11, 3), 1, 2, 4.5, 3)).encode())
    assert CLOSING_DIFFERENCES.counter()._value.get() == before + 3
    assert f"btswatch_closing_day {float(date(2026, 11, 3).toordinal())}" in generate_latest().decode()
