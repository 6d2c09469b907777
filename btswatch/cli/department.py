"""The Department's own events on their way into the journal: what its people measured and found."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from btswatch.cli.configured import directory_of
from btswatch.cli.exits import CommandError, Exit

if TYPE_CHECKING:
    from btswatch.settings import Settings
    from schemas.registry import Registry
    from stores.journal import Appended


def must_be_free(registry: "Registry") -> None:
    """The Department's reporter id must be no enterprise's."""
    from processors.drive_test.campaign import REPORTER

    if REPORTER in registry.enterprises:
        raise CommandError(
            Exit.MISUSE, f"the registry has an enterprise {REPORTER!r}: the Department's own id"
        )


def append(settings: "Settings", events: Sequence[Mapping[str, Any]], now_ms: int) -> "list[Appended]":
    """Make the events durable in one transaction, on the measured track; an answer for each. In a demo they are marked."""
    from pydantic import ValidationError

    from processors.drive_test.campaign import REPORTER
    from schemas.status import Track
    from schemas.submission import refusal_of
    from stores.data_directory import Mode
    from stores.entries import entry_of
    from stores.journal import JournalError, Origin

    directory = directory_of(settings, create=False)
    origin: Origin | None = "simulated" if directory.mode() is Mode.DEMO else None
    try:
        entries = [
            entry_of(event, received_ms=now_ms, track=Track.MEASURED, reporter=REPORTER, origin=origin)
            for event in events
        ]
        with directory.journal(settings.journal) as journal:
            return journal.append(entries)
    except ValidationError as error:
        raise CommandError(Exit.MISUSE, refusal_of(error)[1]) from error
    except JournalError as error:
        raise CommandError(Exit.UNREACHABLE, str(error)) from error
