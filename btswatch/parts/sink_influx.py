"""`btswatch sink influx`, wired: Kafka's results and the parts' metrics into the InfluxDB that the settings name."""

from collections.abc import Callable

from btswatch.cli.configured import directory_of, registry_of, rules_of
from btswatch.cli.exits import CommandError, Exit
from btswatch.ledger import ledger_of
from btswatch.settings import Settings
from processors.sinks.consumer import SinkConsumer
from processors.sinks.dead_letters import DeadLetters
from processors.sinks.influx.sink import TOPICS, InfluxSink
from schemas.time import LocalCalendar


def influx_sink(settings: Settings, now_ms: Callable[[], int]) -> SinkConsumer:
    """Not started yet.

    Raises:
        CommandError: there is no token, or registry, rules or data directory can't be used.
    """
    need_token(settings)
    letters = DeadLetters("influx", settings.kafka, now_ms)
    sink = InfluxSink(
        settings.influx,
        registry_of(settings),
        LocalCalendar(settings.zone),
        ledger_of(settings, directory_of(settings)),
        letters,
        now_ms,
        rules_of(settings),
    )
    return SinkConsumer(
        "influx", TOPICS, sink, settings.kafka, settings.sinks, dead_letters=letters, now_ms=now_ms
    )


def need_token(settings: Settings) -> None:
    """Without one nothing can be done there.

    Raises:
        CommandError: there is none.
    """
    if not settings.influx.token.get_secret_value():
        raise CommandError(
            Exit.MISUSE, "influx.token is not set: name its file in BTSWATCH_INFLUX__TOKEN_FILE"
        )
