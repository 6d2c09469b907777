"""`btswatch duties heartbeats` and `notices`: what enterprises owe while their feeds run and their people work."""

import json
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from btswatch.cli.calendar_period import period_of
from btswatch.cli.configured import (
    SettingsOption,
    directory_of,
    known_enterprise,
    open_ledger,
    registry_of,
    rules_of,
    settings_from,
)
from btswatch.cli.duty_sources import AsJson, On, moment
from btswatch.cli.exits import CommandError, Exit
from btswatch.cli.heads import head_of, tell_head

if TYPE_CHECKING:
    from processors.duties.heartbeats import HeartbeatDuty
    from processors.duties.notices import NoticeDuty

Period = Annotated[str, typer.Argument(help="2026-Q3, 2026-09, 2026 or a day")]
Whose = Annotated[str | None, typer.Option(help="Only this enterprise's")]


def heartbeats(
    period: Period,
    settings: SettingsOption = None,
    enterprise: Whose = None,
    on: On = None,
    every: Annotated[bool, typer.Option("--all", help="Also the days without a gap")] = False,
    output: AsJson = False,
) -> None:
    """Feeds' days against their heartbeat, from closed days: received, late or overdue; open ones are pending.

    A gap is more than three heartbeats without a sign of life. Exit 1 when a day is late or overdue.

    Example: btswatch duties heartbeats 2026-09 --enterprise viettel
    """
    from processors.duties.heartbeats import heartbeat_duties
    from schemas.time import LocalCalendar
    from stores.ledger import closings
    from stores.ledger.enterprise_word import feeds_between

    loaded, chosen = settings_from(settings), period_of(period)
    known_enterprise(loaded, enterprise)
    now_ms = moment(on, loaded.zone)
    today = LocalCalendar(loaded.zone).day_of(now_ms - 1)
    with open_ledger(loaded) as ledger, ledger.reading() as connection:
        rows = feeds_between(connection, chosen.first, chosen.end, [enterprise] if enterprise else None)
        head = head_of(connection)
        official = closings.first_official(connection)
        closed = [one.day for one in closings.complete(connection, chosen.first, chosen.end)]
    found = [
        one
        for one in heartbeat_duties(
            rows, registry_of(loaded), rules_of(loaded), chosen, today, closed, official
        )
        if enterprise in (None, one.enterprise)
    ]
    for one in found:
        if every or one.state.value in ("late", "overdue"):
            typer.echo(json.dumps(_beat(one) | {"head": head}, sort_keys=True) if output else _beat_line(one))
    if not output:
        for name in sorted({one.enterprise for one in found}):
            _tell_sum(name, chosen.name, [one for one in found if one.enterprise == name])
        tell_head(head)
    if any(one.state.value in ("late", "overdue") for one in found):
        raise typer.Exit(int(Exit.NO))


def _beat(one: "HeartbeatDuty") -> dict[str, Any]:
    row = one.row
    return {
        "enterprise": one.enterprise,
        "day": one.day.isoformat(),
        "state": one.state.value,
        "rule": one.rule.id,
        "heartbeat_s": row and row.heartbeat_s,
        "silent_s": row and row.silent_s,
        "gaps": row and row.gaps,
        "longest_s": row and row.longest_s,
    }


def _beat_line(one: "HeartbeatDuty") -> str:
    if one.row is None:
        return f"{one.enterprise:<14} {one.day}  {one.state.value}"
    return (
        f"{one.enterprise:<14} {one.day}  {one.state.value:<9} {one.row.gaps} gaps, {one.row.silent_s} s without a sign"
        f" of life, the longest {one.row.longest_s} s (heartbeat {one.row.heartbeat_s} s, {one.rule.id})"
    )


def _tell_sum(name: str, period: str, found: "list[HeartbeatDuty]") -> None:
    states = Counter(one.state.value for one in found)
    rows = [one.row for one in found if one.row is not None]
    silent, total = sum(one.silent_s for one in rows), sum(one.total_s for one in rows)
    share = f"{silent / total:.4%}" if total else "-"
    counts = ", ".join(f"{number} {state}" for state, number in sorted(states.items()))
    typer.echo(f"{name:<14} {period}: {counts}; silent {silent} s of {total} s ({share})")


def notices(
    period: Period,
    settings: SettingsOption = None,
    enterprise: Whose = None,
    on: On = None,
    output: AsJson = False,
) -> None:
    """Works that were to begin in the period: their notice in time or late, taken back, or work that nobody announced.

    Work without a notice is a station or link that went down with the cause `manual` outside of any notice's window.
    Exit 1 when a notice is late or overdue.

    Example: btswatch duties notices 2026-09 --enterprise viettel
    """
    from processors.duties.notices import notice_book, notice_duties
    from schemas.status import Cause, Reading
    from schemas.time import LocalCalendar
    from stores.archive_files import ArchiveDamagedError
    from stores.ledger import history

    loaded, chosen = settings_from(settings), period_of(period)
    known_enterprise(loaded, enterprise)
    now_ms = moment(on, loaded.zone)
    conventions, calendar = loaded.conventions(), LocalCalendar(loaded.zone)
    archive = directory_of(loaded, create=False).archive()
    try:
        days = archive.days()
        book = notice_book(archive.notices(days[-1]) if days else (), conventions)
    except ArchiveDamagedError as error:
        raise CommandError(Exit.NO, str(error)) from error
    start, end = calendar.start_of(chosen.first), min(calendar.start_of(chosen.end), now_ms)
    with open_ledger(loaded) as ledger, ledger.reading() as connection:
        head = head_of(connection)
        manual = history.transitions_for_cause(connection, Cause.MANUAL.value, Reading.DOWN, start, end)
    duties = notice_duties(book, manual, registry_of(loaded), rules_of(loaded), chosen, now_ms, conventions)
    found = [one for one in duties if enterprise in (None, one.enterprise)]
    for one in found:
        told = _notice(one, loaded.zone) | {"head": head}
        typer.echo(json.dumps(told, sort_keys=True) if output else _notice_line(one, told))
    if not output:
        tell_head(head)
    if any(one.standing.late_ms > 0 for one in found):
        raise typer.Exit(int(Exit.NO))


def _notice(one: "NoticeDuty", zone: str) -> dict[str, Any]:
    return {
        "enterprise": one.enterprise,
        "notice": one.notice,
        "elements": list(one.elements),
        "from": _local(one.from_ms, zone),
        "to": one.to_ms and _local(one.to_ms, zone),
        "received": one.received_ms and _local(one.received_ms, zone),
        "withdrawn": one.withdrawn_ms and _local(one.withdrawn_ms, zone),
        "lead_s": one.lead_s,
        "state": one.standing.state.value,
        "late_s": one.standing.late_ms // 1000,
        "excuses": one.excuses,
        "rule": one.rule.id,
    }


def _notice_line(one: "NoticeDuty", told: dict[str, Any]) -> str:
    where = one.elements[0] if len(one.elements) == 1 else f"{len(one.elements)} elements"
    if one.lead_s is None:
        said = f"work on {where} that nobody announced"
    else:
        said = f"{one.notice} for {where} to {told['to']}, {one.lead_s / 3600:.1f} h before"
        said += "" if one.excuses else ", excuses no down time"
        said += f", taken back {told['withdrawn']}" if one.withdrawn_ms is not None else ""
    return f"{one.enterprise:<14} {told['from']}  {told['state']:<9} {said} ({one.rule.id})"


def _local(at_ms: int, zone: str) -> str:
    return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone)).isoformat(timespec="seconds")
