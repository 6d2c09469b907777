"""`btswatch serve`: the embedded product, its parts supervised."""

from pathlib import Path

import typer

from btswatch.cli.configured import (
    SettingsOption,
    credentials_of,
    directory_of,
    profiles_of,
    registry_of,
    settings_from,
)
from btswatch.cli.exits import CommandError, Exit
from btswatch.supervise import Child, Plan, become
from stores.data_directory import DataDirectoryError

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command("serve")
def serve(settings: SettingsOption = None) -> None:
    """Run pollers, traps, gateway, engine, closing and console until told to stop.

    Example: btswatch serve --settings btswatch.toml
    """
    loaded = settings_from(settings)
    # What a part would stumble over is told once, here, and not by each part again and again.
    registry_of(loaded)
    credentials_of(loaded)
    profiles_of(loaded)
    directory = directory_of(loaded)
    try:
        directory.lock()
    except DataDirectoryError as error:
        raise CommandError(Exit.MISUSE, str(error)) from error
    told = (
        f"Console  http://{loaded.console.host}:{loaded.console.port}/",
        f"Gateway  http://{loaded.gateway.host}:{loaded.gateway.port}/docs",
        f"Data     {loaded.data.resolve()}    Ctrl-C drains and stops",
    )
    directory.keep_lock_over_exec()
    become(Plan(parts_of(settings), loaded.stop_s, told))


def parts_of(settings: Path | None) -> list[Child]:
    """The product's processes."""
    chosen = ("--settings", str(settings)) if settings else ()
    return [
        Child("engine", ("-m", "btswatch", "engine", *chosen)),
        Child("ingest", ("-m", "btswatch", "ingest", *chosen), first_to_stop=True),
        Child("console", ("-m", "btswatch", "console", *chosen)),
    ]
