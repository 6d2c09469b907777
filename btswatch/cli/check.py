"""`btswatch check`: read everything that is configured, connect to what it names, and say what is wrong."""

import asyncio
import errno
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Annotated, TypeVar

import typer

from btswatch.cli.configured import (
    SettingsOption,
    credentials_of,
    profiles_of,
    registry_of,
    rules_of,
    settings_from,
)
from btswatch.cli.exits import CommandError, Exit
from btswatch.settings import Settings
from schemas.credentials import Credential
from schemas.registry import Registry

app = typer.Typer(rich_markup_mode=None, add_completion=False)
_T = TypeVar("_T")


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong; `reach` when it is a service that does not answer."""

    text: str
    reach: bool = False


@app.command("check")
def check(
    settings: SettingsOption = None,
    connect: Annotated[bool, typer.Option(help="Also ask every SNMP agent and try every port")] = True,
) -> None:
    """Read settings, registry, profiles and credentials; connect to what they name; say what is wrong.

    Example: btswatch check --settings btswatch.toml
    """
    try:
        loaded = settings_from(settings)
    except CommandError as error:
        raise CommandError(Exit.NO, *error.lines) from error
    found: list[Finding] = []
    registry = _or_finding(lambda: registry_of(loaded), found)
    credentials = _or_finding(lambda: credentials_of(loaded), found)
    _or_finding(lambda: rules_of(loaded), found)
    found += _mode(loaded)
    if registry is not None and credentials is not None:
        found += _devices(loaded, registry, credentials, connect=connect)
    if connect:
        found += _ports(loaded)
        found += _ledger(loaded)
        found += _kafka(loaded)
    if found:
        code = Exit.UNREACHABLE if all(one.reach for one in found) else Exit.NO
        raise CommandError(code, *(one.text for one in found))
    elements = len(registry.elements) if registry else 0
    typer.echo(
        f"All is well: {elements} elements, {len(credentials or {})} credentials, data in {loaded.data}."
    )


def _or_finding(read: Callable[[], _T], found: list[Finding]) -> _T | None:
    try:
        return read()
    except CommandError as error:
        found += [Finding(line) for line in error.lines]
        return None


def _mode(settings: Settings) -> Iterator[Finding]:
    from stores.data_directory import DataDirectory, DataDirectoryError, Mode

    try:
        DataDirectory(settings.data).check(Mode(settings.mode))
    except DataDirectoryError as error:
        yield Finding(str(error))


def _devices(
    settings: Settings, registry: Registry, credentials: dict[str, Credential], *, connect: bool
) -> Iterator[Finding]:
    from ingest.snmp.devices import devices_of

    found: list[Finding] = []
    profiles = _or_finding(lambda: profiles_of(settings), found)
    yield from found
    if profiles is None:
        return
    devices = devices_of(registry, date.today(), credentials, profiles, settings.poll)  # noqa: DTZ011 - the operator's own day
    for one in devices.undone:
        yield Finding(f"{settings.registry}: element {one.element}: {one.why}")
    if connect and devices.devices:
        from btswatch.parts.snmp import ask_all

        for target, why in asyncio.run(ask_all(devices.devices)):
            yield Finding(f"agent {target}: {why}", reach=True)


def _ledger(settings: Settings) -> Iterator[Finding]:
    """A database that is named is tried; nothing is made in it."""
    if not settings.ledger.url:
        return
    from btswatch.ledger import ledger_of
    from stores.data_directory import DataDirectory
    from stores.ledger import SchemaMismatchError
    from stores.ledger.trouble import TROUBLE, in_a_line

    ledger = ledger_of(settings, DataDirectory(settings.data))
    try:
        encoding = ledger.encoding()
        ledger.open(migrate=False)
    except SchemaMismatchError as error:
        # An empty or older one is brought to this program's form when something is started.
        if error.is_newer:
            yield Finding(f"setting ledger.url: {error}")
    except TROUBLE as error:
        yield Finding(f"setting ledger.url: {in_a_line(error)}", reach=True)
        return
    finally:
        ledger.close()
    if encoding != "UTF8":
        yield Finding(
            f"setting ledger.url: the database is encoded in {encoding}: make it with ENCODING 'UTF8'"
        )


def _kafka(settings: Settings) -> Iterator[Finding]:
    """The cluster's topics have to be there as the catalogue wants them; nothing is made."""
    if settings.form != "cluster":
        return
    from kafka.errors import KafkaError

    from schemas.topics import load_topics
    from stores.kafka.reasons import told
    from stores.kafka.topics import Topics

    try:
        with Topics(settings.kafka, load_topics()) as topics:
            for one in topics.differences():
                yield Finding(f"topic {one} (btswatch topics apply)")
    except KafkaError as error:
        yield Finding(f"setting kafka.bootstrap: {settings.kafka.bootstrap}: {told(error)}", reach=True)
    except OSError as error:
        yield Finding(f"settings kafka.tls_*: {error}")


def _ports(settings: Settings) -> Iterator[Finding]:
    wanted = [
        ("gateway.port", settings.gateway.host, settings.gateway.port, socket.SOCK_STREAM),
        ("console.port", settings.console.host, settings.console.port, socket.SOCK_STREAM),
        ("traps.port", settings.traps.host, settings.traps.port, socket.SOCK_DGRAM),
        ("status.ingest_port", settings.status.host, settings.status.ingest_port, socket.SOCK_STREAM),
        ("status.engine_port", settings.status.host, settings.status.engine_port, socket.SOCK_STREAM),
    ]
    for name, host, port, kind in wanted:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind) as probe:
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                hint = " (is btswatch running already?)" if error.errno == errno.EADDRINUSE else ""
                yield Finding(f"setting {name}: {host}:{port}: {error.strerror}{hint}", reach=True)
