"""`btswatch objection`: an enterprise disputes an interval, an inspector rules."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from btswatch.cli.configured import SettingsOption, open_ledger, registry_of, settings_from
from btswatch.cli.exits import CommandError, Exit, must_be_one_of
from btswatch.cli.heads import head_of, tell_head

if TYPE_CHECKING:
    from schemas.time import LocalCalendar
    from stores.ledger.objections import Objection

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False)

By = Annotated[str, typer.Option(help="Who: a person's name")]


@app.callback()
def _group() -> None:
    """Objections: what follows is a dated adjustment, never an edit.

    Example: btswatch objection list
    """


@app.command("raise")
def raise_(
    element: Annotated[str, typer.Argument(help="Station or link")],
    enterprise: Annotated[str, typer.Option(help="Whose it is")],
    from_: Annotated[str, typer.Option("--from", help="Start of the interval (RFC 3339)")],
    to: Annotated[str, typer.Option(help="End of the interval (RFC 3339)")],
    claim: Annotated[str, typer.Option(help="What it should count as: up, degraded, planned or unknown")],
    evidence: Annotated[str, typer.Option(help="What the enterprise puts forward")],
    by: By,
    settings: SettingsOption = None,
) -> None:
    """Take in an objection to an interval of closed days.

    Example: btswatch objection raise LSN-0001 --enterprise viettel --from 2026-09-30T08:00:00+07:00
    --to 2026-09-30T09:00:00+07:00 --claim planned --evidence "letter 12/2026" --by "Trần Thị B"
    """
    from processors.objecting import Claim, ObjectionError, object_to
    from stores.ledger import objections

    loaded = settings_from(settings)
    must_be_one_of("--claim", claim, list(Claim))
    start, end = _instant(from_, "--from"), _instant(to, "--to")
    registry = registry_of(loaded)
    try:
        with open_ledger(loaded) as ledger, ledger.writing() as connection:
            one = objections.Objection(
                number=objections.next_number(connection),
                enterprise=enterprise,
                element=element,
                from_ms=start,
                to_ms=end,
                claim=claim,
                evidence=_said(evidence, "--evidence"),
                raised_ms=_now_ms(),
                raised_by=_said(by, "--by"),
            )
            object_to(connection, registry, one, _calendar(loaded.zone))
            head = head_of(connection)
    except ObjectionError as error:
        raise CommandError(Exit.NO, str(error)) from error
    typer.echo(f"objection {one.number} taken in")
    tell_head(head)


@app.command("list")
def list_(
    settings: SettingsOption = None,
    state: Annotated[str | None, typer.Option(help="raised, upheld or rejected")] = None,
    output: Annotated[bool, typer.Option("--json", help="JSON objects, one a line")] = False,
) -> None:
    """All objections with their rulings.

    Example: btswatch objection list --state raised
    """
    from stores.ledger import objections

    loaded = settings_from(settings)
    if state not in (None, objections.RAISED, objections.UPHELD, objections.REJECTED):
        raise CommandError(Exit.MISUSE, f"--state {state}: choose raised, upheld or rejected")
    with open_ledger(loaded) as ledger, ledger.reading() as connection:
        head = head_of(connection)
        found = objections.every(connection, state)
        for one in found:
            if output:
                typer.echo(json.dumps(asdict(one) | {"head": head}, sort_keys=True, ensure_ascii=False))
            else:
                typer.echo(_line(one, loaded.zone))
    if not output:
        if not found:
            typer.echo("no objections" + (f" that are {state}" if state else ""))
        tell_head(head)


@app.command()
def rule(
    number: Annotated[int, typer.Argument(min=1, help="The objection's")],
    by: By,
    ruling: Annotated[str, typer.Option(help="Why; it stays on record")],
    uphold: Annotated[bool, typer.Option("--uphold/--reject", help="What is decided")],
    settings: SettingsOption = None,
) -> None:
    """Rule on an objection, once. An upheld one moves the interval's seconds; the official row stays as it is.

    Example: btswatch objection rule 3 --uphold --by "Nguyễn Văn A" --ruling "announced in time by letter"
    """
    from processors.objecting import ObjectionError, rule_on

    loaded = settings_from(settings)
    try:
        with open_ledger(loaded) as ledger, ledger.writing() as connection:
            moved = rule_on(
                connection,
                number,
                upheld=uphold,
                person=_said(by, "--by"),
                ruling=_said(ruling, "--ruling"),
                now_ms=_now_ms(),
                calendar=_calendar(loaded.zone),
            )
            head = head_of(connection)
    except ObjectionError as error:
        raise CommandError(Exit.NO, str(error)) from error
    typer.echo(f"objection {number} {'upheld' if uphold else 'rejected'}")
    for one in moved:
        typer.echo(f"{one.element} {one.day}: {one}")
    if uphold and not moved:
        typer.echo("nothing of the interval moves: it reads so already, or other objections moved it")
    tell_head(head)


def _instant(text: str, option: str) -> int:
    from schemas.time import parse_rfc3339, to_ms

    try:
        return to_ms(parse_rfc3339(text))
    except (ValueError, OverflowError) as error:
        raise CommandError(
            Exit.MISUSE, f"{option} {text}: {error}; write such as 2026-09-30T08:00:00+07:00"
        ) from error


def _said(text: str, option: str) -> str:
    if not text.strip():
        raise CommandError(Exit.MISUSE, f"{option}: must not be empty")
    return text.strip()


def _now_ms() -> int:
    from btswatch.parts.part import system_now_ms

    return system_now_ms()


def _calendar(zone: str) -> "LocalCalendar":
    from schemas.time import LocalCalendar

    return LocalCalendar(zone)


def _line(one: "Objection", zone: str) -> str:
    start, end = (
        datetime.fromtimestamp(at / 1000, ZoneInfo(zone)).isoformat(timespec="seconds")
        for at in (one.from_ms, one.to_ms)
    )
    ruled = f"; {one.state} by {one.ruled_by}: {one.ruling}" if one.ruled_by else f"; {one.state}"
    return f"{one.number:>5} {one.enterprise} {one.element} {start} to {end} as {one.claim}: {one.evidence}{ruled}"
