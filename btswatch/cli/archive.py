"""`btswatch archive`: how large the evidence is, how long it is kept, and what keeps it longer."""

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from btswatch.cli.configured import SettingsOption, directory_of, open_ledger, registry_of, settings_from
from btswatch.cli.exits import CommandError, Exit
from btswatch.cli.heads import head_of, tell_head

if TYPE_CHECKING:
    from btswatch.settings import Settings

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False)

By = Annotated[str, typer.Option(help="Who does it: a person's name")]
Reason = Annotated[str, typer.Option(help="Why; it stays on record")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout")]


@app.callback()
def _group() -> None:
    """The archive of evidence: its size, legal holds, and pruning of what is older than it has to be kept.

    Example: btswatch archive size
    """


@app.command()
def size(settings: SettingsOption = None, output: AsJson = False) -> None:
    """How many bytes the archive has, a day and an element's year, and what that makes of the registry in a year.

    Example: btswatch archive size
    """
    from stores.archive_prune import files_of

    loaded = settings_from(settings)
    archive, registry = directory_of(loaded, create=False).archive(), registry_of(loaded)
    days = [files_of(archive, day, digests=False) for day in archive.days()]
    if not days:
        raise CommandError(Exit.NO, f"{archive.root}: no day has a file yet")
    # The newest day has a part only.
    whole = days[:-1] or days
    families = {name: sum(one.bytes[name] for one in whole) for name in whole[0].bytes}
    element_days = sum(registry.on(name, one.day) is not None for one in whole for name in registry.elements)
    total = sum(families.values())
    per_day = round(total / len(whole))
    year = None if not element_days else round(total / element_days * 365)
    told = {
        "days": len(whole),
        "bytes": total,
        "families": families,
        "bytes_per_day": per_day,
        "bytes_per_element_year": year,
        "elements": len(registry.elements),
        "bytes_per_year": None if year is None else year * len(registry.elements),
    }
    if output:
        typer.echo(json.dumps(told, sort_keys=True))
        return
    parts = ", ".join(f"{name} {_mb(count)}" for name, count in families.items())
    typer.echo(f"{len(whole)} days from {whole[0].day}: {_mb(total)} ({parts}), {_mb(per_day)} a day")
    if year is not None:
        typer.echo(
            f"an element's year: {_mb(year)}; {len(registry.elements)} elements: {_mb(year * len(registry.elements))} a year"
        )


@app.command()
def prune(
    settings: SettingsOption = None,
    by: Annotated[
        str | None, typer.Option(help="Who does it: a person's name; without it nothing is done")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why; it stays on record")] = "",
    output: AsJson = False,
) -> None:
    """Say which days are older than `archive.keep_days`; with --by, take them away for good.

    Only closed and sealed days go, the oldest first, none while there is a legal hold. Their figures stay. Exit 1 when
    nothing can go.

    Example: btswatch archive prune --by "Nguyễn Văn A" --reason "three years are over"
    """
    from processors.retention import prunable
    from processors.retention import prune as take_away

    loaded = settings_from(settings)
    archive, (now_ms, today) = directory_of(loaded, create=False).archive(), _now(loaded)
    with open_ledger(loaded) as ledger:
        with ledger.reading() as connection:
            found = prunable(connection, archive, loaded.archive.keep_days, today)
        gone = by is not None and bool(found.days)
        if by is not None and found.days:
            take_away(
                ledger,
                archive,
                loaded.archive.keep_days,
                today=today,
                person=_said(by, "--by"),
                reason=_said(reason, "--reason"),
                now_ms=now_ms,
            )
        with ledger.reading() as connection:
            head = head_of(connection)
    told = {
        "days": [str(one.day) for one in found.days],
        "bytes": found.bytes,
        "pruned": gone,
        "kept_by": found.kept_by,
        "head": head,
    }
    if output:
        typer.echo(json.dumps(told, sort_keys=True, ensure_ascii=False))
    else:
        for one in found.days:
            typer.echo(f"{one.day}  {_mb(one.size)} in {len(one.digests)} files")
        if found.days:
            done = "gone" if gone else "would go (dry run: --by and --reason do it)"
            typer.echo(f"{len(found.days)} days, {_mb(found.bytes)}: {done}")
        else:
            typer.echo("no day can go")
        typer.echo(f"kept: {found.kept_by or 'nothing is left'}")
        tell_head(head)
    if not found.days:
        raise typer.Exit(int(Exit.NO))


@app.command()
def hold(by: By, reason: Reason, settings: SettingsOption = None) -> None:
    """Put the archive under a legal hold: nothing is pruned until it is released.

    Example: btswatch archive hold --by "Nguyễn Văn A" --reason "case 12/2026"
    """
    from processors.retention import hold as put

    loaded = settings_from(settings)
    with open_ledger(loaded) as ledger, ledger.writing() as connection:
        made = put(connection, _said(by, "--by"), _said(reason, "--reason"), _now(loaded)[0])
        head = head_of(connection)
    typer.echo(f"hold {made.number}: nothing is pruned until it is released")
    tell_head(head)


@app.command()
def release(
    number: Annotated[int, typer.Argument(min=1, help="The hold's, as listed")],
    by: By,
    reason: Reason,
    settings: SettingsOption = None,
) -> None:
    """Release a legal hold. Exit 1 when there is no such one.

    Example: btswatch archive release 812 --by "Nguyễn Văn A" --reason "case 12/2026 is decided"
    """
    from processors.retention import RetentionError
    from processors.retention import release as let_go

    loaded = settings_from(settings)
    try:
        with open_ledger(loaded) as ledger, ledger.writing() as connection:
            let_go(connection, number, _said(by, "--by"), _said(reason, "--reason"), _now(loaded)[0])
            head = head_of(connection)
    except RetentionError as error:
        raise CommandError(Exit.NO, str(error)) from error
    typer.echo(f"hold {number} is released")
    tell_head(head)


@app.command()
def holds(settings: SettingsOption = None, output: AsJson = False) -> None:
    """The legal holds that stand.

    Example: btswatch archive holds
    """
    from dataclasses import asdict

    from processors.retention import holds as standing

    with open_ledger(settings_from(settings)) as ledger, ledger.reading() as connection:
        found, head = standing(connection), head_of(connection)
    for one in found:
        if output:
            typer.echo(json.dumps(asdict(one) | {"head": head}, sort_keys=True, ensure_ascii=False))
        else:
            at = datetime.fromtimestamp(one.at_ms / 1000, UTC).isoformat(timespec="seconds")
            typer.echo(f"{one.number:>6} {at} {one.person}: {one.reason}")
    if not output:
        if not found:
            typer.echo("no legal holds stand")
        tell_head(head)


def _now(settings: "Settings") -> tuple[int, date]:
    from btswatch.parts.part import system_now_ms
    from schemas.time import LocalCalendar

    now_ms = system_now_ms()
    return now_ms, LocalCalendar(settings.zone).day_of(now_ms)


def _said(text: str, option: str) -> str:
    if not text.strip():
        raise CommandError(Exit.MISUSE, f"{option}: must not be empty")
    return text.strip()


def _mb(count: int) -> str:
    return f"{count / 1e6:,.2f} MB"
