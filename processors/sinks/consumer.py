"""Feeds a sink from Kafka: writes first, commits then, and stays in its group while the target is away.

Nothing is lost: an offset is committed only once the target has what came before it. Messages may come again (after a
crash, or when partitions move), so writing them twice must be harmless. Memory is bounded: while the target is away
partitions are paused, and polling goes on only so that the group keeps us.
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

import structlog
from kafka.errors import KafkaError

from processors.sinks.broker import Broker
from processors.sinks.dead_letters import DeadLetters
from processors.sinks.outage import Outage
from processors.sinks.port import (
    Message,
    OwnPositions,
    Sink,
    TargetRefusedError,
    TargetUnavailableError,
)
from schemas.cluster_metrics import SINK_BROKER_FAILED, SINK_MESSAGES, SINK_PENDING_BYTES, SINK_WRITE_SECONDS
from schemas.dead_letters import REPLAY_TO
from schemas.settings.kafka import KafkaSettings
from schemas.settings.sinks import SinkSettings
from stores.kafka.reasons import is_denied, told

__all__ = [
    "DeadLetters",
    "Message",
    "OwnPositions",
    "Sink",
    "SinkConsumer",
    "TargetRefusedError",
    "TargetUnavailableError",
]

_IDLE_EVERY_S: Final = 1.0
_EMPTY_S: Final = 0.1


class SinkConsumer:
    """Runs a sink in a thread.

    Args:
        name: such as `influx`; the consumer group is the prefix, `sink-` and the name.
        topics: the catalogue's names, without the prefix.
        sink: opened, fed and closed here. One with `OwnPositions` gets all partitions for itself.
        kafka: the way to the brokers.
        limits: batches, pauses, timeouts.
        dead_letters: delivered before what they belong to is committed; closed here.
        now_ms: the clock, for `idle`.
    """

    def __init__(
        self,
        name: str,
        topics: Sequence[str],
        sink: Sink,
        kafka: KafkaSettings,
        limits: SinkSettings,
        *,
        dead_letters: DeadLetters | None = None,
        now_ms: Callable[[], int],
    ) -> None:
        self._name = name
        self._sink = sink
        self._limits = limits
        self._dead_letters = dead_letters
        self._now_ms = now_ms
        self._log = structlog.get_logger().bind(sink=name)
        self._broker = Broker(name, topics, kafka, limits, sink if isinstance(sink, OwnPositions) else None)
        self._outage = Outage(name, limits)
        self._pending: list[Message] = []
        self._broker_trouble: str | None = "not connected yet"
        self._opened = False
        self._idle_at = 0.0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.failure: BaseException | None = None

    def start(self) -> None:
        """Run in a thread of its own. `failure` says why it ended if it did so by itself."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, name=f"sink {self._name}")
        self._thread.start()

    def stop(self, deadline_s: float) -> bool:
        """Write what is in memory, commit, close; False when the deadline passed before."""
        self._stop.set()
        self.join(deadline_s)
        return self._thread is None or not self._thread.is_alive()

    def join(self, deadline_s: float | None = None) -> None:
        """Wait until the thread has ended, whyever."""
        if self._thread is not None:
            self._thread.join(deadline_s)

    def not_ready(self) -> str | None:
        """Why nothing reaches the target at the moment."""
        if self.failure is not None:
            return f"sink {self._name}: {self.failure!r}"
        reason = self._outage.reason or self._broker_trouble
        return f"sink {self._name}: {reason}" if reason else None

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                try:
                    self._step()
                except KafkaError as error:
                    self._broker_failed(error)
            self._finish()
        except BaseException as error:
            self.failure = error
            self._log.exception("sink ended")
            raise
        finally:
            self._close()

    def _step(self) -> None:
        if not self._opened:
            if self._outage.pause_s() > 0:
                self._stop.wait(min(self._outage.pause_s(), _IDLE_EVERY_S))
            else:
                self._opened = self._guarded("open", self._sink.open)
            return
        if not self._broker.is_open:
            self._broker.open()
        self._take_in()
        if self._pending and not self._broker.moving and not self._outage.pause_s():
            self._write()
        # Not while messages wait: what they left behind (dead letters) is not delivered yet.
        if not self._pending and time.monotonic() >= self._idle_at and not self._outage.pause_s():
            self._idle_at = time.monotonic() + _IDLE_EVERY_S
            self._guarded("idle", lambda: self._sink.idle(self._now_ms()))
        self._broker.commit()
        self._broker_trouble = self._broker.trouble()

    def _take_in(self) -> None:
        """Poll once, or until a batch is full; while messages wait for the target only to stay in the group."""
        held = bool(self._pending)
        # While partitions move nothing is written, so there is time; else until the next try.
        wait_s = _IDLE_EVERY_S
        if held and not self._broker.moving:
            wait_s = min(self._outage.pause_s(), _IDLE_EVERY_S)
        until = None
        while not self._stop.is_set():
            asked = time.monotonic()
            found = self._broker.poll(wait_s, self._room(), hold=held)
            if not found:
                # The broker's poll comes back at once while a heartbeat waits for its answer.
                left_s = wait_s - (time.monotonic() - asked)
                self._stop.wait(max(0.0, min(left_s, _EMPTY_S)))
            self._pending = self._broker.still_ours(self._pending) + found
            self._broker.took(found)
            if held or not self._pending or not self._room():
                break
            until = until or time.monotonic() + self._limits.gather_s
            wait_s = until - time.monotonic()
            if wait_s <= 0:
                break
        SINK_PENDING_BYTES.gauge().labels(self._name).set(sum(len(one.value) for one in self._pending))

    def _room(self) -> int:
        """How many messages more may be gathered."""
        if sum(len(one.value) for one in self._pending) >= self._limits.batch_bytes:
            return 0
        return max(0, self._limits.batch_messages - len(self._pending))

    def _write(self) -> None:
        if not self._guarded("write", self._write_pending):
            return
        for topic in {one.topic for one in self._pending}:
            count = sum(one.topic == topic for one in self._pending)
            SINK_MESSAGES.counter().labels(self._name, topic).inc(count)
        self._broker.written(self._pending)
        self._pending = []

    def _write_pending(self) -> None:
        if self._dead_letters is not None:
            self._dead_letters.clear()
        with SINK_WRITE_SECONDS.histogram().labels(self._name).time():
            ours = [one for one in self._pending if self._is_for_us(one)]
            if ours:
                self._sink.write(ours)
        if self._dead_letters is not None:
            self._dead_letters.flush()

    def _is_for_us(self, message: Message) -> bool:
        """What another sink could not take, and gets again, is none of ours."""
        return message.headers.get(REPLAY_TO, self._name.encode()) == self._name.encode()

    def _guarded(self, kind: str, work: Callable[[], None]) -> bool:
        """Whether the target took it; where it did not, when it is tried again is noted."""
        try:
            work()
        except TargetUnavailableError as error:
            self._outage.failed(kind, error, len(self._pending))
            return False
        self._outage.over(kind)
        return True

    def _broker_failed(self, error: KafkaError) -> None:
        """Begin anew with the brokers: what was not committed comes again."""
        SINK_BROKER_FAILED.counter().labels(self._name, type(error).__name__).inc()
        text = told(error)
        if self._broker_trouble != text:
            self._log.error("brokers can't be used; tried again", error=text)
        self._broker_trouble = text
        self._pending = []
        self._broker.close()
        pause = self._limits.refused_retry_s if is_denied(error) else self._limits.retry_s
        self._stop.wait(pause)

    def _finish(self) -> None:
        if self._opened and self._pending and not self._outage.pause_s():
            self._write()
        # Before the commit: a sink with positions of its own may move them with its last writes.
        self._close_sink()
        try:
            self._broker.commit(wait=True)
        except KafkaError as error:
            self._log.warning("not committed at the end; it comes again", error=told(error))

    def _close_sink(self) -> None:
        if self._opened:
            self._opened = False
            try:
                self._sink.close()
            except TargetUnavailableError as error:
                self._log.warning("target not closed cleanly", reason=error.reason)

    def _close(self) -> None:
        try:
            self._close_sink()
        finally:
            self._broker.close()
            if self._dead_letters is not None:
                self._dead_letters.close()
