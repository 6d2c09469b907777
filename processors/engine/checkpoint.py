"""The embedded engine's writes: transitions at once, everything with the position at a checkpoint, lines to the archive."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Final

from sqlalchemy import Connection

from processors.engine.feed_watch import FeedWatch
from processors.engine.ledger_state import LedgerState, writing
from processors.engine.live import Results
from processors.engine.session import Session, first_open
from processors.engine.settling import move_horizon, next_horizon, settle
from schemas.metrics import ENGINE_COMMIT_SECONDS, ENGINE_OFFSET, ENGINE_TRANSITION_SECONDS
from stores.archive import Archive
from stores.doorbell import Doorbell
from stores.journal import Journal
from stores.ledger import Ledger, blocks, closings, feeds, figures, history, positions, province_view
from stores.ledger.closings import LIVE

CONSUMER: Final = "engine"
HORIZON: Final = "engine_horizon"


@dataclass(slots=True)
class Progress:
    """How far the journal was read, and up to where the ledger (`position`) and the archive have it."""

    position: int
    archived: int
    cursor: int
    flushed_ms: int


class Checkpointer:
    """Writes a session to the ledger and the archive; `told` is rung after each write."""

    def __init__(
        self, ledger: Ledger, archive: Archive, journal: Journal, told: Doorbell, watch: FeedWatch
    ) -> None:
        self._watch = watch
        self._ledger = ledger
        self._archive = archive
        self._journal = journal
        self._told = told

    def prompt(self, session: Session, now_ms: int) -> None:
        """Write what others want to know at once. The position stays: after a crash the same is found again."""
        results = session.live.results
        with _timed("prompt"), self._ledger.writing() as connection:
            _save_results(connection, session, results.prompt, now_ms)
        results.prompt.clear()
        results.transitions.clear()
        if session.oldest_received_ms:
            ENGINE_TRANSITION_SECONDS.histogram().observe(max(0, now_ms - session.oldest_received_ms) / 1000)
        self._told.ring()

    def checkpoint(self, session: Session, progress: Progress, now_ms: int) -> None:
        """Write everything, and with the last of it the position.

        What was touched and not read yet is read first: the position covers it.
        """
        with _timed("late") if session.late else nullcontext():
            settle(session, partial(writing, self._ledger), now_ms)
        results, pending = session.live.results, session.pending
        advanced = next_horizon(session)
        with _timed("checkpoint"), self._ledger.writing() as connection:
            LedgerState(connection).save_evidence(pending.unsaved.changes(), session.horizon)
            _save_results(connection, session, results.states | results.prompt, now_ms)
            figures.save_provisional(connection, list(results.figures.values()))
            feeds.save_feeds(connection, self._watch.changed(now_ms))
            feeds.count_refused(connection, self._watch.refusals(), now_ms)
            feeds.save_late(connection, pending.proposals)
            if advanced:
                _save_horizon(connection, session, advanced)
            positions.save_position(connection, CONSUMER, progress.cursor, now_ms)
        pending.saved()
        session.live.results = Results()
        progress.position = progress.cursor
        session.checkpoint_ms = now_ms
        if advanced:
            move_horizon(session, max(advanced))
        ENGINE_OFFSET.gauge().set(progress.position)
        self._told.ring()
        self._let_go(progress)

    def flush(self, progress: Progress, now_ms: int) -> None:
        """Write accepted events to the archive."""
        progress.archived = self._archive.flush(through=progress.cursor)
        progress.flushed_ms = now_ms
        self._let_go(progress)

    def _let_go(self, progress: Progress) -> None:
        """What both ledger and archive have may leave the journal."""
        done = min(progress.position, progress.archived)
        if done > self._journal.position(CONSUMER):
            self._journal.commit(CONSUMER, done)


def _save_results(connection: Connection, session: Session, elements: Iterable[str], now_ms: int) -> None:
    """Write transitions, and the states of these elements."""
    latest = session.latest
    history.replace_transitions(connection, session.live.results.transitions)
    shown = [element for element in elements if element in latest.shown]
    province_view.save_states(connection, [latest.state_of(element, now_ms) for element in shown])


def _save_horizon(connection: Connection, session: Session, advanced: dict[int, dict[str, bytes]]) -> None:
    for day, carried in advanced.items():
        closings.save_carries(connection, date.fromordinal(day), LIVE, carried)
    horizon = date.fromordinal(max(advanced))
    positions.save_property(connection, HORIZON, horizon.isoformat())
    open_from = date.fromordinal(first_open(session.province, session.through_ms) - 1)
    blocks.drop_before(connection, open_from)
    closings.drop_carries_before(connection, open_from, LIVE)


@contextmanager
def _timed(kind: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    ENGINE_COMMIT_SECONDS.histogram().labels(kind).observe(time.perf_counter() - started)
