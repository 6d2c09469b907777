"""The Department's own events on their way into the journal: what its people measured and found."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from btswatch.cli.at_once import write_at_once
from btswatch.cli.configured import directory_of
from btswatch.cli.exits import CommandError, Exit

if TYPE_CHECKING:
    from btswatch.settings import Settings
    from schemas.registry import Registry
    from stores.journal import Appended, NewEntry
    from stores.ledger import Ledger


def must_be_free(registry: "Registry") -> None:
    """The Department's reporter id must be no enterprise's."""
    from processors.drive_test.campaign import REPORTER

    if REPORTER in registry.enterprises:
        raise CommandError(
            Exit.MISUSE, f"the registry has an enterprise {REPORTER!r}: the Department's own id"
        )


def note(settings: "Settings", write: "Callable[[Ledger], object]") -> None:
    """Into the audit chain at once. The events are on disk: where the ledger is away, that is said and ends nothing."""
    why = write_at_once(settings, write)
    if why is not None:
        typer.echo(f"not in the audit chain yet, give the same command again: {why}", err=True)


def entries_of(settings: "Settings", events: Sequence[Mapping[str, Any]], now_ms: int) -> "list[NewEntry]":
    """The events as journal entries, on the measured track. In a demo they are marked."""
    from pydantic import ValidationError

    from processors.drive_test.campaign import REPORTER
    from schemas.status import Track
    from schemas.submission import refusal_of
    from stores.data_directory import Mode
    from stores.entries import entry_of
    from stores.journal import Origin

    origin: Origin | None = "simulated" if directory_of(settings, create=False).mode() is Mode.DEMO else None
    try:
        return [
            entry_of(event, received_ms=now_ms, track=Track.MEASURED, reporter=REPORTER, origin=origin)
            for event in events
        ]
    except ValidationError as error:
        raise CommandError(Exit.MISUSE, refusal_of(error)[1]) from error


def append(settings: "Settings", entries: "Sequence[NewEntry]") -> "list[Appended]":
    """Make them durable in one transaction; an answer for each."""
    from stores.journal import JournalError

    try:
        with directory_of(settings, create=False).journal(settings.journal) as journal:
            return journal.append(entries)
    except JournalError as error:
        raise CommandError(Exit.UNREACHABLE, str(error)) from error
