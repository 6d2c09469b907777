"""`btswatch stack`: the cluster's servers on one machine, without containers."""

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

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
from btswatch.supervise import CANT_RUN

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


@app.command("secrets")
def secrets(
    directory: Annotated[Path, typer.Argument(help="Where they go; what is there already stays")],
    host: Annotated[
        list[str] | None,
        typer.Option(help="Name or address that the TLS certificate is for (again for more)"),
    ] = None,
    kafka: Annotated[
        str | None, typer.Option(help="Also write a broker's properties: the name that clients call it by")
    ] = None,
) -> None:
    """Make the cluster's secrets: random, each in a file, in a directory for each program that reads them.

    Example: btswatch stack secrets /secrets --host btswatch.example.gov.vn
    """
    from datetime import UTC, datetime

    from btswatch.stack.secrets import make_secrets, write_kafka_properties

    for made in make_secrets(directory, host or ["localhost", "127.0.0.1"], datetime.now(UTC)):
        tell(f"made {made}")
    if kafka is not None:
        write_kafka_properties(directory, kafka)


@app.command("reader")
def reader(
    into: Annotated[Path, typer.Option(help="File that keeps the token; one that works stays")],
    settings: SettingsOption = None,
) -> None:
    """Have InfluxDB make a token that can read the product's buckets and nothing else, for Grafana.

    Example: btswatch stack reader --into /secrets/grafana/influx_read_token
    """
    import httpx

    from btswatch.stack.reader import make_reader
    from btswatch.stack.server import StackError

    influx = settings_from(settings).influx
    headers = {"Authorization": f"Token {influx.token.get_secret_value()}"}
    try:
        with httpx.Client(base_url=influx.url, headers=headers, timeout=30, trust_env=False) as client:
            made = make_reader(client, influx.org, influx.prefix, into)
    except StackError as error:
        raise CommandError(Exit.NO, *error.lines) from error
    except httpx.HTTPError as error:
        raise CommandError(Exit.UNREACHABLE, f"{influx.url}: {error}") from error
    tell(f"{'made' if made else 'kept'} {into}")


@app.command("province")
def province(
    data: Annotated[Path, typer.Option(help="Data directory of the demonstration")],
    settings: SettingsOption = None,
    proxy: Annotated[
        list[str] | None, typer.Option(help="Address of a proxy before the gateway (again for more)")
    ] = None,
    stations: Annotated[
        int, typer.Option(min=5, max=20_000, help="Stations; 0.4 links come with each")
    ] = 200,
    days: Annotated[int, typer.Option(min=0, max=366, help="Closed days of history")] = 30,
) -> None:
    """Make the demonstration's data directory for containers: usual ports, each part on a host of its own.

    With settings of another place it only reads them, with registry, credentials and profiles, and makes the data
    directory that they name.

    Example: btswatch stack province --data /data --stations 200
    """
    from btswatch.cli.demo import made_of
    from btswatch.demo.build import Wanted
    from btswatch.demo.record import SETTINGS
    from btswatch.stack.containers import further_settings
    from stores.data_directory import DataDirectory, DataDirectoryError

    if settings is not None and settings.absolute() != (data / SETTINGS).absolute():
        loaded = settings_from(settings)
        for read in (registry_of, credentials_of, profiles_of, directory_of):
            read(loaded)
        tell(f"{settings} can be used; data in {loaded.data}")
        return
    further = partial(further_settings, proxies=tuple(proxy or ()))
    directory = DataDirectory(data.absolute())
    try:
        directory.path.mkdir(parents=True, exist_ok=True)
        directory.lock()
        made = made_of(directory, Wanted(stations, days, usual_ports=True, further=further))
    except DataDirectoryError as error:
        raise CommandError(Exit.MISUSE, str(error)) from error
    finally:
        directory.unlock()
    tell(f"{made.record.stations} stations in {made.settings.data}")


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
    data: Annotated[Path, typer.Option(help="Directory of all data; an existing one goes on")] = Path(
        "data/stack"
    ),
    seed: Annotated[int | None, typer.Option(help="Of the province and its story", show_default="1")] = None,
    servers: ServersOption = None,
) -> None:
    """Run the made-up province on the cluster: real Kafka, InfluxDB, PostgreSQL and all of our processes, here.

    The same processes with the same settings as docker-compose.yml. Servers that are absent are installed first.

    Example: btswatch stack demo --stations 200
    """
    from btswatch.demo.build import Wanted
    from btswatch.stack import install as installing
    from btswatch.stack.demo import DATA, Stack, run_province
    from btswatch.stack.places import servers_directory
    from btswatch.stack.server import StackError
    from stores.data_directory import DataDirectory, DataDirectoryError

    place = data.absolute()
    programs = servers.absolute() if servers else servers_directory()
    try:
        installing.install(programs, tell)
        code = run_province(
            Stack(place, programs, tell),
            DataDirectory(place / DATA),
            Wanted(stations, days, seed, port),
            tell,
        )
    except StackError as error:
        raise CommandError(Exit.UNREACHABLE, *error.lines) from error
    except DataDirectoryError as error:
        raise CommandError(Exit.MISUSE, str(error)) from error
    if code:
        raise CommandError(Exit(code), CANT_RUN)


def tell(line: str) -> None:
    """A line of progress, at once."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - what the command has to say
