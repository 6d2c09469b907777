"""The period that a command is asked for, and the moment at which it is."""

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from btswatch.cli.configured import in_reach
from btswatch.cli.exits import CommandError, Exit

if TYPE_CHECKING:
    from btswatch.settings import Settings
    from processors.core.periods import CalendarPeriod

Period = Annotated[str, typer.Argument(help="2026-Q3, 2026-09, 2026 or a day")]


def period_of(name: str) -> "CalendarPeriod":
    """The period of that name, or the command's end."""
    from processors.core.periods import CalendarPeriod

    try:
        found = CalendarPeriod.named(name)
    except ValueError as error:
        raise CommandError(Exit.MISUSE, str(error)) from error
    in_reach(name, found.first)
    return found


def now_of(settings: "Settings") -> tuple[int, date]:
    """Now (ms), and the local day that holds it."""
    from btswatch.parts.part import system_now_ms
    from schemas.time import LocalCalendar

    now_ms = system_now_ms()
    return now_ms, LocalCalendar(settings.zone).day_of(now_ms)
