"""The engine's writes: transitions at once, everything with the position at a checkpoint, lines to the archive."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Final

from processors.core.conventions import US
from processors.core.reading import Carry
from processors.engine import hindsight
from processors.engine.live import Results
from processors.engine.memory import HORIZON, carry_bytes, carry_from
from processors.engine.pending import CONSUMER, save_figures, save_position, save_results
from processors.engine.session import Session, first_open
from schemas.metrics import ENGINE_COMMIT_SECONDS, ENGINE_OFFSET, ENGINE_TRANSITION_SECONDS
from stores.archive import Archive
from stores.doorbell import Doorbell
from stores.journal import Journal
from stores.ledger import Ledger, blocks, closings, positions
from stores.ledger.closings import LIVE

# So long after midnight hardly anything still comes for the day before: it leaves memory, which then holds little
# more than one day. What does come later has the day read again from the ledger.
_SETTLED_US: Final = 3 * 3600 * US


class Checkpointer:
    """Writes a session to the ledger and the archive; `told` is rung after each write."""

    def __init__(self, ledger: Ledger, archive: Archive, journal: Journal, told: Doorbell) -> None:
        self._ledger = ledger
        self._archive = archive
        self._journal = journal
        self._told = told

    def prompt(self, session: Session, now_ms: int) -> None:
        """Write what others want to know at once. The position stays: after a crash the same is found again."""
        results = session.live.results
        with _timed("prompt"), self._ledger.writing() as connection:
            save_results(connection, results, session.latest, results.prompt, now_ms)
        results.prompt.clear()
        results.transitions.clear()
        if session.oldest_received_ms:
            ENGINE_TRANSITION_SECONDS.histogram().observe(max(0, now_ms - session.oldest_received_ms) / 1000)
        self._told.ring()

    def checkpoint(self, session: Session, now_ms: int) -> None:
        """Write everything, and with the last of it the position.

        What was touched and not read yet is read first: the position covers it.
        """
        while session.live.touched:
            session.read(now_ms)
        if session.late:
            self._read_late(session, now_ms)
        results = session.live.results
        advanced = self._next_horizon(session)
        with _timed("checkpoint"), self._ledger.writing() as connection:
            session.pending.save_evidence(connection, session.horizon)
            save_results(connection, results, session.latest, results.states | results.prompt, now_ms)
            save_figures(connection, results)
            session.pending.save_counts(connection, now_ms)
            for day, carried in advanced.items():
                closings.save_carries(connection, date.fromordinal(day), LIVE, carried)
            if advanced:
                horizon = date.fromordinal(max(advanced))
                positions.save_property(connection, HORIZON, horizon.isoformat())
                open_from = date.fromordinal(first_open(session.province, session.through_ms) - 1)
                blocks.drop_before(connection, open_from)
                closings.drop_carries_before(connection, open_from, LIVE)
            save_position(connection, session.cursor, now_ms)
        session.pending.saved()
        session.live.results = Results()
        session.position = session.cursor
        session.checkpoint_ms = now_ms
        if advanced:
            session.province.drop_before(max(advanced))
            session.live.forget_before(max(advanced))
        ENGINE_OFFSET.gauge().set(session.position)
        self._told.ring()
        self._settle(session)

    def flush(self, session: Session, now_ms: int) -> None:
        """Write accepted events to the archive."""
        session.archived = self._archive.flush(through=session.cursor)
        session.flushed_ms = now_ms
        self._settle(session)

    def _settle(self, session: Session) -> None:
        """What both ledger and archive have may leave the journal."""
        done = min(session.position, session.archived)
        if done > self._journal.position(CONSUMER):
            self._journal.commit(CONSUMER, done)

    def _read_late(self, session: Session, now_ms: int) -> None:
        with _timed("late"), self._ledger.writing() as connection:
            session.pending.save_evidence(connection, session.horizon)
        horizon = session.horizon
        for found in hindsight.read_again(
            self._ledger, session.province, session.late, horizon, now_ms * 1000
        ):
            for element, carry in found.carries.get(horizon, {}).items():
                session.province.restore_carry(element, horizon, carry_from(carry))
                session.live.touch(element, (horizon,))
            for (element, day), end in found.ends.items():
                session.live.end_of(element, day, end)
        session.late.clear()
        while session.live.touched:
            session.read(now_ms)

    def _next_horizon(self, session: Session) -> dict[int, dict[str, bytes]]:
        """What is carried into each day up to the last settled one's next, when the horizon has to move; else nothing."""
        carried: dict[int, dict[str, bytes]] = {}
        if session.live.behind:
            return carried  # some days before it are still to be read
        grid, through_us = session.province.grid, session.through_ms * 1000
        first = max(session.horizon + 1, first_open(session.province, session.through_ms))
        end = min(session.today, grid.day_of(through_us - _SETTLED_US)) + 1
        for day in range(first, end):
            found = ((e, session.province.carry_into(e, day)) for e in session.province.registry.elements)
            carried[day] = {
                element: carry_bytes(carry) for element, carry in found if isinstance(carry, Carry)
            }
        return carried


@contextmanager
def _timed(kind: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    ENGINE_COMMIT_SECONDS.histogram().labels(kind).observe(time.perf_counter() - started)
