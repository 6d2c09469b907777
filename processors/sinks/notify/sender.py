"""Tells one receiver what it does not know yet, in a thread of its own: one that is away holds nobody else up.

What is to be told is what differs between the alerts and what the receiver was told, so that nothing queues up while it
is away. Delivered first, noted then: killed in between, the same alert is sent once more, with the same fingerprint and
start.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog

from processors.sinks.notify.alert import Alert, Status
from processors.sinks.notify.grouping import Group, Notification, Pace, Untold, due
from processors.sinks.notify.receiver import Receiver
from processors.sinks.notify.store import NotifyStore
from processors.sinks.outage import Outage
from processors.sinks.port import TargetUnavailableError
from schemas.cluster_metrics import NOTIFY_EXPIRED, NOTIFY_TOLD
from schemas.settings.sinks import SinkSettings

_LOOK_S: Final = 0.5
# More wait in the file; enough for every station of a province at once.
_MOST: Final = 5_000


@dataclass(frozen=True, slots=True)
class Telling:
    """How a receiver is told.

    Attributes:
        pace: of the messages of one group.
        recent_ms: what was over before it could be told is told when it ended so recently.
        resolved: whether ends are told.
    """

    pace: Pace
    recent_ms: int
    resolved: bool


class Sender:
    """One receiver's thread."""

    def __init__(
        self,
        receiver: Receiver,
        store: NotifyStore,
        telling: Telling,
        limits: SinkSettings,
        now_ms: Callable[[], int],
    ) -> None:
        self._receiver = receiver
        self._store = store
        self._telling = telling
        self._now_ms = now_ms
        self._outage = Outage(f"notify:{receiver.name}", limits)
        self._sent_ms: dict[Group, int] = {}
        self._begun_ms: int | None = None
        self._opened = False
        self._unnoted: list[tuple[Alert, Status]] = []
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.failure: BaseException | None = None

    def start(self) -> None:
        """Begin to tell."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, name=f"notify {self._receiver.name}")
        self._thread.start()

    def stop(self) -> None:
        """End after the message that is under way; the rest is told after the next start."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def not_ready(self) -> str | None:
        """Why it can't be told at the moment."""
        return f"receiver {self._receiver.name}: {self._outage.reason}" if self._outage.reason else None

    def _run(self) -> None:
        try:
            while not self._stop.wait(max(_LOOK_S, min(self._outage.pause_s(), 5.0))):
                if not self._outage.pause_s():
                    self._guarded()
        except BaseException as error:
            self.failure = error
            structlog.get_logger().exception("notifier's thread ended", receiver=self._receiver.name)
            raise
        finally:
            self._receiver.close()

    def _guarded(self) -> None:
        waiting = 0
        try:
            if self._begun_ms is None:
                self._begun_ms = self._store.begin(self._receiver.name, self._now_ms())
            self._note()
            if not self._opened:
                self._receiver.open()
                self._opened = True
            untold = self._untold(self._begun_ms)
            waiting = len(untold)
            for one in due(untold, self._sent_ms, self._telling.pace, self._now_ms()):
                if self._stop.is_set():
                    return
                self._send(one)
        except TargetUnavailableError as error:
            # Read its secrets again before the next try: they may be what is wrong.
            self._receiver.close()
            self._opened = False
            self._outage.failed("send", error, waiting)

    def _send(self, notification: Notification) -> None:
        self._receiver.send(notification)
        now_ms = self._now_ms()
        self._sent_ms[notification.group] = now_ms
        self._unnoted += [(alert, alert.status) for alert in notification.alerts]
        self._note()
        for alert in notification.alerts:
            NOTIFY_TOLD.counter().labels(self._receiver.name, alert.status).inc()
        self._outage.over("send")

    def _note(self) -> None:
        """What was delivered is noted before anything more is: a full disk must not make it be told again and again."""
        if self._unnoted:
            self._store.tell(self._receiver.name, self._unnoted, self._now_ms())
            self._unnoted = []

    def _untold(self, begun_ms: int) -> list[Untold]:
        """What is worth telling; the rest is noted as known, so that it is not looked at again."""
        now_ms = self._now_ms()
        oldest_ms = max(begun_ms, now_ms - self._telling.recent_ms)
        found: list[Untold] = []
        passed: list[tuple[Alert, Status]] = []
        for one, heard in self._store.untold(self._receiver.name, _MOST):
            ends_ms = one.alert.ends_ms
            over = ends_ms is not None and (
                (heard and not self._telling.resolved) or (not heard and ends_ms < oldest_ms)
            )
            if over:
                passed.append((one.alert, one.alert.status))
            else:
                found.append(one)
            if over and not heard:
                NOTIFY_EXPIRED.counter().labels(self._receiver.name).inc()
        if passed:
            self._store.tell(self._receiver.name, passed, now_ms)
        return found
