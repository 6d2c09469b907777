"""`btswatch poll`, `traps`, `gateway`, `engine`, `console`: the parts as processes of their own."""

import asyncio
import os
import sys
from collections.abc import Callable
from functools import partial
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
from btswatch.parts.part import Ending, Part, PartFailedError, Together, run_until_told, system_now_ms
from btswatch.settings import Settings
from btswatch.status_server import StatusServer

app = typer.Typer(rich_markup_mode=None, add_completion=False)
Build = Callable[[Settings, Ending], Part]


@app.command("poll")
def poll(settings: SettingsOption = None) -> None:
    """Poll the registry's devices by SNMP into the journal.

    Example: btswatch poll --settings btswatch.toml
    """
    run(settings, partial(_ingest, wanted=("poll",)), "ingest_port")


@app.command("traps")
def traps(settings: SettingsOption = None) -> None:
    """Receive traps and informs into the journal, and decode them from there.

    Example: btswatch traps --settings btswatch.toml
    """
    run(settings, partial(_ingest, wanted=("traps",)), "traps_port")


@app.command("gateway")
def gateway(settings: SettingsOption = None) -> None:
    """Take the enterprises' events over HTTP into the journal.

    Example: btswatch gateway --settings btswatch.toml
    """
    run(settings, partial(_ingest, wanted=("gateway",)), None)


@app.command("ingest", hidden=True)
def ingest(settings: SettingsOption = None) -> None:
    """Pollers, traps and gateway in one process, as `serve` runs them.

    Example: btswatch ingest --settings btswatch.toml
    """
    run(settings, partial(_ingest, wanted=("poll", "traps", "gateway")), "ingest_port")


@app.command("engine")
def engine(settings: SettingsOption = None) -> None:
    """Compute states and figures from the journal into ledger and archive, and close days; in the cluster only close.

    Example: btswatch engine --settings btswatch.toml
    """
    run(settings, partial(_engine, settings), "engine_port")


@app.command("forward")
def forward(settings: SettingsOption = None) -> None:
    """Send the journal's events to Kafka, and tell the workers how far they have come.

    Example: btswatch forward --settings btswatch.toml
    """
    run(settings, _forward, "forwarder_port")


@app.command("console")
def console(settings: SettingsOption = None) -> None:
    """Serve the NOC console from the ledger.

    Example: btswatch console --settings btswatch.toml
    """
    run(settings, _console, None)


@app.command("closing", hidden=True)
def closing(settings: SettingsOption = None) -> None:
    """Close the days that are due, print a line of JSON for each, and end.

    Example: btswatch closing --settings btswatch.toml
    """
    from btswatch.parts.closing import close_due, progress_line

    loaded = settings_from(settings)
    directory = directory_of(loaded, create=False)
    close_due(
        loaded, directory, registry_of(loaded), system_now_ms, lambda one: typer.echo(progress_line(one))
    )


def run(path: Path | None, build: Build, status_port: str | None) -> None:
    """Run one process until it is told to end."""
    from stores.archive_files import ArchiveError

    loaded = settings_from(path)
    status = None
    if status_port is not None:
        status = StatusServer(loaded.status.host, getattr(loaded.status, status_port))

    async def main() -> None:
        ending = Ending()
        await run_until_told(build(loaded, ending), ending, stop_s=loaded.stop_s * 0.8, status=status)
        if ending.given_up:
            # Python would cancel what is under way and wait for its end: with a broker that hangs longer than the deadline.
            sys.stderr.flush()
            os._exit(Exit.DONE)

    try:
        asyncio.run(main())
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        raise CommandError(Exit.UNREACHABLE, f"{where}{error.strerror or error}") from error
    except ArchiveError as error:
        raise CommandError(Exit.UNREACHABLE, str(error)) from error
    except PartFailedError as error:
        raise CommandError(Exit.NO, f"ended by itself: {error}") from error


def _ingest(settings: Settings, _ending: Ending, *, wanted: tuple[str, ...]) -> Part:
    from btswatch.parts.gateway import GatewayPart
    from btswatch.parts.journal import JournalPart
    from ingest.forwarder import CONSUMER as FORWARDER

    directory, registry = directory_of(settings), registry_of(settings)
    reader = FORWARDER if settings.form == "cluster" else None
    journal = JournalPart(directory, settings.journal, system_now_ms, reader)
    parts: list[Part] = [journal]
    if "gateway" in wanted:
        parts.append(GatewayPart(settings, directory, journal, lambda: registry, system_now_ms))
    if "poll" in wanted or "traps" in wanted:
        from btswatch.parts.snmp import snmp_parts

        parts += snmp_parts(
            settings,
            directory,
            journal,
            registry,
            credentials_of(settings),
            profiles_of(settings),
            wanted,
            system_now_ms,
        )
    return Together(*parts)


def _engine(path: Path | None, settings: Settings, ending: Ending) -> Part:
    from btswatch.parts.closing import days_due
    from btswatch.parts.engine import ClosingPart, EnginePart
    from btswatch.parts.provenance import note_provenance

    directory, registry = directory_of(settings), registry_of(settings)
    arguments = ("closing", *(("--settings", str(path)) if path else ()))

    started_with, started_ms = [registry], system_now_ms()

    def due() -> bool:
        # Its registry once: who changed the files since says so itself, and the closing reads them anew.
        note_provenance(settings, directory, started_with.pop() if started_with else None, system_now_ms)
        return bool(days_due(settings, directory, registry, system_now_ms, started_ms))

    closing = ClosingPart(arguments, due)
    if settings.form == "cluster":
        # What is live comes from the workers; the official figures of a closed day are made in one place.
        return closing
    if directory.archive().note() is not None:
        raise CommandError(
            Exit.MISUSE,
            f"{directory.path / 'archive'} is the cluster's: its numbers are no journal's; set form = \"cluster\"",
        )
    return Together(EnginePart(settings, directory, registry, system_now_ms, ending), closing)


def _forward(settings: Settings, ending: Ending) -> Part:
    from btswatch.parts.forward import ForwardPart

    directory, registry = directory_of(settings), registry_of(settings)
    return ForwardPart(settings, directory, registry, system_now_ms, ending, rules_of(settings).digest)


def _console(settings: Settings, _ending: Ending) -> Part:
    directory, registry = directory_of(settings), registry_of(settings)
    # Loads the whole web framework: not before what it needs is there.
    from btswatch.parts.console import ConsolePart

    return ConsolePart(settings, directory, registry, system_now_ms)
