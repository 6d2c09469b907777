"""The Vietnamese working calendar: the library's public holidays, and a dated file of what the government moved."""

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Literal

import holidays
import yaml
from pydantic import Field, ValidationError

from processors.core.working_days import WorkingCalendar
from schemas.base import Contract
from schemas.yaml_text import load_yaml


class MovedDay(Contract):
    """A day that the government moved. Vietnamese: hoán đổi ngày làm việc."""

    day: date
    work: Literal["working", "off"]
    basis: Annotated[str, Field(min_length=1, max_length=300)]


class MovedDays(Contract):
    """The file of moved days."""

    days: list[MovedDay] = Field(default_factory=list)


class WorkingCalendarError(Exception):
    """The file of moved days can't be used."""


def working_calendar(years: Iterable[int], moved: Path | None = None) -> WorkingCalendar:
    """The calendar of these years.

    Args:
        years: which public holidays to take.
        moved: YAML file, `days:` with `day`, `work` (working or off) and `basis` of each.

    Raises:
        WorkingCalendarError: the file can't be read, or names a day twice.
    """
    chosen = sorted(set(years))
    official = holidays.country_holidays("VN", years=chosen)
    worked = (
        day
        for year in chosen
        for day in _days_of(year)
        if day.weekday() >= 5 and official.is_working_day(day)
    )
    return WorkingCalendar(frozenset(official), frozenset(worked), _moved(moved) if moved else {})


def _days_of(year: int) -> Iterable[date]:
    day = date(year, 1, 1)
    while day.year == year:
        yield day
        day += timedelta(days=1)


def _moved(path: Path) -> dict[date, bool]:
    try:
        found = MovedDays.model_validate(load_yaml(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError) as error:
        raise WorkingCalendarError(f"{path}: {' '.join(str(error).split())}") from error
    days = {one.day: one.work == "working" for one in found.days}
    if len(days) != len(found.days):
        raise WorkingCalendarError(f"{path}: a day stands twice")
    return days
