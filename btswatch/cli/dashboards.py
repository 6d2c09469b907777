"""`btswatch dashboards`: Grafana's dashboards built, pushed and compared."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from btswatch.cli.configured import SettingsOption, settings_from
from btswatch.cli.exits import CommandError, Exit
from dashboards.console.texts import Language
from schemas.settings.grafana import GrafanaSettings

if TYPE_CHECKING:
    from dashboards.grafana.committed import Committed
    from dashboards.grafana.grafana_api_client import GrafanaApiClient
    from dashboards.grafana.push import Outcome

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False)

Languages = Annotated[
    list[Language] | None, typer.Option("--language", help="Only this one; may be given twice. Default: both")
]


@app.callback()
def _group() -> None:
    """Grafana's dashboards: built from code, pushed to a server or written for one, compared with what a server has.

    Example: btswatch dashboards push --settings btswatch.toml
    """


@app.command()
def build(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 when a committed file differs")
    ] = False,
) -> None:
    """Write the dashboards' JSON files into the checkout, for people who change them.

    Example: btswatch dashboards build --check
    """
    try:
        from dashboards.grafana.build import ROOT, drift, generated, write
    except ModuleNotFoundError as error:
        raise _without_extra(error) from error
    if check:
        stale = drift()
        if stale:
            lines = [f"{path} differs from what the code makes" for path in stale]
            raise CommandError(Exit.NO, *lines, "run `btswatch dashboards build` and commit what it writes")
        typer.echo(f"{len(generated())} files are as the code makes them")
        return
    for path in write():
        typer.echo(str(path.relative_to(ROOT)))


@app.command()
def push(
    settings: SettingsOption = None,
    language: Languages = None,
    datasource: Annotated[
        bool, typer.Option("--datasource", help="Also make or replace the data source, from [grafana]")
    ] = False,
) -> None:
    """Bring folders and dashboards to the Grafana of the settings; what is there as it should be is left alone.

    Example: btswatch dashboards push --settings btswatch.toml --language vi --datasource
    """
    wanted = settings_from(settings).grafana
    if datasource and not wanted.influx_token.get_secret_value():
        raise CommandError(
            Exit.MISUSE, "--datasource needs grafana.influx_token: an InfluxDB token that can only read"
        )
    with _server(wanted) as server:
        from dashboards.grafana.push import push as push_all
        from dashboards.grafana.push import push_datasource

        if datasource:
            typer.echo(_line(push_datasource(server, wanted)))
        for outcome in push_all(server, _chosen(wanted, language)):
            typer.echo(_line(outcome))


@app.command()
def provision(
    into: Annotated[
        Path, typer.Option(help="Directory that Grafana reads: LANGUAGE/NAME.json in it are replaced")
    ],
    settings: SettingsOption = None,
    language: Languages = None,
) -> None:
    """Write the dashboards as files for a Grafana that provisions them, with links to the console of the settings.

    Example: btswatch dashboards provision --into /var/lib/grafana/dashboards/btswatch
    """
    from dashboards.grafana.committed import write_files

    wanted = _chosen(settings_from(settings).grafana, language)
    try:
        written = list(write_files(into, wanted))
    except OSError as error:
        raise CommandError(Exit.MISUSE, f"{error.filename or into}: {error.strerror}") from error
    for path in written:
        typer.echo(str(path))


@app.command("check")
def compare(settings: SettingsOption = None, language: Languages = None) -> None:
    """Tell what the Grafana of the settings has otherwise than this version's dashboards; exit 1 if anything.

    Example: btswatch dashboards check --settings btswatch.toml
    """
    wanted = settings_from(settings).grafana
    with _server(wanted) as server:
        from dashboards.grafana.push import differences

        found = list(differences(server, _chosen(wanted, language)))
    if found:
        raise CommandError(Exit.NO, *found, "`btswatch dashboards push` brings them")
    typer.echo(f"{wanted.url} has the dashboards of this version")


def _chosen(wanted: GrafanaSettings, languages: list[Language] | None) -> "Iterator[Committed]":
    from dashboards.grafana.committed import committed

    for one in committed():
        if not languages or one.language in languages:
            yield one.with_console(wanted.console_url)


@contextmanager
def _server(wanted: GrafanaSettings) -> "Iterator[GrafanaApiClient]":
    from dashboards.grafana.port import GrafanaRefusedError, GrafanaUnreachableError

    try:
        from dashboards.grafana.grafana_api_client import GrafanaApiClient
    except ModuleNotFoundError as error:
        raise _without_extra(error) from error
    if not wanted.token.get_secret_value():
        raise CommandError(
            Exit.MISUSE,
            "grafana.token is not set: make a service account's token in Grafana and name its file"
            " with BTSWATCH_GRAFANA__TOKEN_FILE",
        )
    if wanted.tls_ca is not None and not Path(wanted.tls_ca).is_file():
        raise CommandError(Exit.MISUSE, f"grafana.tls_ca: {wanted.tls_ca}: there is no such file")
    server = GrafanaApiClient(wanted)
    try:
        yield server
    except GrafanaUnreachableError as error:
        raise CommandError(
            Exit.UNREACHABLE, f"Grafana can't be reached at {error}; see grafana.url"
        ) from error
    except GrafanaRefusedError as error:
        raise CommandError(Exit.NO, f"Grafana refused {error}", *_hint(error.status, error.kind)) from error
    finally:
        server.close()


def _hint(status: int, kind: str) -> Iterator[str]:
    hints = {
        401: "the token is wrong, expired or of another Grafana: see grafana.token",
        403: "the token's account may not do this: give it the role Editor (Admin for --datasource)",
    }
    kinds = {
        "version-mismatch": "somebody saved it at the same time: push again",
        "name-exists": "another dashboard of that folder has this title: rename or remove it",
        "plugin-dashboard": "it belongs to a plugin: remove that one first",
    }
    if found := kinds.get(kind) or hints.get(status):
        yield found


def _without_extra(error: ModuleNotFoundError) -> CommandError:
    return CommandError(
        Exit.MISUSE,
        f"{error.name} is not installed: `make .venv/installed-dev` installs the extra `dashboards`, too",
    )


def _line(outcome: "Outcome") -> str:
    return f"{outcome.result}\t{outcome.what}"
