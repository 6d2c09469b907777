"""`btswatch serve`: the product on one host, its parts supervised; which parts, says the settings' form."""

from collections.abc import Mapping
from pathlib import Path

import typer

from btswatch.cli.configured import (
    SettingsOption,
    credentials_of,
    directory_of,
    profiles_of,
    registry_of,
    rules_of,
    settings_from,
)
from btswatch.cli.exits import CommandError, Exit
from btswatch.settings import Settings
from btswatch.supervise import Child, Plan, become
from stores.data_directory import DataDirectoryError

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command("serve")
def serve(settings: SettingsOption = None) -> None:
    """Run pollers, traps, gateway, engine, closing and console until told to stop.

    In the form `cluster` also the forwarder to Kafka, the workers and the sinks; the engine then only closes days.

    Example: btswatch serve --settings btswatch.toml
    """
    loaded = settings_from(settings)
    # What a part would stumble over is told once, here, and not by each part again and again.
    registry_of(loaded)
    credentials_of(loaded)
    profiles_of(loaded)
    rules_of(loaded)
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
    become(Plan(parts_of(settings, loaded), loaded.stop_s, told))


def parts_of(path: Path | None, settings: Settings) -> list[Child]:
    """The product's processes."""

    def child(name: str, *arguments: str, order: int, variables: Mapping[str, str] | None = None) -> Child:
        chosen = ("--settings", str(path)) if path else ()
        return Child(name, ("-m", "btswatch", *arguments, *chosen), variables or {}, stop_order=order)

    ends = [child("ingest", "ingest", order=0), child("console", "console", order=2)]
    if settings.form == "embedded":
        return [child("engine", "engine", order=2), *ends]
    from btswatch.parts.sink import SINKS

    workers = [
        # While the forwarder still ticks: a worker stores what it has at the next tick, and leaves.
        child(f"worker {number}", "worker", order=1, variables=_of_worker(settings, number))
        for number in range(settings.workers)
    ]
    return [
        *(child(f"sink {name}", "sink", name, order=2) for name in SINKS),
        *workers,
        child("forward", "forward", order=2),
        child("engine", "engine", order=2),
        *ends,
    ]


def _of_worker(settings: Settings, number: int) -> Mapping[str, str]:
    """Each shows its state on a port of its own: the set one, and those after it."""
    first = settings.status.worker_port
    return {"BTSWATCH_STATUS__WORKER_PORT": str(first + number)} if number and first else {}
