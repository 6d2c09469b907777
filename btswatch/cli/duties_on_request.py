"""`btswatch duties request`, `requests` and `withdraw`: reports that a person of the Department asks for."""

import json
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from btswatch.cli.configured import (
    SettingsOption,
    known_enterprise,
    open_ledger,
    registry_of,
    rules_of,
    settings_from,
)
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
from btswatch.cli.heads import head_of, tell_head

By = Annotated[str, typer.Option(help="Who: a person's name")]


def request(
    enterprise: Annotated[str, typer.Argument(help="Who is asked")],
    about: Annotated[str, typer.Option(help="What the report is to say; it stays on record")],
    by: By,
    settings: SettingsOption = None,
    working_days: Annotated[
        int | None,
        typer.Option(
            min=1, max=250, help="Time limit; the day of asking is not counted (default: the rule's)"
        ),
    ] = None,
) -> None:
    """Ask an enterprise for a report. It answers with `btswatch.report.v1` whose duty is `request-NUMBER`.

    Example: btswatch duties request viettel --about "outage of 23 November in Cao Lộc" --working-days 3
    --by "Nguyễn Văn A"
    """
    from btswatch.parts.part import system_now_ms
    from processors.duties.requests import RequestError, allowed_days, duty_of, request_report
    from schemas.time import LocalCalendar

    loaded, now_ms = settings_from(settings), system_now_ms()
    known_enterprise(loaded, enterprise, option="")
    calendar = LocalCalendar(loaded.zone)
    today = calendar.day_of(now_ms)
    allowed = working_days or allowed_days(rules_of(loaded), today)
    if allowed is None:
        raise CommandError(
            Exit.MISUSE, "--working-days: say how many; the rule in force (R-ADHOC) gives no figure"
        )
    working = calendar_of(loaded, range(today.year, today.year + 3))
    try:
        with open_ledger(loaded) as ledger, ledger.writing() as connection:
            one = request_report(
                connection,
                registry_of(loaded),
                working,
                calendar,
                enterprise=enterprise,
                about=_said(about, "--about"),
                working_days=allowed,
                person=_said(by, "--by"),
                now_ms=now_ms,
            )
    except RequestError as error:
        raise CommandError(Exit.MISUSE, str(error)) from error
    typer.echo(
        f"request {one.number} to {enterprise}, by {one.deadline}; answered as duty {duty_of(one.number)}"
    )


def requests_(settings: SettingsOption = None, on: On = None, output: AsJson = False) -> None:
    """Requests and how they stand: pending, received, late, overdue or corrected; values beside our own figures.

    Exit 1 when one is late or overdue.

    Example: btswatch duties requests --on 2026-11-23
    """
    from processors.duties.requests import request_duties
    from schemas.time import LocalCalendar
    from stores.ledger import requests

    loaded = settings_from(settings)
    now_ms = moment(on, loaded.zone)
    with open_ledger(loaded) as ledger, ledger.reading() as connection:
        head = head_of(connection)
        asked = requests.every(connection)
    reports = reports_of(loaded)
    found = list(request_duties(asked, reports, LocalCalendar(loaded.zone), now_ms))
    answers = [one.last for one in found if one.last]
    values = checked(loaded, registry_of(loaded), rules_of(loaded), answers)
    for duty in found:
        one = duty.request
        withdrawn = one.withdrawn_ms is not None and one.withdrawn_ms <= now_ms
        compared = values[key_of(duty.last)] if duty.last else []
        late = duty.standing.late_ms // 1000
        if output:
            told = {
                "number": one.number,
                "enterprise": one.enterprise,
                "about": one.about,
                "asked_by": one.asked_by,
                "asked": datetime.fromtimestamp(one.asked_ms / 1000, ZoneInfo(loaded.zone)).isoformat(),
                "deadline": one.deadline.isoformat(),
                "state": duty.standing.state.value,
                "late_s": late,
                "withdrawn": withdrawn,
                "duty": duty.duty,
                "values": as_told(compared),
                "head": head,
            }
            typer.echo(json.dumps(told, sort_keys=True, ensure_ascii=False))
            continue
        after = f", {late // 86_400} days late" if late and not withdrawn else ""
        after += f"; withdrawn by {one.withdrawn_by}: {one.withdrawn_why}" if withdrawn else ""
        typer.echo(
            f"{one.number:>4} {one.enterprise:<14} {duty.standing.state.value}{after}  (by {one.deadline}, asked by"
            f" {one.asked_by}: {one.about})"
        )
        tell_values(compared)
    if not output:
        if not found:
            typer.echo("no reports were asked for")
        tell_head(head)
    if any(one.owed for one in found):
        raise typer.Exit(int(Exit.NO))


def withdraw(
    number: Annotated[int, typer.Argument(min=1, help="The request's")],
    by: By,
    why: Annotated[str, typer.Option(help="It stays on record")],
    settings: SettingsOption = None,
) -> None:
    """Take a request back; it stays on record.

    Example: btswatch duties withdraw 3 --why "answered by letter" --by "Nguyễn Văn A"
    """
    from btswatch.parts.part import system_now_ms
    from processors.duties.requests import RequestError, withdraw_request

    loaded = settings_from(settings)
    try:
        with open_ledger(loaded) as ledger, ledger.writing() as connection:
            withdraw_request(
                connection, number, person=_said(by, "--by"), why=_said(why, "--why"), now_ms=system_now_ms()
            )
    except RequestError as error:
        raise CommandError(Exit.NO, str(error)) from error
    typer.echo(f"request {number} withdrawn")


def _said(text: str, option: str) -> str:
    if not text.strip():
        raise CommandError(Exit.MISUSE, f"{option}: must not be empty")
    return text.strip()
