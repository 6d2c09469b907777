"""`btswatch influx`: InfluxDB's buckets and downsampling tasks, as the written schema wants them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from btswatch.cli.configured import SettingsOption, settings_from
from btswatch.cli.exits import CommandError, Exit
from btswatch.settings import Settings

if TYPE_CHECKING:
    from stores.influx.management import Management

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    help="Make and compare InfluxDB's buckets and tasks. Example: btswatch influx apply --settings btswatch.toml",
)


@app.command("apply")
def apply(settings: SettingsOption = None) -> None:
    """Make buckets, their retention and the downsampling tasks as the schema says. The sink does so when it starts.

    Example: btswatch influx apply --settings btswatch.toml
    """
    with _management(settings_from(settings)) as management:
        for one in management.apply():
            typer.echo(f"changed: {one}")


@app.command("diff")
def diff(settings: SettingsOption = None) -> None:
    """List what differs from the schema; exit 1 when anything does.

    Example: btswatch influx diff --settings btswatch.toml
    """
    with _management(settings_from(settings)) as management:
        differences = management.differences()
    for one in differences:
        typer.echo(str(one))
    if differences:
        raise typer.Exit(Exit.NO)


@contextmanager
def _management(settings: Settings) -> Iterator["Management"]:
    """The server's buckets and tasks, or the command's end where it can't be used."""
    from btswatch.parts.sink_influx import need_token
    from stores.influx.errors import InfluxRefusedError, InfluxUnavailableError
    from stores.influx.management import Management

    need_token(settings)
    try:
        with Management(settings.influx, settings.zone) as management:
            yield management
    except InfluxUnavailableError as error:
        raise CommandError(Exit.UNREACHABLE, error.reason) from error
    except InfluxRefusedError as error:
        raise CommandError(Exit.NO, error.reason) from error
