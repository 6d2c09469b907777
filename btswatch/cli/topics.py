"""`btswatch topics`: the cluster's topics on the brokers, as the catalogue wants them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from btswatch.cli.configured import SettingsOption, settings_from
from btswatch.cli.exits import CommandError, Exit
from schemas.settings.kafka import KafkaSettings

if TYPE_CHECKING:
    from stores.kafka.topics import Topics

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    help="Make and compare the cluster's topics. Example: btswatch topics apply --settings btswatch.toml",
)


@app.command("apply")
def apply(settings: SettingsOption = None) -> None:
    """Make the topics that are missing and alter those that differ; never deletes anything.

    Example: btswatch topics apply --settings btswatch.toml
    """
    from stores.kafka.topics import TopicsRefusedError

    with _topics(settings_from(settings).kafka) as topics:
        try:
            topics.apply(typer.echo)
        except TopicsRefusedError as error:
            raise CommandError(Exit.NO, *map(str, error.differences)) from error


@app.command("diff")
def diff(settings: SettingsOption = None) -> None:
    """List what differs from the catalogue; exit 1 when anything does.

    Example: btswatch topics diff --settings btswatch.toml
    """
    with _topics(settings_from(settings).kafka) as topics:
        differences = topics.differences()
    for one in differences:
        typer.echo(str(one))
    if differences:
        raise typer.Exit(Exit.NO)


@contextmanager
def _topics(settings: KafkaSettings) -> Iterator["Topics"]:
    """The topics, or the command's end where no broker can be used."""
    from kafka.errors import KafkaError

    from schemas.topics import load_topics
    from stores.kafka.reasons import told
    from stores.kafka.topics import Topics

    try:
        with Topics(settings, load_topics()) as topics:
            yield topics
    except KafkaError as error:
        line = f"Kafka at {settings.bootstrap}: {told(error)}; see kafka.bootstrap, security_protocol, sasl_* and tls_ca"
        raise CommandError(Exit.UNREACHABLE, line) from error
    except OSError as error:
        raise CommandError(Exit.MISUSE, f"kafka.tls_*: {error}") from error
