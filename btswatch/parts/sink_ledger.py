"""`btswatch sink ledger`, wired: Kafka's results into the ledger that the settings name."""

from collections.abc import Callable

from btswatch.cli.configured import directory_of, registry_of
from btswatch.ledger import ledger_of
from btswatch.settings import Settings
from processors.sinks.consumer import SinkConsumer
from processors.sinks.dead_letters import DeadLetters
from processors.sinks.ledger import TOPICS, LedgerSink
from schemas.time import LocalCalendar


def ledger_sink(settings: Settings, now_ms: Callable[[], int]) -> SinkConsumer:
    """Not started yet.

    Raises:
        CommandError: registry or data directory can't be used.
    """
    directory = directory_of(settings)
    letters = DeadLetters("ledger", settings.kafka, now_ms)
    sink = LedgerSink(
        ledger_of(settings, directory),
        registry_of(settings).enterprises,
        LocalCalendar(settings.zone),
        letters,
        directory.bell("console").ring,
    )
    return SinkConsumer(
        "ledger", TOPICS, sink, settings.kafka, settings.sinks, dead_letters=letters, now_ms=now_ms
    )
