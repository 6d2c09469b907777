"""What the commands about duties read: the moment, the working calendar, what came in, the Department's own figures."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from btswatch.cli.configured import day_from, open_ledger
from btswatch.cli.exits import CommandError, Exit
from btswatch.cli.measured import measurements_of, others_of

if TYPE_CHECKING:
    from btswatch.settings import Settings
    from processors.core.measurements import Said
    from processors.core.working_days import WorkingCalendar
    from processors.duties.report_check import Compared
    from processors.rules import Rules
    from schemas.events import ArchivedReport
    from schemas.registry import Registry

AsJson = Annotated[bool, typer.Option("--json", help="JSON objects, one a line")]
On = Annotated[str | None, typer.Option(metavar="DAY", help="As of the end of this local day (default: now)")]


def moment(on: str | None, zone: str) -> int:
    """The end of a local day, or now (ms)."""
    from btswatch.parts.part import system_now_ms
    from schemas.time import LocalCalendar

    if on is None:
        return system_now_ms()
    return LocalCalendar(zone).start_of(day_from(on, "--on") + timedelta(days=1))


def calendar_of(settings: "Settings", years: Iterable[int]) -> "WorkingCalendar":
    """The working calendar of these years with what the government moved."""
    from processors.duties.working_calendar import WorkingCalendarError, working_calendar

    try:
        return working_calendar(years, settings.moved_days)
    except WorkingCalendarError as error:
        raise CommandError(Exit.MISUSE, str(error)) from error


def reports_of(settings: "Settings") -> "list[ArchivedReport]":
    """All that came in, archived or not yet; what was handed in twice stands once."""
    from schemas.events import ArchivedReport

    reports: dict[tuple[str, str, str], ArchivedReport] = {}
    for event in others_of(settings):
        if isinstance(event, ArchivedReport):
            reports.setdefault((event.reporter, event.source, event.id), event)
    return list(reports.values())


def checked(
    settings: "Settings", registry: "Registry", rules: "Rules", reports: "Iterable[ArchivedReport]"
) -> "Mapping[str, list[Compared]]":
    """Each report's values beside our own figures of its period, by the report's reporter, source and id (`key_of`).

    A closed period's figures are those of the rules that were sealed with it, as `btswatch verdicts` tells them.
    """
    from processors.closed_verdicts import basis_of
    from processors.core.periods import CalendarPeriod
    from processors.duties.report_check import compared
    from processors.indicators import IndicatorVerdicts
    from processors.verdicts import verdicts
    from schemas.time import LocalCalendar

    chosen = list(reports)
    if not chosen:
        return {}
    counted: dict[str, list[Said]] = {}
    own: dict[str, tuple[list[Any], list[Any]]] = {}
    with open_ledger(settings) as ledger, ledger.reading() as connection:
        for name in {one.data.period for one in chosen}:
            try:
                period = CalendarPeriod.named(name)
            except ValueError:
                # A report on request may be about anything.
                own[name] = [], []
                continue
            under = basis_of(connection, period, rules).rules
            if under.digest not in counted:
                counted[under.digest], _ = measurements_of(settings, registry, under)
            judging = IndicatorVerdicts(registry, under, LocalCalendar(settings.zone))
            own[name] = (
                list(verdicts(connection, registry, under, period, zone=settings.zone)),
                list(judging.judge(counted[under.digest], period)),
            )
    return {key_of(one): list(compared(one, *own[one.data.period])) for one in chosen}


def key_of(report: "ArchivedReport") -> str:
    """The report's identity."""
    return f"{report.reporter} {report.source} {report.id}"


def as_told(found: "Iterable[Compared]") -> list[dict[str, Any]]:
    """The values of a report for JSON."""
    from dataclasses import asdict

    return [{**asdict(one), "against": one.against.value, "difference": one.difference} for one in found]


def tell_values(found: "Iterable[Compared]") -> None:
    """The values of a report, one a line."""
    for one in found:
        mark = "DIFFERS" if one.differs else "       "
        said = f"{'':<14} {mark} reported {one.name} {one.reported:g}"
        if one.own is None or one.least is None or one.most is None:
            typer.echo(f"{said}: nothing here to hold it against")
            continue
        bounds = "" if one.least == one.most else f" ({one.least:.3f} to {one.most:.3f})"
        typer.echo(f"{said}, {one.against.value} {one.own:.6g}{bounds}, difference {one.difference:+.6g}")
