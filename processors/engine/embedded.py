"""The embedded engine: journal -> core -> ledger and archive, in one thread of one process.

The position is written with the last of what it covers, and everything written before it may be written again
without harm: so a process that is killed anywhere goes on as if nothing had been.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import structlog
from sqlalchemy.exc import SQLAlchemyError

from processors.core.conventions import Conventions, Grid
from processors.engine.checkpoint import CONSUMER, HORIZON, Checkpointer, Progress
from processors.engine.conventions import check_conventions
from processors.engine.feed_watch import FeedWatch
from processors.engine.intake import Applied, TurnedAway, apply
from processors.engine.ledger_state import LedgerState
from processors.engine.live import Pace
from processors.engine.session import Session, open_session
from schemas.metrics import ENGINE_EVENTS, ENGINE_FAILED, ENGINE_LAG
from schemas.registry import Registry
from schemas.settings.engine import EngineSettings
from stores.archive import Archive, ArchiveError
from stores.doorbell import Doorbell
from stores.journal import Journal, JournalError
from stores.ledger import Ledger, feeds, positions

_US = 1000


@dataclass(frozen=True)
class Stores:
    """What the engine reads and writes; opened and closed by whoever made them."""

    journal: Journal
    ledger: Ledger
    archive: Archive


class EmbeddedEngine:
    """Hosts the core over a journal.

    Args:
        stores: open stores.
        registry: who owns what.
        conventions: the deployment's constants; a ledger keeps to those that it was made with.
        settings: how often to write.
        bell: rung by the journal; bound while the engine runs.
        told: rung after each write to the ledger.
        now_ms: the clock.
    """

    def __init__(
        self,
        stores: Stores,
        registry: Registry,
        conventions: Conventions,
        settings: EngineSettings,
        *,
        bell: Doorbell,
        told: Doorbell,
        now_ms: Callable[[], int],
    ) -> None:
        self._stores = stores
        self._registry = registry
        self._conventions = conventions
        self._settings = settings
        self._bell = bell
        self._told = told
        self._now_ms = now_ms
        self._session: Session | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.failure: BaseException | None = None

    def open(self) -> None:
        """Go on from the ledger.

        Raises:
            ConventionsChangedError: the ledger was made with another grid or zone.
        """
        stores, now_ms = self._stores, self._now_ms()
        stores.journal.register(CONSUMER)
        with stores.ledger.writing() as connection:
            check_conventions(connection, self._conventions)
            stored = positions.known_property(connection, HORIZON)
            today = Grid(self._conventions).day_of(now_ms * 1000)
            horizon = date.fromisoformat(stored).toordinal() if stored else today - 1
            if not stored:
                positions.save_property(connection, HORIZON, date.fromordinal(horizon).isoformat())
            position = positions.position(connection, CONSUMER)
            watch = FeedWatch(self._registry.enterprises, feeds.feeds_health(connection))
            self._session = open_session(
                LedgerState(connection),
                self._registry,
                self._conventions,
                pace_of(self._settings),
                now_ms,
                horizon=horizon,
                feeds=watch,
                numbering=_offset_of,
            )
        archived = stores.archive.durable_offset()
        self._progress = Progress(position, archived, min(position, archived), now_ms)
        self._checkpointer = Checkpointer(stores.ledger, stores.archive, stores.journal, self._told, watch)

    def start(self) -> None:
        """Open, and run in a thread of its own. `failure` says why it ended if it did so by itself."""
        self.open()
        self._stop.clear()
        self._bell.open()
        self._thread = threading.Thread(target=self._run, name="engine")
        self._thread.start()

    def join(self) -> None:
        """Wait until the thread has ended, whyever."""
        if self._thread is not None:
            self._thread.join()

    def stop(self) -> bool:
        """Take in what is in the journal, write everything, end; False when the deadline passed before."""
        self._stop.set()
        self._bell.ring()
        if self._thread is not None:
            self._thread.join(self._settings.stop_s)
            if self._thread.is_alive():
                return False
            self._thread = None
        self._bell.close()
        return True

    def step(self) -> bool:
        """Read what the journal has, read elements again, write what is due. True when there is more to do at once."""
        session, progress, now_ms = self._opened(), self._progress, self._now_ms()
        more = self._take_in(session, now_ms)
        session.time_passes(now_ms)
        # While behind, elements would be read again and again for nothing.
        if not more or session.since_read(now_ms) > 1000:
            session.read(now_ms)
        if session.live.results.prompt:
            self._checkpointer.prompt(session, now_ms)
        session.oldest_received_ms = 0
        if now_ms - session.checkpoint_ms >= self._settings.checkpoint_s * 1000:
            self._checkpointer.checkpoint(session, progress, now_ms)
        pending = self._stores.archive.pending
        flush_due = now_ms - progress.flushed_ms >= self._settings.flush_s * 1000
        if pending.bytes >= self._settings.flush_bytes or (flush_due and progress.cursor > progress.archived):
            self._checkpointer.flush(progress, now_ms)
        return more or session.live.behind

    def drain(self) -> None:
        """Take in everything, write everything, flush the archive."""
        while self.step():
            pass
        session = self._opened()
        self._checkpointer.checkpoint(session, self._progress, self._now_ms())
        self._checkpointer.flush(self._progress, self._now_ms())

    def _run(self) -> None:
        try:
            more = True
            while not self._stop.is_set():
                if not more and self._bell.wait(self._settings.tick_s):
                    self._stop.wait(self._settings.gather_s)
                more = self._guarded(self.step)
            self._guarded(self._drain_once)
        except BaseException as error:
            self.failure = error
            structlog.get_logger().exception("engine ended")
            raise

    def _drain_once(self) -> bool:
        self.drain()
        return False

    def _guarded(self, work: Callable[[], bool]) -> bool:
        """A store that refuses is tried again: what was not written still waits in memory and in the journal."""
        try:
            return work()
        except (SQLAlchemyError, JournalError, ArchiveError) as error:
            ENGINE_FAILED.counter().labels(type(error).__name__).inc()
            structlog.get_logger().error("engine step failed", error=str(error).splitlines()[0])
            self._stop.wait(self._settings.tick_s)
            return False

    def _take_in(self, session: Session, now_ms: int) -> bool:
        journal, progress, limit = self._stores.journal, self._progress, self._settings.batch_events
        last = journal.last_offset()
        entries = journal.read(progress.cursor, limit, ["event"])
        refused, accepted = [], []
        for outcome in apply(session.province, entries):
            new = outcome.entry.offset > progress.position
            if isinstance(outcome, TurnedAway):
                ENGINE_EVENTS.counter().labels(outcome.code.value).inc()
                if new:
                    session.turned_away(outcome)
                    refused.append(outcome.refused(now_ms))
                continue
            session.applied(outcome, now_ms, new=new)
            ENGINE_EVENTS.counter().labels(outcome.taken.value).inc()
            accepted.append(_line(outcome))
        if refused:
            journal.refuse(*refused)
        self._stores.archive.append(accepted)
        progress.cursor = entries[-1].offset if entries else max(progress.cursor, last)
        more = progress.cursor < last
        session.through_ms = entries[-1].received_ms if more and entries else now_ms
        ENGINE_LAG.gauge().set(max(0, last - progress.cursor))
        return more

    def _opened(self) -> Session:
        if self._session is None:
            raise RuntimeError("the engine is not open: call open() or start()")
        return self._session


def pace_of(settings: EngineSettings) -> Pace:
    """How often elements are read that no evidence asks for."""
    return Pace(int(settings.refresh_s * 1_000_000), int(settings.unsteady_s * 1_000_000))


def _offset_of(late: Applied) -> int:
    return late.entry.offset


def _line(outcome: Applied) -> tuple[int, int, str, bytes]:
    return outcome.entry.offset, outcome.time_us // _US, outcome.event["type"], outcome.entry.body
