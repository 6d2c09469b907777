"""`btswatch sink notify`: messages become alerts in the notifier's file; its senders tell receivers of them.

The file is what a message is durable in, so that offsets are committed although a receiver is away.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from sqlite3 import Connection
from typing import Final

from processors.sinks.dead_letters import DeadLetters
from processors.sinks.notify.alert import fingerprint
from processors.sinks.notify.grouping import Pace
from processors.sinks.notify.observed import Observed, UnreadableError, observed
from processors.sinks.notify.phases import Phase, Spell, Stand, settle
from processors.sinks.notify.receiver import Receiver
from processors.sinks.notify.sender import Sender, Telling
from processors.sinks.notify.store import (
    NotifyStore,
    ripe,
    save_spell,
    save_watch,
    spells_of,
    watch_of,
)
from processors.sinks.notify.watch import kept_firing, watched
from processors.sinks.port import Message
from schemas.cluster_metrics import NOTIFY_CONDITIONS
from schemas.settings.notify import NotifySettings, ReceiverSettings
from schemas.settings.sinks import SinkSettings

# A partition that brought nothing for so long has been read to its end: its time is the clock's.
_QUIET_S: Final = 3.0
# The longest that any topic keeps what it speaks of.
_KEPT_MS: Final = 40 * 86_400_000
_ALERTS: Final = 100_000
_FORGET_MS: Final = 3_600_000


class NotifySink:
    """See `processors.sinks.port.Sink`.

    Args:
        path: its file; only one process has it.
        settings: what is told, and when.
        limits: pauses while a receiver is away.
        receiver_of: makes a receiver from its settings.
        start_of: the instant at which a local day starts.
        dead_letters: takes what can't be read.
        now_ms: the clock.
    """

    def __init__(
        self,
        path: Path,
        settings: NotifySettings,
        limits: SinkSettings,
        *,
        receiver_of: Callable[[ReceiverSettings], Receiver],
        start_of: Callable[[date], int],
        dead_letters: DeadLetters,
        now_ms: Callable[[], int],
    ) -> None:
        self._settings = settings
        self._store = NotifyStore(path)
        self._start_of = start_of
        self._dead_letters = dead_letters
        self._now_ms = now_ms
        self._for_ms = int(settings.for_s * 1000)
        pace = Pace(
            int(settings.group_wait_s * 1000), int(settings.group_interval_s * 1000), settings.most_alerts
        )
        self._senders = [
            Sender(
                receiver_of(one),
                self._store,
                Telling(pace, int(settings.recent_s * 1000), one.send_resolved),
                limits,
                now_ms,
            )
            for one in settings.receivers
        ]
        self._clock_ms: dict[str, int] = {}
        self._heard_s: dict[str, float] = {}
        self._forgot_ms = 0
        self._joining_s = limits.session_s
        self._opened_s = 0.0

    def open(self) -> None:
        """Open the file and begin to tell what in it is untold."""
        self._store.open()
        self._opened_s = time.monotonic()
        for sender in self._senders:
            sender.start()

    def write(self, messages: Sequence[Message]) -> None:
        """Bring the alerts up to date, in one transaction."""
        read: list[tuple[Message, Observed]] = []
        for message in messages:
            try:
                said = observed(message, self._start_of)
            except UnreadableError as error:
                self._dead_letters.send(message, "invalid", str(error))
                continue
            if said is not None and (message.topic == "transitions" or self._settings.findings):
                read.append((message, said))
        with self._store.writing() as connection:
            for message, said in read:
                self._take(connection, said, _partition(message), message.at_ms)
        for message in messages:
            self._heard(_partition(message), message.at_ms)

    def idle(self, now_ms: int) -> None:
        """Time passes: what is pending for long enough is firing."""
        for sender in self._senders:
            if sender.failure is not None:
                raise RuntimeError("a thread of the notifier has ended") from sender.failure
        with self._store.writing() as connection:
            for watch in ripe(connection, lambda partition: self._clock(partition, now_ms), self._for_ms):
                stand = Stand(Phase.FIRING, watch.stand.since_ms)
                save_watch(connection, replace(watch, stand=stand))
                save_spell(connection, watch, Spell(stand.since_ms, None), now_ms)
        counts = self._store.counts()
        for phase in Phase:
            NOTIFY_CONDITIONS.gauge().labels(phase.value).set(counts.get(phase.value, 0))
        if now_ms - self._forgot_ms >= _FORGET_MS:
            self._store.forget(now_ms - _KEPT_MS, _ALERTS)
            self._forgot_ms = now_ms

    def close(self) -> None:
        """End the senders, close the file."""
        for sender in self._senders:
            sender.stop()
        self._store.close()

    def not_ready(self) -> str | None:
        """The first receiver that can't be told, and why."""
        return next((reason for sender in self._senders if (reason := sender.not_ready())), None)

    def _take(self, connection: Connection, said: Observed, partition: str, at_ms: int) -> None:
        name = fingerprint(said.labels)
        found = watched(watch_of(connection, name), said, partition, at_ms, self._for_ms)
        if found is None:
            return
        known = spells_of(connection, name)
        # Spells of what is history to the message are none of its business.
        since_ms = min((one.starts_ms for one in found[1]), default=at_ms)
        touched = [one for one in known if one.ends_ms is None or one.ends_ms > since_ms]
        watch, spells = kept_firing(found[0], found[1], touched)
        for spell in settle(touched, spells, said.as_of_ms):
            save_spell(connection, watch, spell, self._now_ms())
        save_watch(connection, watch)

    def _heard(self, partition: str, at_ms: int) -> None:
        self._clock_ms[partition] = max(at_ms, self._clock_ms.get(partition, 0))
        self._heard_s[partition] = time.monotonic()

    def _clock(self, partition: str, now_ms: int) -> int:
        """The time up to which the partition was read.

        While a backlog is read, what is pending in it must not fire before its end, which may be the next message.
        """
        # After a start it takes until then to be given partitions and read what has waited in them.
        heard_s = self._heard_s.get(partition, self._opened_s + self._joining_s)
        quiet = time.monotonic() - heard_s >= _QUIET_S
        return now_ms if quiet else self._clock_ms.get(partition, 0)


def _partition(message: Message) -> str:
    return f"{message.topic}/{message.partition}"
