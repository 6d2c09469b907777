"""The sinks as parts: which there are, how each is made from the settings, and running one."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

import structlog

from btswatch.parts.part import Ending, Part, Together
from btswatch.settings import Settings
from processors.sinks.consumer import SinkConsumer

_LOG = structlog.get_logger()
# A builder may raise CommandError; it opens and connects nothing yet. What has to run beside the sink it gives too.
Builder = Callable[[Settings, Callable[[], int]], SinkConsumer | tuple[SinkConsumer, Part]]


class SinkPart:
    """One sink in a thread; the process ends when the thread does."""

    def __init__(self, consumer: SinkConsumer, ending: Ending) -> None:
        self._consumer = consumer
        self._ending = ending
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin; that brokers or target are away shows in `not_ready`."""
        self._consumer.start()
        self._watch = asyncio.create_task(self._follow(), name="sink watch")

    async def stop(self, deadline_s: float) -> None:
        """Write what is in memory, commit, leave."""
        if not await asyncio.to_thread(self._consumer.stop, deadline_s):
            _LOG.error("sink did not stop in time; what was not committed comes again", deadline_s=deadline_s)
            return
        if self._watch is not None:
            await self._watch

    def not_ready(self) -> str | None:
        """Why nothing reaches the target at the moment."""
        return self._consumer.not_ready()

    async def _follow(self) -> None:
        await asyncio.to_thread(self._consumer.join)
        if self._consumer.failure is not None:
            self._ending.fail(self._consumer.failure)


def _ledger(settings: Settings, now_ms: Callable[[], int]) -> SinkConsumer:
    from btswatch.parts.sink_ledger import ledger_sink  # noqa: PLC0415 - see SINKS

    return ledger_sink(settings, now_ms)


def _archive(settings: Settings, now_ms: Callable[[], int]) -> tuple[SinkConsumer, Part]:
    from btswatch.parts.sink_archive import archive_sink  # noqa: PLC0415 - see SINKS

    return archive_sink(settings, now_ms)


def _influx(settings: Settings, now_ms: Callable[[], int]) -> SinkConsumer:
    from btswatch.parts.sink_influx import influx_sink  # noqa: PLC0415 - see SINKS

    return influx_sink(settings, now_ms)


def _notify(settings: Settings, now_ms: Callable[[], int]) -> SinkConsumer:
    from btswatch.parts.sink_notify import notify_sink  # noqa: PLC0415 - see SINKS

    return notify_sink(settings, now_ms)


# Each imports what it needs when it is built: a sink's process holds nothing of the others.
SINKS: Final[Mapping[str, Builder]] = {
    "archive": _archive,
    "influx": _influx,
    "ledger": _ledger,
    "notify": _notify,
}
"""By the name that `btswatch sink NAME` takes; its status port is the setting `status.NAME_sink_port`."""


def sink_part(name: str, settings: Settings, now_ms: Callable[[], int], ending: Ending) -> Part:
    """The sink `name` of `SINKS`, with what runs beside it."""
    built = SINKS[name](settings, now_ms)
    if isinstance(built, tuple):
        consumer, beside = built
        return Together(SinkPart(consumer, ending), beside)
    return SinkPart(built, ending)
