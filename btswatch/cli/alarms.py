"""`btswatch alarms`: what the product found about itself, and who has seen it."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from btswatch.cli.configured import SettingsOption, day_from, open_ledger, settings_from
from btswatch.cli.exits import CommandError, Exit
from btswatch.cli.heads import head_of, tell_head

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False)


@app.callback()
def _group() -> None:
    """Alarms of the product about itself, such as a closed figure that differs from the provisional one.

    Example: btswatch alarms list
    """


@app.command("list")
def list_(
    settings: SettingsOption = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest first")] = 200,
    output: Annotated[bool, typer.Option("--json", help="JSON objects, one a line")] = False,
) -> None:
    """What nobody has acknowledged yet. Exit 1 when there is something.

    Example: btswatch alarms list
    """
    from stores.ledger import alarms

    with open_ledger(settings_from(settings)) as ledger, ledger.reading() as connection:
        found = alarms.open_alarms(connection, limit)
    for one in found:
        if output:
            typer.echo(json.dumps(asdict(one) | {"day": str(one.day)}, sort_keys=True))
        else:
            at = datetime.fromtimestamp(one.raised_ms / 1000, UTC).isoformat(timespec="seconds")
            typer.echo(f"{at} {one.kind:<18} {one.subject:<24} {one.day}")
    if found:
        raise typer.Exit(int(Exit.NO))
    if not output:
        typer.echo("no open alarms")


@app.command()
def acknowledge(
    kind: Annotated[str, typer.Argument(help="As listed, such as figure_differs")],
    subject: Annotated[str, typer.Argument(help="As listed: an element, the engine, a forwarder")],
    day: Annotated[str, typer.Argument(metavar="DAY", help="Its local day, such as 2026-09-30")],
    by: Annotated[str, typer.Option(help="Who has seen it: a person's name")],
    settings: SettingsOption = None,
    note: Annotated[str, typer.Option(help="What was found; it stays on record")] = "",
) -> None:
    """Say that a person has seen an alarm; it stands in the audit chain. Exit 1 when there is no such open alarm.

    Example: btswatch alarms acknowledge figure_differs LSN-0001 2026-09-30 --by "Nguyễn Văn A" --note "engine was down"
    """
    from btswatch.parts.part import system_now_ms
    from schemas.audit import AuditKind, NewAuditEntry
    from stores.ledger import alarms, audit

    chosen, now_ms = day_from(day), system_now_ms()
    if not by.strip():
        raise CommandError(Exit.MISUSE, "--by: give the person's name")
    with open_ledger(settings_from(settings)) as ledger, ledger.writing() as connection:
        if not alarms.acknowledge(connection, kind, subject, chosen, now_ms):
            raise CommandError(
                Exit.NO, f"no open alarm {kind} about {subject} on {day}: btswatch alarms list"
            )
        content = {"kind": kind, "day": day, "note": note.strip()}
        audit.append(
            connection, [NewAuditEntry(now_ms, AuditKind.ACKNOWLEDGED, subject, by.strip(), content)]
        )
        head = head_of(connection)
    typer.echo(f"{kind} about {subject} on {day}: acknowledged by {by.strip()}")
    tell_head(head)
