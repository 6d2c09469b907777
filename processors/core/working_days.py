"""Working days (ngày làm việc): Monday to Friday, less public holidays, with the days that the government moves."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

_SATURDAY: Final = 5


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """Which days are worked.

    Args:
        off: public holidays.
        worked: days off in other weeks that are worked in exchange (làm bù).
        moved: what the government decided later, before everything else: True for a working day.
    """

    off: frozenset[date] = frozenset()
    worked: frozenset[date] = frozenset()
    moved: Mapping[date, bool] = field(default_factory=dict)

    def is_working(self, day: date) -> bool:
        """Whether offices work on the day."""
        if day in self.moved:
            return self.moved[day]
        return day in self.worked or (day.weekday() < _SATURDAY and day not in self.off)

    def on_or_after(self, day: date) -> date:
        """The day, or the next working one: where a time limit ends on a day off (Civil Code 2015, Art. 148 §5)."""
        while not self.is_working(day):
            day += timedelta(days=1)
        return day

    def after(self, day: date, count: int) -> date:
        """The last day of a time limit of so many working days; the day itself is not counted (Art. 147 §2)."""
        while count:
            day += timedelta(days=1)
            count -= self.is_working(day)
        return day
