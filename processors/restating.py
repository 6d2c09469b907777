"""Restating an official figure with evidence that came after its close: what it would be, and writing it.

The same core over the same archive, with everything that was received until the moment of the restatement. A person
and a reason are needed; before and after stay on record.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import Connection

from processors.core.conventions import US, Conventions, Grid
from processors.objecting import readjust
from processors.official import OfficialReadings
from processors.results import Basis, day_figure, end_reading, transitions
from processors.retention import must_have_evidence
from processors.told import Word
from processors.word_of_a_day import restate_word
from schemas.audit import AuditKind, NewAuditEntry
from schemas.registry import Registry
from schemas.status import Reading
from schemas.time import LocalCalendar
from stores.archive import ArchiveReader
from stores.ledger import audit, closings, figures, history, official_day, restatements
from stores.ledger.feeds import LateEvidence
from stores.ledger.figures import FINAL, DayFigure
from stores.ledger.restatements import Restatement

# What is late of a day may change what is carried into the next ones; longer than this nobody looks on.
_MOST_DAYS: Final = 31


class NotClosedError(Exception):
    """Only a closed day is restated: an open one still takes evidence by itself, one before `official_from` has no figure."""

    def __init__(self, day: date, official_from: date | None = None) -> None:
        why = "is not closed: what comes until its close counts by itself"
        if official_from is not None:
            why = f"lies before the first official day here, {official_from}: there is nothing to restate"
        super().__init__(f"{day} {why}")
        self.day = day


class ChangedMeanwhileError(Exception):
    """A day's official figure is another than the one that a proposal was made beside."""

    def __init__(self, element: str, day: date) -> None:
        super().__init__(f"{element} on {day} was restated meanwhile: look again at what would change")
        self.element = element
        self.day = day


@dataclass(frozen=True, slots=True)
class Proposed:
    """An element's closed day with all that is known by now, beside its official figure."""

    element: str
    day: date
    official: DayFigure | None
    figure: DayFigure
    changes: list[history.Transition]
    word: Word

    @property
    def differs(self) -> bool:
        """Whether a restatement would change anything that people see."""
        return self.official is None or not same_reading(self.official, self.figure)


def same_reading(one: DayFigure, other: DayFigure) -> bool:
    """Whether two rows of a day tell the same of it: its seconds, outages and runs."""
    return one.figure == other.figure and [list(run) for run in one.runs] == [list(run) for run in other.runs]


class Restating:
    """What closed days would be with everything received by now.

    Args:
        archive: where everything is read from.
        registry: the rows in force on each day.
        conventions: the deployment's constants.
        now_ms: the moment of the restatement.
    """

    def __init__(
        self, archive: ArchiveReader, registry: Registry, conventions: Conventions, now_ms: int
    ) -> None:
        self._archive = archive
        self._registry = registry
        self._conventions = conventions
        self._calendar = LocalCalendar(conventions.zone)
        self._now_ms = now_ms

    def propose(self, connection: Connection, element: str, day: date) -> list[Proposed]:
        """The element's day, and the closed days after it as long as they change with it.

        Raises:
            KeyError: no such element.
            NotClosedError: the day is not closed, or lies before the first official one.
            PrunedError: what it rests on was pruned.
        """
        if element not in self._registry.elements:
            raise KeyError(element)
        last = closings.last_closed(connection)
        if last is None or day > last:
            raise NotClosedError(day)
        official_from = closings.first_official(connection)
        if official_from is not None and day < official_from:
            raise NotClosedError(day, official_from)
        must_have_evidence(connection, day)
        found: list[Proposed] = []
        for figure, changes, word in self._days(connection, element, day, last):
            official = _official(connection, element, figure.day)
            proposed = Proposed(element, figure.day, official, figure, changes, word)
            if found and not proposed.differs:
                break
            found.append(proposed)
        return found

    def write(
        self,
        connection: Connection,
        proposed: list[Proposed],
        person: str,
        reason: str,
        at_ms: int | None = None,
    ) -> list[Restatement]:
        """Make the proposed figures official. The connection must hold the writer's lock.

        Days that would not change are left as they are. `at_ms` is now, under the lock: reading takes its time, and who signs
        meanwhile has signed before it. By default it is the moment as of which was read.

        Raises:
            ChangedMeanwhileError: a day is another by now than when it was proposed; nothing is written.
        """
        for one in proposed:
            if _official(connection, one.element, one.day) != one.official:
                raise ChangedMeanwhileError(one.element, one.day)
        done = []
        at_ms = self._now_ms if at_ms is None else at_ms
        for one in proposed:
            if not one.differs:
                continue
            before = _leaf(connection, one)
            figures.save_final(connection, [one.figure])
            history.replace_transitions(connection, {(one.element, one.day): one.changes})
            restate_word(connection, one.day, one.word)
            readjust(connection, one.element, one.day, self._calendar)
            after = _leaf(connection, one)
            assert after is not None
            number = restatements.next_number(connection)
            made = Restatement(number, one.day, one.element, at_ms, person, reason, before, after)
            restatements.save(connection, made)
            content = official_day.seal(connection, one.day) | {
                "element": one.element,
                "restatement": number,
                "reason": reason,
                "before": before,
                "after": after,
            }
            audit.append(
                connection,
                [NewAuditEntry(at_ms, AuditKind.RESTATED, one.day.isoformat(), person, content)],
            )
            done.append(made)
        return done

    def _days(
        self, connection: Connection, element: str, first: date, last: date
    ) -> Iterator[tuple[DayFigure, list[history.Transition], Word]]:
        before = history.ends_of(connection, first - timedelta(days=1), [element]).get(element)
        readings = readings_as_of(self._archive, self._registry, self._conventions, element, self._now_ms)
        closed_ms = Grid(self._conventions).close_us(last.toordinal()) // 1000
        # From the archive's beginning: what was carried when the day was closed did not know what came late.
        carries = readings.begin(first, {})
        day = first
        while day <= min(last, first + timedelta(days=_MOST_DAYS)):
            for one in readings.read(day, carries):
                # Not this moment: what is on its way to the archive was received before it, and is not in the figure.
                as_of_ms = max(closed_ms, -(-readings.newest_us // 1000))
                basis = Basis(FINAL, as_of_ms, self._registry.digest, self._now_ms)
                figure = day_figure(one.read, one.row, one.read.tally, basis, one.inputs_digest)
                causes = readings.causes(day).get(element, {})
                yield figure, transitions(one.read, element, before, causes), one.word
                end = end_reading(one.read)
                before = end if end is not None else Reading.UNKNOWN
            day += timedelta(days=1)


def readings_as_of(
    archive: ArchiveReader, registry: Registry, conventions: Conventions, element: str, at_ms: int
) -> OfficialReadings:
    """Readings of an element's closed days with all that was received until then, as a restatement takes them."""
    late = late_until(archive, conventions, at_ms)
    return OfficialReadings(archive, registry, late, lambda *_: None, at_ms, [element])


def late_until(archive: ArchiveReader, conventions: Conventions, at_ms: int) -> Conventions:
    """The constants under which every archived day is open until then: what came late of one may run on into the next."""
    days = archive.days()
    if not days:
        return conventions
    over_us = Grid(conventions).start_us(days[0].toordinal() + 1)
    return replace(conventions, lateness_s=max(conventions.lateness_s, -(-(at_ms * 1000 - over_us) // US)))


def waiting(connection: Connection, late: Sequence[LateEvidence]) -> list[LateEvidence]:
    """What came after what the last restatement of its element's day had counted."""
    keys = {(one.element, one.day) for one in late}
    if not keys:
        return []
    days = {day for _, day in keys}
    between = restatements.between(connection, min(days), max(days) + timedelta(days=1))
    restated = sorted(keys & {(one.element, one.day) for one in between})
    official = figures.figures_among(connection, restated)

    def counted_ms(one: LateEvidence) -> int:
        figure = official.get((one.element, one.day))
        return -1 if figure is None else figure.as_of_ms

    return [one for one in late if one.received_ms > counted_ms(one)]


def _official(connection: Connection, element: str, day: date) -> DayFigure | None:
    stored = figures.figures_of_element(connection, element, day, day)
    return next((one for one in stored if one.state == FINAL), None)


def _leaf(connection: Connection, one: Proposed) -> dict[str, Any] | None:
    return next(iter(official_day.contents(connection, one.day, [one.element]).values()), None)
