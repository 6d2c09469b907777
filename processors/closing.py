"""Closing of days: the official figures, made from the archive alone by the same core (spec section 7).

A day closes when what may still count for it has been received. Killed anywhere it is done again to the same end.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from hashlib import sha256
from typing import Any, Final

import structlog
from sqlalchemy import Connection

from processors.core.conventions import Conventions, Grid
from processors.first_heard import first_heard
from processors.official import Carries, OfficialDay, OfficialReadings, carries_bytes
from processors.results import Basis, day_figure, end_reading, transitions
from processors.word_of_a_day import save_feeds, save_word, told_into
from schemas.audit import AuditKind, NewAuditEntry
from schemas.refusal import Refusal
from schemas.registry import Registry
from schemas.settings.engine import ClosingSettings
from schemas.status import Reading
from stores.archive import ArchiveReader
from stores.journal import JournalReader
from stores.ledger import Ledger, alarms, audit, closings, figures, history, official_day, positions
from stores.ledger.alarms import FIGURE_DIFFERS, NOT_FOLLOWED, Alarm
from stores.ledger.closings import CLOSED, CLOSING_FROM, CLOSING_HELD_FROM, ClosedDay
from stores.ledger.enterprise_word import NOTED
from stores.ledger.figures import FINAL, DayFigure

ENGINE: Final = "engine"
CLOSING: Final = "closing"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a catch-up is: the day that was closed, how many of how many, what it took and what it found.

    `differences` are the day's official figures that differ from the last provisional ones.
    """

    day: date
    done: int
    total: int
    seconds: float
    differences: int


def archived_through(journal: JournalReader, archive: ArchiveReader) -> Callable[[int], bool]:
    """Whether everything that was received up to an instant (ms) has reached the archive's files."""

    def told(received_ms: int) -> bool:
        waiting = journal.read(archive.durable_offset(), 1, ["event"])
        return not waiting or waiting[0].received_ms > received_ms

    return told


class Closer:
    """Closes local days in order.

    Args:
        ledger: open.
        archive: where the evidence is read from.
        registry: with all dated rows; each day uses those in force on it.
        conventions: the deployment's constants.
        settings: when to begin and how much to write at once.
        complete: whether the archive has all that was received up to an instant (`archived_through`).
        now_ms: the clock.
    """

    def __init__(
        self,
        ledger: Ledger,
        archive: ArchiveReader,
        registry: Registry,
        conventions: Conventions,
        settings: ClosingSettings,
        *,
        complete: Callable[[int], bool],
        now_ms: Callable[[], int],
    ) -> None:
        self._ledger = ledger
        self._archive = archive
        self._registry = registry
        self._conventions = conventions
        self._grid = Grid(conventions)
        self._settings = settings
        self._complete = complete
        self._now_ms = now_ms

    def due(self) -> list[date]:
        """The local days that can be closed now, in order."""
        day = self._first()
        with self._ledger.reading() as connection:
            held = positions.known_property(connection, CLOSING_HELD_FROM)
        end = date.fromisoformat(held) if held else date.max
        found: list[date] = []
        while day is not None and day < end and self._may_close(day):
            found.append(day)
            day += timedelta(days=1)
        return found

    def held_up(self) -> date | None:
        """The first day whose time to close has come while the archive is not complete for it."""
        days = self.due()
        day = days[-1] + timedelta(days=1) if days else self._first()
        return day if day is not None and self._time_has_come(day) and not self._may_close(day) else None

    def close_due(
        self,
        progress: Callable[[Progress], None] = lambda _: None,
        stopping: Callable[[], bool] = lambda: False,
    ) -> list[date]:
        """Close all days that are due, in order; those that were closed.

        Args:
            progress: told after each day.
            stopping: asked between days and between batches of elements; what is half done is done again later.
        """
        days = self.due()
        if not days:
            return []
        refused: list[str] = []
        readings = OfficialReadings(
            self._archive,
            self._registry,
            self._conventions,
            lambda _line, code, detail: refused.append(_refusal(code, detail)),
        )
        with self._ledger.reading() as connection:
            stored = closings.carries_into(connection, days[0], CLOSED)
            told = told_into(connection, days[0])
            ends = history.ends_of(connection, days[0] - timedelta(days=1))
        carries = readings.begin(days[0], stored, told)
        closed: list[date] = []
        for day in days:
            started = time.perf_counter()
            differences = self._close(day, readings, carries, ends, refused, stopping)
            if differences is None:
                break
            closed.append(day)
            seconds = time.perf_counter() - started
            progress(Progress(day, len(closed), len(days), seconds, differences))
        return closed

    def _close(
        self,
        day: date,
        readings: OfficialReadings,
        carries: Carries,
        ends: dict[str, Reading],
        refused: list[str],
        stopping: Callable[[], bool],
    ) -> int | None:
        """How many figures differ from the provisional ones; None when it was told to stop before the end."""
        before = readings.events
        digest = sha256()
        elements = late = 0
        with self._ledger.writing() as connection:
            closings.save_begun(connection, day, self._now_ms(), self._registry.digest)
        for batch in _batches(readings.read(day, carries), self._settings.batch_elements):
            if stopping():
                return None
            self._write(day, batch, ends, readings.causes(day))
            elements += len(batch)
            late += sum(one.word.late.late_s > 0 for one in batch)
            for one in batch:
                digest.update(f"{one.row.id}={one.inputs_digest}\n".encode())
        now_ms = self._now_ms()
        with self._ledger.writing() as connection:
            following = day + timedelta(days=1)
            kept = {element: carries_bytes(found) for element, found in carries.items()}
            closings.save_carries(connection, following, CLOSED, kept)
            closings.drop_carries_before(connection, following, CLOSED)
            save_feeds(connection, day, readings.feeds(day))
            differences = alarms.count(connection, FIGURE_DIFFERS, day)
            record = ClosedDay(
                day=day,
                closed_at_ms=now_ms,
                complete=True,
                elements=elements,
                events=readings.events - before,
                differences=differences,
                registry_digest=self._registry.digest,
                inputs_digest=f"sha256:{digest.hexdigest()}",
                notes={"refused": len(refused), "first_refused": refused[:10], NOTED: late},
            )
            closings.save_closed(connection, record)
            audit.append(connection, [self._entry(connection, record, now_ms)])
        refused.clear()
        structlog.get_logger().info(
            "day closed", day=day.isoformat(), elements=elements, differences=differences
        )
        return differences

    def _entry(self, connection: Connection, record: ClosedDay, now_ms: int) -> NewAuditEntry:
        """What the chain says of the closing: whose figures these are can be proven afterwards."""
        content = official_day.seal(connection, record.day) | {
            "registry": record.registry_digest,
            "inputs": record.inputs_digest,
            "events": record.events,
            "differences": record.differences,
        }
        return NewAuditEntry(now_ms, AuditKind.DAY_CLOSED, record.day.isoformat(), CLOSING, content)

    def _write(
        self,
        day: date,
        batch: list[OfficialDay],
        ends: dict[str, Reading],
        archived: Mapping[str, Mapping[int, str]],
    ) -> None:
        """Write the official rows of some elements; what a former try wrote is left as it is."""
        now_ms = self._now_ms()
        basis = Basis(FINAL, self._grid.close_us(day.toordinal()) // 1000, self._registry.digest, now_ms)
        names = [one.row.id for one in batch]
        with self._ledger.writing() as connection:
            known = {row.element: row for row in figures.figures_of_day(connection, day, names)}
            causes = history.causes_of(connection, names, day, day)
            official: list[DayFigure] = []
            changes: dict[tuple[str, date], list[history.Transition]] = {}
            raised: list[Alarm] = []
            for one in batch:
                element = one.row.id
                figure = day_figure(one.read, one.row, one.read.tally, basis, one.inputs_digest)
                provisional = known.get(element)
                # As the live engine kept them; and from the archive, where it did not live to keep them.
                told = {**causes.get(element, {}), **archived.get(element, {})}
                changes[element, day] = transitions(one.read, element, ends.get(element), told)
                end = end_reading(one.read)
                ends[element] = end if end is not None else Reading.UNKNOWN
                if provisional is not None and provisional.state == FINAL:
                    if _is(provisional, figure):
                        continue
                elif provisional is not None and provisional.to_ms < figure.to_ms:
                    # Nobody looked until the day's end: one alarm for the day, not one for each element.
                    detail = {"provisional_as_of_ms": provisional.as_of_ms}
                    raised.append(Alarm(NOT_FOLLOWED, ENGINE, day, now_ms, detail))
                elif provisional is not None and provisional.figure != figure.figure:
                    raised.append(
                        Alarm(FIGURE_DIFFERS, element, day, now_ms, _difference(provisional, figure))
                    )
                official.append(figure)
            figures.save_final(connection, official)
            history.replace_transitions(connection, changes)
            alarms.raise_alarms(connection, raised)
            save_word(connection, day, [one.word for one in batch])

    def _first(self) -> date | None:
        with self._ledger.reading() as connection:
            last = closings.last_closed(connection)
            begin = positions.known_property(connection, CLOSING_FROM)
        if last is not None:
            return last + timedelta(days=1)
        if begin is not None:
            return date.fromisoformat(begin)
        return first_heard(self._archive, self._grid)

    def _time_has_come(self, day: date) -> bool:
        return self._now_ms() >= self.close_ms(day) + int(self._settings.delay_s * 1000)

    def _may_close(self, day: date) -> bool:
        return self._time_has_come(day) and self._complete(self.close_ms(day))

    def close_ms(self, day: date) -> int:
        """Until when (ms) what is received counts for the day."""
        return self._grid.close_us(day.toordinal()) // 1000


def _is(written: DayFigure, figure: DayFigure) -> bool:
    """Whether a former try wrote this row, and nobody and no corrected registry changed anything of it since."""
    runs = [list(run) for run in figure.runs]
    told = replace(figure, closed_at_ms=written.closed_at_ms, revision=written.revision, runs=runs)
    return replace(written, runs=[list(run) for run in written.runs]) == told


def _difference(provisional: DayFigure, official: DayFigure) -> Mapping[str, Any]:
    return {
        "provisional": asdict(provisional.figure),
        "official": asdict(official.figure),
        "provisional_as_of_ms": provisional.as_of_ms,
        "provisional_revision": provisional.revision,
    }


def _refusal(code: Refusal, detail: str) -> str:
    return f"{code.value}: {detail}"


def _batches(found: Iterator[OfficialDay], size: int) -> Iterator[list[OfficialDay]]:
    batch: list[OfficialDay] = []
    for one in found:
        batch.append(one)
        if len(batch) == size:
            yield batch
            batch = []
    yield batch
