"""`btswatch sink influx`, wired: Kafka's results and the parts' metrics into the InfluxDB that the settings name."""

import sys
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from btswatch.cli.configured import directory_of, registry_of, rules_of
from btswatch.cli.exits import CommandError, Exit
from btswatch.cli.measured import measurements_of
from btswatch.ledger import ledger_of
from btswatch.settings import Settings
from processors.core.measurements import Said
from processors.sinks.consumer import SinkConsumer
from processors.sinks.dead_letters import DeadLetters
from processors.sinks.influx.sink import TOPICS, InfluxSink
from schemas.time import LocalCalendar

# Lines are made while a thread beside speaks with the server. Python's own 5 ms before each of its turns are most of a
# request's time: the sink wrote a fifth less.
TURN_S: Final = 0.0005
_HOUR_MS: Final = 3_600_000


def influx_sink(settings: Settings, now_ms: Callable[[], int]) -> SinkConsumer:
    """Not started yet; the process's threads take turns as it wants them.

    Raises:
        CommandError: there is no token, or registry, rules or data directory can't be used.
    """
    need_token(settings)
    sys.setswitchinterval(TURN_S)
    letters = DeadLetters("influx", settings.kafka, now_ms)
    registry, rules = registry_of(settings), rules_of(settings)
    sink = InfluxSink(
        settings.influx,
        registry,
        LocalCalendar(settings.zone),
        ledger_of(settings, directory_of(settings)),
        letters,
        now_ms,
        rules,
        _Measured(lambda: measurements_of(settings, registry, rules)[0], now_ms),
    )
    return SinkConsumer(
        "influx", TOPICS, sink, settings.kafka, settings.sinks, dead_letters=letters, now_ms=now_ms
    )


class _Measured:
    """All measurements of the archive beside us (none where there is none), read anew each hour."""

    def __init__(self, read: Callable[[], Sequence[Said]], now_ms: Callable[[], int]) -> None:
        self._read = read
        self._now_ms = now_ms
        self._known: Sequence[Said] = ()
        self._read_ms: int | None = None

    def __call__(self) -> Sequence[Said]:
        now_ms = self._now_ms()
        if self._read_ms is None or now_ms - self._read_ms >= _HOUR_MS:
            self._read_ms = now_ms
            try:
                self._known = self._read()
            except CommandError as error:
                # What was known stays: a damaged file of the archive must not stop what comes from the topics.
                structlog.get_logger().error("measurements can't be read", reason=str(error))
        return self._known


def need_token(settings: Settings) -> None:
    """Without one nothing can be done there.

    Raises:
        CommandError: there is none.
    """
    if not settings.influx.token.get_secret_value():
        raise CommandError(
            Exit.MISUSE, "influx.token is not set: name its file in BTSWATCH_INFLUX__TOKEN_FILE"
        )
