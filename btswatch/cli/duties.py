"""`btswatch duties`: who owes a report or a certificate, and which days are worked."""

import json
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from btswatch.cli.configured import (
    SettingsOption,
    day_from,
    directory_of,
    known_enterprise,
    registry_of,
    rules_of,
    settings_from,
)
from btswatch.cli.duties_of_feeds import Whose, heartbeats, notices
from btswatch.cli.duties_on_request import request, requests_, withdraw
from btswatch.cli.duty_sources import (
    AsJson,
    On,
    as_told,
    calendar_of,
    checked,
    key_of,
    moment,
    reports_of,
    tell_values,
)
from btswatch.cli.exits import CommandError, Exit
from btswatch.cli.heads import head_beside, tell_head

if TYPE_CHECKING:
    from btswatch.settings import Settings

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False)

app.command("heartbeats")(heartbeats)
app.command("notices")(notices)
app.command("request")(request)
app.command("requests")(requests_)
app.command("withdraw")(withdraw)


@app.callback()
def _group() -> None:
    """Duties: reports, notices, heartbeats, inspection certificates, and the working calendar.

    Example: btswatch duties reports
    """


@app.command()
def reports(
    settings: SettingsOption = None,
    enterprise: Whose = None,
    on: On = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="DAY", help="Quarters that end after it (default: the archive's first)"),
    ] = None,
    output: AsJson = False,
) -> None:
    """Quarterly quality reports: pending, received, late, overdue or corrected. Exit 1 when one is late or overdue.

    Example: btswatch duties reports --on 2026-11-23 --enterprise viettel
    """
    from processors.core.duty import DutyState
    from processors.duties.reports import report_duties

    loaded = settings_from(settings)
    known_enterprise(loaded, enterprise)
    now_ms = moment(on, loaded.zone)
    found = reports_of(loaded)
    first = day_from(since, "--since") if since else _first_day(loaded)
    years = range(first.year, 2 + datetime.fromtimestamp(now_ms / 1000, ZoneInfo(loaded.zone)).year)
    calendar = calendar_of(loaded, years)
    registry, rules = registry_of(loaded), rules_of(loaded)
    everybody = report_duties(registry, rules, found, calendar, first, now_ms, loaded.zone)
    duties = [one for one in everybody if enterprise in (None, one.enterprise)]
    head = head_beside(loaded)
    values = checked(loaded, registry, rules, [one.last for one in duties if one.last])
    for duty in duties:
        told: dict[str, Any] = {
            "enterprise": duty.enterprise,
            "period": duty.period.name,
            "deadline": duty.deadline.isoformat(),
            "state": duty.standing.state.value,
            "late_s": duty.standing.late_ms // 1000,
            "rule": duty.rule.id,
            "confidence": str(duty.rule.confidence),
            "head": head,
        }
        compared = values[key_of(duty.last)] if duty.last else []
        if output:
            typer.echo(json.dumps(told | {"values": as_told(compared)}, sort_keys=True))
        else:
            late = f", {told['late_s'] // 86_400} days late" if told["late_s"] else ""
            typer.echo(
                f"{duty.enterprise:<14} {duty.period.name}  {told['state']}{late}  (by {duty.deadline}, {duty.rule.id},"
                f" confidence {duty.rule.confidence})"
            )
            tell_values(compared)
    if not output:
        if not duties:
            typer.echo(
                f"no quarter that ended since {first} owes a report; --since DAY looks further back"
                if enterprise is None
                else f"{enterprise} owes no report of a quarter that ended since {first}; --since DAY looks further back"
            )
        tell_head(head)
    if any(duty.standing.late_ms or duty.standing.state is DutyState.OVERDUE for duty in duties):
        raise typer.Exit(int(Exit.NO))


@app.command("certificates")
def certificates_(settings: SettingsOption = None, on: On = None, output: AsJson = False) -> None:
    """Inspection certificates of class A stations. Exit 1 when one is missing or expired, or its inspection failed.

    Example: btswatch duties certificates
    """
    from btswatch.cli.inspections import findings_of
    from processors.duties.certificates import CertificateState, certificates
    from processors.inspections import certificate_days

    loaded = settings_from(settings)
    day = datetime.fromtimestamp((moment(on, loaded.zone) - 1) / 1000, ZoneInfo(loaded.zone)).date()
    registry, rules = registry_of(loaded), rules_of(loaded)
    inspected = findings_of(loaded, registry, rules)
    passed, failed = certificate_days(inspected, "pass"), certificate_days(inspected, "fail")
    head = head_beside(loaded)
    found = list(certificates(registry, rules, day, passed, failed, loaded.zone))
    for one in found:
        if output:
            told = {
                "station": one.station,
                "enterprise": one.enterprise,
                "state": one.state.value,
                "issued": one.issued and one.issued.isoformat(),
                "last_day": one.last_day and one.last_day.isoformat(),
                "rule": one.rule,
                "head": head,
            }
            typer.echo(json.dumps(told, sort_keys=True))
        elif one.state is not CertificateState.VALID:
            typer.echo(
                f"{one.station:<20} {one.enterprise:<14} {one.state.value} (to {one.last_day or '-'}, {one.rule})"
            )
    if not output:
        valid = sum(one.state is CertificateState.VALID for one in found)
        typer.echo(f"{len(found)} class A stations on {day}, {valid} with a certificate beyond 90 days")
        tell_head(head)
    bad = (CertificateState.MISSING, CertificateState.EXPIRED, CertificateState.FAILED_INSPECTION)
    if any(one.state in bad for one in found):
        raise typer.Exit(int(Exit.NO))


@app.command("working-days")
def working_days(
    year: Annotated[int, typer.Argument(min=2000, max=2100, help="Such as 2026")],
    settings: SettingsOption = None,
) -> None:
    """Print the year's days off that are weekdays, and weekend days that are worked.

    Example: btswatch duties working-days 2026
    """
    calendar = calendar_of(settings_from(settings), [year])
    day = date(year, 1, 1)
    while day.year == year:
        if calendar.is_working(day) != (day.weekday() < 5):
            typer.echo(f"{day} {day:%a} {'worked' if calendar.is_working(day) else 'off'}")
        day += timedelta(days=1)


def _first_day(settings: "Settings") -> date:
    days = directory_of(settings, create=False).archive().days()
    if not days:
        raise CommandError(Exit.NO, "the archive is empty: say with --since from when on reports are owed")
    return days[0]
