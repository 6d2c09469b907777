"""`btswatch rebuild`: stores that are derived from the archive, made again from it."""

import importlib
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Annotated, Final

import typer

from btswatch.cli.configured import SettingsOption, settings_from
from btswatch.cli.exits import CommandError, Exit
from btswatch.parts.part import system_now_ms
from btswatch.rebuilding import RebuildRefusedError, Wanted
from schemas.time import LocalCalendar, parse_rfc3339, to_ms

app = typer.Typer(rich_markup_mode=None, add_completion=False)

# By the name that the command takes: the module whose `rebuild(wanted)` does it. It may raise CommandError.
TARGETS: Final[Mapping[str, str]] = {
    "influx": "btswatch.parts.rebuild_influx",
    "ledger": "btswatch.parts.rebuild_ledger",
}


@app.command("rebuild")
def rebuild(
    target: Annotated[str, typer.Argument(metavar="TARGET", help=f"{' or '.join(TARGETS)}")],
    from_: Annotated[
        str, typer.Option("--from", help="First local day, or the instant it starts at (RFC 3339)")
    ],
    to: Annotated[
        str, typer.Option("--to", help="The local day after the last, or the instant it starts at")
    ],
    settings: SettingsOption = None,
) -> None:
    """Make derived content again from the archive: the same as before. Broken off, it is simply called again.

    The day that runs is made as it stands; days that have not begun are refused.
    Official figures are never changed by it: where one would be another, it says so and ends with 1.

    Example: btswatch rebuild ledger --from 2026-11-02 --to 2026-11-09 --settings btswatch.toml
    """
    if target not in TARGETS:
        raise CommandError(Exit.MISUSE, f"no such target {target!r}; there are {', '.join(sorted(TARGETS))}")
    loaded = settings_from(settings)
    calendar = LocalCalendar(loaded.zone)
    first, until = _day(from_, "--from", calendar), _day(to, "--to", calendar)
    if first >= until:
        raise CommandError(Exit.MISUSE, f"--from {from_} is not before --to {to}")
    tomorrow = calendar.day_of(system_now_ms()) + timedelta(days=1)
    if until > tomorrow:
        raise CommandError(
            Exit.MISUSE, f"--to {to}: days from {tomorrow} on have not begun: --to is at most {tomorrow}"
        )
    run: Callable[[Wanted], None] = importlib.import_module(TARGETS[target]).rebuild
    try:
        run(Wanted(loaded, first, until, lambda line: typer.echo(line, err=True), system_now_ms))
    except RebuildRefusedError as error:
        raise CommandError(Exit.NO, *error.lines) from error


def _day(text: str, option: str, calendar: LocalCalendar) -> date:
    """The local day of a date, or of an instant at which one starts."""
    try:
        if len(text) == len("2026-11-02"):
            return date.fromisoformat(text)
        instant = to_ms(parse_rfc3339(text))
    except (ValueError, OverflowError) as error:
        raise CommandError(
            Exit.MISUSE, f"{option} {text}: {error}; write such as 2026-11-02 or 2026-11-02T00:00:00+07:00"
        ) from error
    day = calendar.day_of(instant)
    if calendar.start_of(day) != instant:
        raise CommandError(Exit.MISUSE, f"{option} {text}: no local day starts there ({calendar.zone})")
    return day
