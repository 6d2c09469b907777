"""`btswatch sink archive`, wired: evidence from Kafka into the data directory's archive, and the archive's upkeep."""

from collections.abc import Callable, Mapping

from btswatch.cli.configured import directory_of
from btswatch.ledger import ledger_of
from btswatch.parts.archive_upkeep import ArchiveUpkeep
from btswatch.settings import Settings
from processors.sinks.archive import TOPIC, ArchiveSink
from processors.sinks.consumer import SinkConsumer
from processors.sinks.dead_letters import DeadLetters
from schemas.time import LocalCalendar
from schemas.topics import load_topics
from stores.archive import Archive
from stores.data_directory import DataDirectory
from stores.journal import new_number


def archive_sink(settings: Settings, now_ms: Callable[[], int]) -> tuple[SinkConsumer, "UpkeepPart"]:
    """Not started yet.

    Raises:
        CommandError: the data directory can't be used.
    """
    directory = directory_of(settings)
    archive = directory.archive(LocalCalendar(settings.zone))
    letters = DeadLetters("archive", settings.kafka, now_ms)
    sink = ArchiveSink(
        archive,
        settings.archive,
        load_topics()[TOPIC].partitions,
        lambda: _archived_before(settings, directory, archive),
        letters,
    )
    consumer = SinkConsumer(
        "archive", (TOPIC,), sink, settings.kafka, settings.sinks, dead_letters=letters, now_ms=now_ms
    )
    return consumer, UpkeepPart(settings, directory, archive)


def _archived_before(settings: Settings, directory: DataDirectory, archive: Archive) -> Mapping[str, int]:
    """An archive that an embedded engine wrote reaches up to an offset of the journal beside it."""
    durable = archive.durable_offset()
    if not durable or not (directory.path / "journal.db").exists():
        return {}
    with directory.journal(settings.journal) as journal:
        # Given here where the forwarder has not run yet: it takes the same one.
        number = journal.number(new_number())
    return {settings.forwarder.id_of(number): durable}


class UpkeepPart:
    """Makes one file a family of each closed day, with its manifest, while the sink has the archive open."""

    def __init__(self, settings: Settings, directory: DataDirectory, archive: Archive) -> None:
        self._ledger = ledger_of(settings, directory)
        self._upkeep = ArchiveUpkeep(archive, self._ledger)

    async def start(self) -> None:
        """Look for closed days, now and then."""
        self._ledger.open()
        self._upkeep.start()

    async def stop(self, deadline_s: float) -> None:  # noqa: ARG002 - a merge is given up at its next line
        """Before the archive is closed."""
        await self._upkeep.stop()
        self._ledger.close()

    def not_ready(self) -> str | None:
        """Merging late is no reason to take the sink for broken."""
        return None
