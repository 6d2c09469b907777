"""The sink `notify` from the settings."""

from collections.abc import Callable
from datetime import date
from typing import Final

from btswatch.cli.configured import directory_of, registry_of
from btswatch.settings import Settings
from processors.sinks.consumer import DeadLetters, SinkConsumer
from processors.sinks.notify.observed import TOPICS
from processors.sinks.notify.receiver import Receiver
from processors.sinks.notify.sink import NotifySink
from processors.sinks.notify.texts import Texts
from processors.sinks.notify.webhook import Webhook
from schemas.registry import Registry
from schemas.settings.notify import ReceiverSettings
from schemas.time import LocalCalendar

FILE: Final = "notify.db"


class RegistryNames:
    """Names from the registry, as they are today."""

    def __init__(self, registry: Registry, today: Callable[[], date]) -> None:
        self._registry = registry
        self._today = today

    def element(self, element: str) -> str:
        """See `Names`."""
        row = self._registry.on(element, self._today())
        return (row.name if row else "") or element

    def unit(self, code: str) -> str:
        """See `Names`."""
        row = self._registry.unit_on(code, self._today())
        return (row.name if row else "") or code

    def enterprise(self, enterprise: str) -> str:
        """See `Names`."""
        row = self._registry.enterprises.get(enterprise)
        return (row.brand or row.name if row else "") or enterprise


class NotifyConsumer(SinkConsumer):
    """Ready while messages come in and every receiver can be told."""

    def __init__(
        self, settings: Settings, sink: NotifySink, dead_letters: DeadLetters, now_ms: Callable[[], int]
    ) -> None:
        super().__init__(
            "notify", TOPICS, sink, settings.kafka, settings.sinks, dead_letters=dead_letters, now_ms=now_ms
        )
        self._notify = sink

    def not_ready(self) -> str | None:
        """Why somebody isn't told."""
        reason = self._notify.not_ready()
        reasons = (super().not_ready(), f"sink notify: {reason}" if reason else None)
        return "; ".join(one for one in reasons if one) or None


def notify_sink(settings: Settings, now_ms: Callable[[], int]) -> SinkConsumer:
    """See `btswatch.parts.sink.Builder`."""
    calendar = LocalCalendar(settings.zone)
    names = RegistryNames(registry_of(settings), lambda: calendar.day_of(now_ms()))
    texts = Texts(settings.notify.console_url, calendar, names)

    def receiver_of(one: ReceiverSettings) -> Receiver:
        if one.kind == "webhook":
            return Webhook(one, texts)
        from processors.sinks.notify.apprise_url import AppriseUrl  # noqa: PLC0415 - it loads hundreds of services

        return AppriseUrl(one, texts)

    dead_letters = DeadLetters("notify", settings.kafka, now_ms)
    sink = NotifySink(
        directory_of(settings).path / FILE,
        settings.notify,
        settings.sinks,
        receiver_of=receiver_of,
        start_of=calendar.start_of,
        dead_letters=dead_letters,
        now_ms=now_ms,
    )
    return NotifyConsumer(settings, sink, dead_letters, now_ms)
