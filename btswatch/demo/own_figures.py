"""What the simulated enterprises report of their own quality: the quarter before the demonstration began."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any, Final

from processors.core.periods import CalendarPeriod
from schemas.events import SUBMITTED, Submitted
from schemas.time import LocalCalendar, format_ms

# Indicator, its denominator, mean share.
_TOLD: Final = (
    ("help_desk_answered", 12_000, 0.87),
    ("complaints_answered", 180, 1.0),
    ("dropped_calls", 2_500_000, 0.006),
    ("call_setup_failure", 2_600_000, 0.009),
)
# Of the quarter, fixed broadband is out of service at most for this part: about as often too long as not.
_DOWN: Final = 0.01


def own_figures(enterprise: str, unit: str, seed: int, live_from: int) -> Iterator[Submitted]:
    """Its measurements; the same events whenever they are asked for.

    Args:
        enterprise: that reports.
        unit: the area's code.
        seed: of the demonstration.
        live_from: when it began (ms): the events' own time.
    """
    calendar = LocalCalendar()
    quarter = _quarter_before(calendar, live_from)
    chance = Random(f"own figures {seed} {enterprise}")
    start, end = calendar.start_of(quarter.first), calendar.start_of(quarter.end)
    told: list[dict[str, Any]] = []
    for indicator, of, share in _TOLD:
        counted = round(of * chance.uniform(0.8, 1.2))
        numerator = round(counted * min(1.0, share * chance.uniform(0.9, 1.1)))
        told.append(
            {
                "service": "mobile_voice",
                "indicator": indicator,
                "numerator": numerator,
                "denominator": counted,
            }
        )
    seconds = (end - start) // 1000
    told.append(
        {
            "service": "fixed_broadband",
            "indicator": "service_availability",
            "counted_in": "seconds",
            "numerator": seconds - round(seconds * chance.uniform(0, _DOWN)),
            "denominator": seconds,
        }
    )
    for one in told:
        yield SUBMITTED.validate_python(
            {
                "specversion": "1.0",
                "type": "btswatch.measurement.v1",
                "id": f"{quarter.name}-{one['indicator']}",
                "source": f"{enterprise}/quality",
                "subject": enterprise,
                "time": format_ms(live_from),
                "data": {
                    **one,
                    "unit": unit,
                    "period": {"from": calendar.format(start), "to": calendar.format(end)},
                },
            }
        )


def _quarter_before(calendar: LocalCalendar, at_ms: int) -> CalendarPeriod:
    day = calendar.day_of(at_ms)
    before = day.replace(month=3 * ((day.month - 1) // 3) + 1, day=1) - timedelta(days=1)
    return CalendarPeriod.named(f"{before.year:04}-Q{(before.month + 2) // 3}")
