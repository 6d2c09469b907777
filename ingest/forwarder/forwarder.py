"""The forwarder: journal -> Kafka, in one thread of one process.

Its position in the journal is stored once everything before it is acknowledged. Killed anywhere it sends again what
came after; readers know a repetition by forwarder, key and journal offset.
"""

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable
from typing import Final

import structlog

from ingest.forwarder import CONSUMER, records
from ingest.forwarder.batching import sort_out
from ingest.forwarder.records import Record
from ingest.forwarder.sender import NotDeliveredError, Sender
from schemas.cluster_metrics import (
    FORWARDER_FAILED,
    FORWARDER_LAG,
    FORWARDER_OFFSET,
    FORWARDER_SECONDS,
    FORWARDER_SENT,
    FORWARDER_THROUGH,
)
from schemas.control import InForce, Tick
from schemas.settings.forwarder import ForwarderSettings
from schemas.settings.kafka import KafkaSettings
from schemas.time import from_ms
from schemas.topics import load_topics
from stores.doorbell import Doorbell
from stores.journal import Journal, JournalError

EMBEDDED_ENGINE: Final = "engine"
_BROKERS: Final = "brokers"
# In a backlog: bounded memory, but larger messages than other readers' steps make.
_READ_BYTES: Final = 24 << 20


class Forwarder:
    """Sends a journal's events.

    Args:
        journal: open.
        kafka: the way to the brokers.
        settings: how much at once, and how often it is told how far it is.
        in_force: which registry and rules it works with, as digests; asked before each telling.
        number: for a journal that has none yet, see `Journal.number`.
        bell: rung by the journal; bound while this runs.
        now_ms: the clock.
        waited_for: rung when the position moves, which is then stored after every delivery; None: with each tick is
            soon enough.
        reporting_changes: enterprises that report changes only: their events are signs of life in every partition.
    """

    def __init__(
        self,
        journal: Journal,
        kafka: KafkaSettings,
        settings: ForwarderSettings,
        *,
        in_force: Callable[[], tuple[str, str | None]],
        number: int,
        bell: Doorbell,
        now_ms: Callable[[], int],
        waited_for: Doorbell | None = None,
        reporting_changes: Collection[str] = (),
    ) -> None:
        self._waited_for = waited_for
        self._reporting_changes = frozenset(reporting_changes)
        topic = load_topics()[records.EVIDENCE]
        self._journal = journal
        self._settings = settings
        self._in_force = in_force
        self._number = number
        self._bell = bell
        self._now_ms = now_ms
        self._partitions = topic.partitions
        # Kafka's limit is of a packet of messages: some room for its own fields.
        self._most_bytes = topic.max_message_bytes * 9 // 10
        self._sender = Sender(kafka, topic.partitions)
        self._waves: deque[list[Record]] = deque()
        self._sent_through = (0, 0)
        self._position = 0
        self._stored = 0
        self._through_ms = 0
        self._tick_at = self._in_force_at = 0.0
        self._told_in_force: tuple[str, str | None] | None = None
        self._tries = 0
        self._trouble: str | None = None
        self._stop = threading.Event()
        self._stop_by = 0.0
        self._thread: threading.Thread | None = None
        self.id = ""
        self.failure: BaseException | None = None

    def open(self) -> None:
        """Go on from the journal. The embedded engine reads it no more, so nothing is kept for it."""
        self._journal.register(CONSUMER)
        if EMBEDDED_ENGINE in self._journal.consumers():
            self._journal.forget_consumer(EMBEDDED_ENGINE)
        self.id = self._settings.id_of(self._journal.number(self._number))
        self._position = self._stored = self._journal.position(CONSUMER)

    def start(self) -> None:
        """Open, and run in a thread of its own. `failure` says why it ended if it did so by itself."""
        self.open()
        self._stop.clear()
        self._bell.open()
        self._thread = threading.Thread(target=self._run, name="forwarder")
        self._thread.start()

    def stop(self, deadline_s: float) -> bool:
        """Send what the journal has, store the position, end; False when the deadline passed before."""
        self._stop_by = time.monotonic() + deadline_s * 0.8
        self._stop.set()
        self._bell.ring()
        self.join(deadline_s)
        if self._thread is not None and self._thread.is_alive():
            return False
        self._bell.close()
        return True

    def join(self, deadline_s: float | None = None) -> None:
        """Wait until the thread has ended, whyever."""
        if self._thread is not None:
            self._thread.join(deadline_s)

    def not_ready(self) -> str | None:
        """Why nothing is sent at the moment."""
        if self.failure is not None:
            return f"forwarder: {self.failure!r}"
        return f"forwarder: {self._trouble}" if self._trouble else None

    def step(self) -> bool:
        """Send a piece of the journal and what is due of control messages. True when there is more to send at once.

        Raises:
            NotDeliveredError: the brokers did not take all; the next step goes on with what is open.
            JournalError: the journal can't be read or written.
        """
        if not self._waves:
            self._take_in()
        self._deliver()
        self._position, self._through_ms = self._sent_through
        if self._waited_for is not None:
            self._store()
        FORWARDER_OFFSET.gauge().set(self._position)
        FORWARDER_THROUGH.gauge().set(self._through_ms / 1000)
        behind = self._count_lag()
        self._tell(time.monotonic())
        return behind > 0

    def _count_lag(self) -> int:
        behind = max(0, self._journal.last_offset() - self._position)
        FORWARDER_LAG.gauge().set(behind)
        return behind

    def _take_in(self) -> None:
        """Read a piece of the journal, and note how far all is sent once it is acknowledged."""
        now_ms, last = self._now_ms(), self._journal.last_offset()
        entries = self._journal.read(self._position, self._settings.batch_events, ["event"], _READ_BYTES)
        end = entries[-1].offset if entries else max(self._position, last)
        behind = end < last and bool(entries)
        through_ms = entries[-1].received_ms if behind else now_ms
        self._sent_through = end, max(self._through_ms, through_ms)
        found = sort_out(entries, self._partitions, self._most_bytes, self._reporting_changes)
        for wave in found.waves:
            self._waves.append([one for batch in wave for one in records.evidence(batch, self.id)])
        if found.unsendable:
            self._waves.append(list(records.dead_letters(found.unsendable, self.id, self._most_bytes)))

    def _deliver(self) -> None:
        while self._waves:
            wave = self._waves[0]
            try:
                with FORWARDER_SECONDS.histogram().time():
                    self._sender.deliver(wave, self._given_up)
            except NotDeliveredError as error:
                self._count(one for one in wave if one not in error.open)
                self._waves[0] = error.open
                raise
            self._count(wave)
            self._waves.popleft()

    def _tell(self, at: float) -> None:
        """Tick, tell what is in force, and store the position, each when it is due."""
        digests = self._in_force()
        if at >= self._in_force_at or digests != self._told_in_force:
            registry, rules = digests
            self._sender.deliver(
                records.control(InForce(registry=registry, rules=rules, forwarder=self.id), self._partitions),
                self._given_up,
            )
            self._told_in_force = digests
            self._in_force_at = at + self._settings.in_force_s
        if at >= self._tick_at:
            tick = Tick(received_through=from_ms(self._through_ms), forwarder=self.id)
            self._sender.deliver(records.control(tick, self._partitions), self._given_up)
            self._tick_at = at + self._settings.tick_s
            self._store()

    def _store(self) -> None:
        if self._position > self._stored:
            self._journal.commit(CONSUMER, self._position)
            self._stored = self._position
            if self._waited_for is not None:
                self._ring(self._waited_for)

    def _ring(self, bell: Doorbell) -> None:
        try:
            bell.ring()
        except OSError as error:
            # The position is stored; who waits for it looks again.
            structlog.get_logger().warning("doorbell can't be rung", bell=str(bell.path), error=str(error))

    def _run(self) -> None:
        try:
            more = True
            while not self._stop.is_set():
                if not more and self._bell.wait(max(0.0, self._tick_at - time.monotonic())):
                    self._stop.wait(self._settings.gather_s)
                more = self._guarded()
            self._drain()
        except BaseException as error:
            self.failure = error
            structlog.get_logger().exception("forwarder ended")
            raise
        finally:
            self._sender.close()

    def _drain(self) -> None:
        # In an outage nothing can be sent: it is sent after the next start.
        while self._trouble is None and not self._given_up() and self._guarded():
            pass
        if self._trouble is None:
            # The last word: readers need not wait for a tick that does not come.
            self._tick_at = 0.0
            self._guarded()
        try:
            self._store()
        except JournalError as error:
            structlog.get_logger().error("position not stored; some is sent again", error=str(error))

    def _guarded(self) -> bool:
        """One step; what fails is tried again after a pause that grows."""
        try:
            more = self.step()
        except NotDeliveredError as error:
            # It matters most while they are away. A journal that can't be read either shows at the next step.
            with contextlib.suppress(JournalError):
                self._count_lag()
            return self._failed(_BROKERS, error.reason)
        except JournalError as error:
            return self._failed("journal", str(error))
        if self._trouble is not None:
            structlog.get_logger().warning("forwarder sends again", offset=self._position)
        self._trouble = None
        self._tries = 0
        return more

    def _failed(self, where: str, reason: str) -> bool:
        FORWARDER_FAILED.counter().labels(where).inc()
        if self._trouble is None:
            structlog.get_logger().error(
                "forwarder can't send; the journal keeps all, it is tried again", where=where, reason=reason
            )
        self._trouble = reason
        pause = min(self._settings.retry_s * 2**self._tries, self._settings.retry_most_s)
        self._tries = min(self._tries + 1, 30)
        # While stopping there is no second try: what is open is sent at the next start.
        self._stop.wait(pause)
        return not self._stop.is_set()

    def _given_up(self) -> bool:
        return self._stop.is_set() and time.monotonic() >= self._stop_by

    @staticmethod
    def _count(delivered: Iterable[Record]) -> None:
        for one in delivered:
            if one.events:
                FORWARDER_SENT.counter().labels(one.topic).inc(one.events)
