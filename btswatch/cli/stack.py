"""`btswatch stack`: the cluster's servers on one machine, without containers."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from btswatch.cli.exits import CommandError, Exit

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=False)
ServersOption = Annotated[
    Path | None,
    typer.Option(
        "--servers",
        envvar="BTSWATCH_SERVERS",
        help="Directory that keeps them",
        show_default="btswatch/servers in the user's cache directory",
    ),
]


@app.callback()
def stack() -> None:
    """Kafka, InfluxDB and PostgreSQL on this machine without containers, and the whole cluster on them.

    Example: btswatch stack install
    """


@app.command("install")
def install(servers: ServersOption = None) -> None:
    """Get the servers: Kafka by Maven, InfluxDB built by Go, PostgreSQL from the distribution.

    Example: btswatch stack install
    """
    from btswatch.stack import install as installing
    from btswatch.stack.places import servers_directory
    from btswatch.stack.server import StackError

    try:
        installing.install(servers.absolute() if servers else servers_directory(), tell)
    except StackError as error:
        raise CommandError(Exit.UNREACHABLE, *error.lines) from error


def tell(line: str) -> None:
    """A line of progress, at once."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - what the command has to say
