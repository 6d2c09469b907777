"""What commands that run or examine an installation have in common: its settings, registry and data directory."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from btswatch.cli.exits import CommandError, Exit
from btswatch.settings import Settings, SettingsError
from schemas.credentials import Credential
from schemas.registry import Registry
from stores.data_directory import DataDirectory, DataDirectoryError, Mode
from stores.registry.credentials import load_credentials
from stores.registry.load import load
from stores.registry.problems import RegistryErrors

if TYPE_CHECKING:
    from ingest.snmp.profiles import Profiles
    from processors.rules import Rules
    from stores.ledger import Ledger

# A day beyond them, or one reckoned from it, may have no instant.
FIRST_YEAR, LAST_YEAR = 1970, 9990

SettingsOption = Annotated[
    Path | None,
    typer.Option(
        "--settings", envvar="BTSWATCH_SETTINGS", help="TOML file; without one, defaults and environment"
    ),
]


def settings_from(path: Path | None) -> Settings:
    """The settings, or the command's end with every problem."""
    try:
        return Settings.load(path)
    except SettingsError as error:
        raise CommandError(Exit.MISUSE, *error.lines) from error


def registry_of(settings: Settings) -> Registry:
    """The registry, or the command's end with every problem."""
    try:
        return load(settings.registry, zone=settings.zone)
    except RegistryErrors as errors:
        raise CommandError(Exit.MISUSE, *map(str, errors.problems), *_which(settings)) from errors


def _which(settings: Settings) -> Iterator[str]:
    """What to do where no settings were named, and nothing lies where defaults look."""
    if settings == Settings():
        yield "--settings or BTSWATCH_SETTINGS names an installation's settings, such as data/demo/btswatch.toml"


def known_enterprise(settings: Settings, enterprise: str | None, option: str = "--enterprise") -> None:
    """Nothing, or the command's end where one is asked for that the registry does not have."""
    if enterprise is None:
        return
    known = registry_of(settings).enterprises
    if enterprise not in known:
        said = f"{option} {enterprise}" if option else enterprise
        raise CommandError(
            Exit.MISUSE,
            f"{said}: not in the registry {settings.registry}; known: {', '.join(sorted(known))}",
        )


def credentials_of(settings: Settings) -> dict[str, Credential]:
    """The SNMP credentials by name; none where the file is absent and so nothing can be polled."""
    if not settings.credentials.exists():
        return {}
    try:
        return load_credentials(settings.credentials)
    except RegistryErrors as errors:
        raise CommandError(Exit.MISUSE, *map(str, errors.problems)) from errors


def profiles_of(settings: Settings) -> "Profiles":
    """The SNMP profiles, or the command's end with every problem."""
    from ingest.snmp.profiles import ProfileError, load_profiles

    try:
        return load_profiles(*((settings.profiles,) if settings.profiles else ()))
    except ProfileError as error:
        raise CommandError(Exit.MISUSE, *error.problems) from error


def day_from(text: str, option: str = "") -> date:
    """A local day as it is written on the command line."""
    said = f"{option} {text}" if option else text
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise CommandError(Exit.MISUSE, f"{said}: a day is written as 2026-11-23") from error
    in_reach(said, day)
    return day


def in_reach(said: str, day: date) -> None:
    """The command's end where the day, or what is reckoned from it, has no instant here."""
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise CommandError(
            Exit.MISUSE, f"{said}: nothing is told of years before {FIRST_YEAR} or after {LAST_YEAR}"
        )


def rules_of(settings: Settings) -> "Rules":
    """The rules, or the command's end with every problem."""
    from processors.rules import RulesError, load_rules

    try:
        return load_rules(settings.rules)
    except RulesError as error:
        raise CommandError(Exit.MISUSE, *error.lines) from error


def directory_of(settings: Settings, *, create: bool = True) -> DataDirectory:
    """The data directory in the settings' mode."""
    directory = DataDirectory(settings.data)
    try:
        if create:
            directory.create(Mode(settings.mode))
        else:
            directory.mode()
    except DataDirectoryError as error:
        raise CommandError(Exit.MISUSE, str(error), *_which(settings)) from error
    return directory


@contextmanager
def open_ledger(settings: Settings) -> Iterator["Ledger"]:
    """The ledger of an installation, which has to be there: open, and closed at the end."""
    from sqlalchemy.exc import SQLAlchemyError

    from btswatch.ledger import ledger_of
    from stores.ledger.database import SchemaMismatchError
    from stores.ledger.snapshots import SnapshotDamagedError

    directory = directory_of(settings, create=False)
    if not settings.ledger.url and not directory.ledger_path.exists():
        raise CommandError(Exit.MISUSE, f"{directory.ledger_path}: no such ledger")
    ledger = ledger_of(settings, directory)
    try:
        ledger.open(migrate=False)
        yield ledger
    except SchemaMismatchError as error:
        raise CommandError(Exit.MISUSE, str(error)) from error
    except SnapshotDamagedError as error:
        raise CommandError(Exit.NO, f"{error}; btswatch ledger verify says what else was changed") from error
    except SQLAlchemyError as error:
        raise CommandError(Exit.UNREACHABLE, f"ledger: {str(error).splitlines()[0]}") from error
    finally:
        ledger.close()
