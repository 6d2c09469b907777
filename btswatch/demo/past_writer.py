"""Writes the demonstration's past beside the live system.

The days that are still open go through the journal to the live engine, the newest first. Those that can be closed go
into the archive as whole days and are closed like any other day. Stopped at any moment it goes on at the next start.

The first open day comes last: its first evidence makes the engine read the day before again, of which it knows nothing;
that day's figures have to be final by then. What it announces comes before: it belongs to the inputs of days that were
still open when it was announced.
"""

import json
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from btswatch.demo.lines import ORIGIN, STATUS, Line
from btswatch.demo.past import Past
from btswatch.demo.past_days import PastDays
from btswatch.demo.record import (
    PROGRESS,
    HistoryProgressRecord,
    read,
    save,
)
from btswatch.parts.closing import close_due
from btswatch.parts.completeness import completeness
from btswatch.parts.part import system_now_ms
from btswatch.settings import Settings
from dashboards.console.ledger_view import HISTORY_PROPERTY
from schemas.registry import Registry
from schemas.time import LocalCalendar
from stores.archive import ArchiveReader
from stores.archive_import import import_day
from stores.archive_names import FAMILY_OF_TYPE, Family, day_dir, segment_path
from stores.data_directory import DataDirectory
from stores.journal import Journal, NewEntry
from stores.ledger import Ledger, closings, positions
from stores.ledger.closings import CLOSING_FROM, CLOSING_HELD_FROM

_ENTRIES_AT_ONCE: Final = 1_000
# What comes in live waits behind so much at most.
_MOST_BEHIND: Final = 2_000
_GIVE_WAY_S: Final = 0.1
_AGAIN_S: Final = 1.0
_STEP_MS: Final = 6 * 3_600_000


class Stopped(Exception):  # noqa: N818 - no error: it was told to stop
    """Told to stop; the rest is done at the next start."""


@dataclass(frozen=True)
class PastWriter:
    """Writes the past.

    Attributes:
        lag: how many journal entries the engine is behind; None while it can't be asked.
        told: called with (days done, days in all).
        stopping: set by another thread to have it stop soon.
    """

    settings: Settings
    directory: DataDirectory
    registry: Registry
    past: Past
    days: PastDays
    ledger: Ledger
    journal: Journal
    lag: Callable[[], int | None]
    told: Callable[[int, int], None]
    stopping: threading.Event

    def run(self) -> None:
        """All of it.

        Raises:
            Stopped: it was told to stop.
        """
        for day in reversed(self.days.open[1:]):
            self._fill(day)
        self._write_closed_days()
        self._close()
        self._fill(self.days.open[0])
        with self.ledger.writing() as connection:
            positions.save_property(connection, CLOSING_HELD_FROM, "")

    @property
    def _total(self) -> int:
        return len(self.days.open) + len(self.days.closed)

    def _fill(self, day: date) -> None:
        done = self._done()
        if day.isoformat() not in done.in_journal:
            self._tell(len(done.in_journal) + (len(self.days.closed) if day == self.days.open[0] else 0))
            # Killed in here, it is done again: evidence said twice changes nothing.
            lines = self._day(day)
            if day == self.days.open[0] and self.days.closed:
                lines = [line for line in lines if not _announces(line)]
            self._append(sorted(lines, key=_signs_of_life_first))
            self._save(done, in_journal=(*done.in_journal, day.isoformat()))
        if day == self.days.open[0]:
            self._tell(self._total)

    def _announce(self) -> None:
        done = self._done()
        if not done.announced:
            self._append([line for line in self._day(self.days.open[0]) if _announces(line)])
            self._save(done, announced=True)

    def _done(self) -> HistoryProgressRecord:
        return read(self.directory.path / PROGRESS, HistoryProgressRecord) or HistoryProgressRecord()

    def _save(self, done: HistoryProgressRecord, **more: object) -> None:
        save(self.directory.path / PROGRESS, done.model_copy(update=more))

    def _write_closed_days(self) -> None:
        root = self.directory.path / "archive"
        for day in self.days.closed:
            if not _written(root, day):
                self._write(root, day)
                self._tell(len(self.days.open) - 1 + self._closed_units(day, written=True))

    def _write(self, root: Path, day: date) -> None:
        lines = self._day(day)
        for family in (Family.NOTICES, Family.OTHER, Family.EVIDENCE):
            texts = [line.text for line in lines if FAMILY_OF_TYPE[line.type] is family]
            # The evidence last: with its file the day is there as a whole.
            if texts or family is Family.EVIDENCE:
                import_day(root, day, family, texts)

    def _close(self) -> None:
        if not self.days.closed:
            return
        self._announce()
        self._wait_for_archive(system_now_ms())
        with self.ledger.writing() as connection:
            positions.save_property(connection, CLOSING_HELD_FROM, self.days.open[0].isoformat())
        while (last := self._last()) is None or last < self.days.closed[-1]:
            # The product's own closing may be at it; then it is theirs to do.
            close_due(
                self.settings,
                self.directory,
                self.registry,
                system_now_ms,
                lambda progress: self._tell(len(self.days.open) - 1 + self._closed_units(progress.day)),
                self.stopping,
            )
            if self._last() == last:
                self._wait(_AGAIN_S)
            if self.stopping.is_set():
                raise Stopped

    def _wait_for_archive(self, received_ms: int) -> None:
        """Until it has what the open days announce, as a closing of its own day would find it."""
        with ExitStack() as stack:
            archive = ArchiveReader(self.directory.path / "archive")
            archived = completeness(self.settings, self.directory, archive, stack)
            while not archived(received_ms):
                self._wait(_AGAIN_S)

    def _day(self, day: date) -> list[Line]:
        """In steps, so that stopping never waits for a whole day."""
        calendar = LocalCalendar(self.settings.zone)
        start, end = calendar.start_of(day), calendar.end_of(day)
        found: list[Line] = []
        for at in range(start, end, _STEP_MS):
            if self.stopping.is_set():
                raise Stopped
            found += self.past.lines(at, min(at + _STEP_MS, end))
        return sorted(found, key=lambda line: line.received)

    def _append(self, lines: Sequence[Line]) -> None:
        for start in range(0, len(lines), _ENTRIES_AT_ONCE):
            self.journal.append([_entry(line) for line in lines[start : start + _ENTRIES_AT_ONCE]])
            self._wait(_GIVE_WAY_S)
            while (behind := self.lag()) is None or behind > _MOST_BEHIND:
                self._wait(_GIVE_WAY_S * 3)

    def _wait(self, seconds: float) -> None:
        if self.stopping.wait(seconds):
            raise Stopped

    def _last(self) -> date | None:
        with self.ledger.reading() as connection:
            return closings.last_closed(connection)

    def _closed_units(self, day: date, *, written: bool = False) -> int:
        """Writing a day is half of it, closing it the other half."""
        units = 1 + (day - self.days.closed[0]).days + (0 if written else len(self.days.closed))
        return units // 2

    def _tell(self, done: int) -> None:
        with self.ledger.writing() as connection:
            positions.save_property(
                connection, HISTORY_PROPERTY, json.dumps({"done": done, "total": self._total})
            )
        self.directory.bell("console").ring()
        self.told(done, self._total)


def _entry(line: Line) -> NewEntry:
    return NewEntry("event", line.reporter, "", "", b"", line.received, line.text, ORIGIN)


def _announces(line: Line) -> bool:
    return FAMILY_OF_TYPE[line.type] is Family.NOTICES


def _signs_of_life_first(line: Line) -> tuple[bool, str]:
    """Then element by element, so that the live engine reads each of them once, not again and again."""
    return line.type == STATUS, line.subject


def _written(root: Path, day: date) -> bool:
    """Whether the day is in the archive, under the name it was written by or merged with others."""
    first = segment_path(day_dir(root, day), Family.EVIDENCE, 0, 0)
    return first.exists() or any(first.parent.glob("evidence-000000000000-*"))


def before_history(ledger: Ledger, days: PastDays) -> None:
    """Nothing of the past is to be closed before it is written as a whole."""
    first = (*days.closed, *days.open)[0].isoformat()
    with ledger.writing() as connection:
        if positions.known_property(connection, CLOSING_FROM) is None:
            positions.save_property(connection, CLOSING_FROM, first)
            positions.save_property(connection, CLOSING_HELD_FROM, first)
