"""`btswatch demo`: a whole province on this machine."""

import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from btswatch.cli.exits import CommandError, Exit
from btswatch.settings import Settings
from btswatch.supervise import CANT_RUN, Child, Plan, Supervisor, become

if TYPE_CHECKING:
    from btswatch.demo.build import Made, Wanted
    from stores.data_directory import DataDirectory

app = typer.Typer(rich_markup_mode=None, add_completion=False)
_MINUTE_S: Final = 60.0
_READY_S: Final = 60.0


@app.command("demo")
def demo(
    stations: Annotated[
        int | None,
        typer.Option(min=5, max=20_000, help="Stations; 0.4 links come with each", show_default="200"),
    ] = None,
    days: Annotated[
        int | None, typer.Option(min=0, max=366, help="Closed days of history", show_default="30")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65_535, help="Port of the console", show_default="8088")
    ] = None,
    data: Annotated[Path, typer.Option(help="Data directory; an existing one goes on")] = Path("data/demo"),
    seed: Annotated[int | None, typer.Option(help="Of the province and its story", show_default="1")] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Run one minute, print a summary as JSON, end")
    ] = False,
) -> None:
    """Run a made-up province: simulated agents that are really polled, enterprises that really push, a console.

    Example: btswatch demo --stations 200
    """
    from btswatch.demo.build import Wanted
    from stores.data_directory import DataDirectory, DataDirectoryError

    # The registry's CSV and the children's settings name it from other places.
    directory = DataDirectory(data.absolute())
    try:
        directory.path.mkdir(parents=True, exist_ok=True)
        directory.lock()
        made = made_of(directory, Wanted(stations, days, seed, port))
        if not once:
            directory.keep_lock_over_exec()
            become(Plan(children_of(made.settings_path, made.settings), made.settings.stop_s, told_of(made)))
        code, summary = asyncio.run(_run_minute(made, directory))
    except DataDirectoryError as error:
        raise CommandError(Exit.MISUSE, str(error)) from error
    except OSError as error:
        raise CommandError(
            Exit.UNREACHABLE, f"{error.filename or data}: {error.strerror or error}"
        ) from error
    finally:
        directory.unlock()
    if summary is not None:
        typer.echo(json.dumps(summary, ensure_ascii=False))
        if summary["errors"]:
            raise CommandError(Exit.NO, *summary["errors"])
    if code:
        raise CommandError(Exit(code), CANT_RUN)


def made_of(directory: "DataDirectory", wanted: "Wanted") -> "Made":
    """The demonstration in the locked directory, made or as it is; or the command's end."""
    from btswatch.demo.build import DifferentDemoError, make
    from btswatch.demo.ports import NoFreePortError
    from btswatch.demo.record import DemoRecordError
    from btswatch.parts.part import system_now_ms

    try:
        return make(directory, wanted, system_now_ms)
    except (DifferentDemoError, DemoRecordError, NoFreePortError) as error:
        raise CommandError(Exit.MISUSE, str(error)) from error


async def _run_minute(made: "Made", directory: "DataDirectory") -> tuple[int, Mapping[str, Any] | None]:
    supervisor = Supervisor(children_of(made.settings_path, made.settings), stop_s=made.settings.stop_s)
    watching = asyncio.create_task(_minute(made, supervisor))
    told = "\n".join(told_of(made))
    code = await supervisor.run(lambda: print(told, file=sys.stderr, flush=True))  # noqa: T201 - what the command has to say
    watching.cancel()
    seen = (await asyncio.gather(watching, return_exceptions=True))[0]
    if code:
        return code, None
    from btswatch.demo.summary import Seen, summary

    return code, summary(made, directory, seen if isinstance(seen, Seen) else Seen({}, {}))


async def _minute(made: "Made", supervisor: Supervisor) -> Any:
    from btswatch.demo.summary import ready, seen

    try:
        async with asyncio.timeout(_READY_S):
            await ready(made.settings)
        await asyncio.sleep(_MINUTE_S)
        return await seen(made.settings)
    finally:
        supervisor.stop()


def children_of(path: Path, settings: Settings) -> Sequence[Child]:
    """The product's processes and the simulated world, on the demonstration's settings."""
    from btswatch.cli.serve import parts_of

    # What the parts do every day is no news on a demonstration's terminal.
    quiet = {} if "BTSWATCH_LOG_LEVEL" in os.environ else {"BTSWATCH_LOG_LEVEL": "WARNING"}
    chosen = ("--settings", str(path))
    parts = [
        Child(one.name, one.arguments, {**quiet, **one.environment}, one.stop_order, one.restart)
        for one in parts_of(path, settings)
    ]
    return [
        *parts,
        Child("world", ("-m", "btswatch.demo.world", *chosen), quiet, stop_order=0),
        Child(
            "history",
            ("-m", "btswatch.demo.history", *chosen),
            quiet,
            stop_order=0,
            restart=False,
        ),
    ]


def told_of(made: "Made", more: Sequence[str] = ()) -> Sequence[str]:
    """Where to look; `more` takes the place of how commands find the installation."""
    settings, record = made.settings, made.record
    written = "are being written" if made.new else "go on where they were"
    extent = f"{record.stations} stations, {round(0.4 * record.stations)} links, 6 enterprises, all simulated"
    return (
        f"Console  http://{settings.console.host}:{settings.console.port}/",
        f"Gateway  http://{settings.gateway.host}:{settings.gateway.port}/docs",
        f"Province {extent}; {record.days} days of history {written}",
        f"Data     {settings.data.resolve()}",
        *(more or (f"Commands export BTSWATCH_SETTINGS={made.settings_path.resolve()}",)),
        "Ctrl-C drains and stops; the same command goes on",
    )
