"""Whether the archive is complete for a day to be closed, as each form tells it, and who holds a closing up."""

from collections.abc import Callable
from contextlib import ExitStack

import structlog

from btswatch.settings import Settings
from processors.closing import Closer, archived_through
from processors.sinks.archive_progress import archived_from_topic, progress_of
from stores.archive import ArchiveReader
from stores.data_directory import DataDirectory
from stores.ledger import Ledger, alarms
from stores.ledger.alarms import FORWARDER_SILENT, Alarm

_LOG = structlog.get_logger()


def completeness(
    settings: Settings, directory: DataDirectory, archive: ArchiveReader, stack: ExitStack
) -> Callable[[int], bool]:
    """Whether the archive has all that was received up to an instant (ms); what it needs is closed with `stack`."""
    if settings.form == "cluster":
        chosen = settings.archive
        return archived_from_topic(archive, chosen.retired_forwarders, int(chosen.margin_s * 1000))
    journal = directory.journal(settings.journal)
    stack.callback(journal.close)
    journal.open()
    return archived_through(journal, archive)


def tell_silent(
    settings: Settings,
    archive: ArchiveReader,
    ledger: Ledger,
    closer: Closer,
    now_ms: int,
    watching_since_ms: int,
) -> list[Alarm]:
    """Raise an alarm for each forwarder that has held up a closing for long; one for all where none was ever heard.

    For long: since the day could be closed, and since somebody watches. What has just been started catches up first.
    """
    day = closer.held_up()
    if day is None:
        return []
    chosen = settings.archive
    wanted_ms = closer.close_ms(day) + int(chosen.margin_s * 1000)
    if now_ms - max(wanted_ms, watching_since_ms) <= chosen.silent_s * 1000:
        return []
    through = progress_of(archive).forwarders_through(chosen.retired_forwarders)
    raised = [
        Alarm(FORWARDER_SILENT, name, day, now_ms, {"received_through_ms": at, "wanted_ms": wanted_ms})
        for name, at in (through or {settings.forwarder.name: 0}).items()
        if at <= wanted_ms
    ]
    _LOG.error(
        "day can't be closed: forwarders are silent; one that is gone for good is named in archive.retired_forwarders",
        day=day.isoformat(),
        forwarders=[one.subject for one in raised],
    )
    with ledger.writing() as connection:
        alarms.raise_alarms(connection, raised)
    return raised
