"""The ledger's derived content made again from the archive: official days as they were closed, open days as they stand.

An official row is never changed: where the archive gives another one than the ledger holds, nothing more is written.
What was restated stands.
Rows of open days are written where they are absent or were counted less far. Doing it again changes nothing. How
elements stand now is no part of it: whoever follows the evidence writes that at once.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from hashlib import sha256
from typing import Final

from sqlalchemy import Connection

from processors.core.conventions import Conventions, Grid
from processors.first_heard import first_heard
from processors.official import Carries, OfficialDay, OfficialReadings, carries_bytes
from processors.open_days import OpenDays
from processors.rebuild_refusals import (
    BeforeTheArchiveError,
    OtherBasisError,
    SealBrokenError,
    StillImportedError,
)
from processors.rebuilt_rows import Remade, save_official, save_open
from processors.results import Basis, day_figure, end_reading, transitions
from processors.retention import must_have_evidence
from processors.word_of_a_day import save_feeds
from schemas.audit import AuditKind, NewAuditEntry
from schemas.registry import Registry
from schemas.settings.engine import ClosingSettings
from schemas.status import Reading
from stores.archive import ArchiveReader
from stores.ledger import Ledger, audit, closings, history, official_day, positions
from stores.ledger.closings import CLOSED, CLOSING_FROM, CLOSING_HELD_FROM, ClosedDay
from stores.ledger.enterprise_word import NOTED
from stores.ledger.figures import FINAL

REBUILD: Final = "rebuild"
"""Who sealed a day in the audit chain that was not sealed by its closing."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A day that is done: how many rows were written anew, and how many stood there already."""

    day: date
    official: bool
    written: int
    kept: int
    done: int
    total: int
    seconds: float


class LedgerRebuild:
    """Makes days again, in order.

    Args:
        ledger: open.
        archive: where everything is read from.
        registry: with all dated rows.
        conventions: the deployment's constants.
        settings: how much to write at once, and when a day may be closed.
        complete: whether the archive has all that was received up to an instant (ms).
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

    def run(self, first: date, until: date, told: Callable[[Rebuilt], None] = lambda _: None) -> None:
        """Make the local days `[first, until)` again.

        Raises:
            BeforeTheArchiveError: some of the days are before everything that is archived or official.
            OfficialChangeError: it would change official rows; the days before stand rebuilt.
            OtherBasisError: the same, told before a row of the day is looked at.
            PrunedError: evidence of some of the days was pruned.
            RestatedLostError: rows are lost that only a person's restatement gave.
            SealBrokenError: the day's rows are not those that the audit chain seals.
            StillImportedError: some of the days are still being imported.
        """
        until = min(until, date.fromordinal(self._grid.day_of(self._now_ms() * 1000)) + timedelta(days=1))
        days = [first + timedelta(days=n) for n in range((until - first).days)]
        if not days:
            return
        with self._ledger.reading() as connection:
            must_have_evidence(connection, first, edge_days=0)
            held = positions.known_property(connection, CLOSING_HELD_FROM)
            closed = {one.day: one for one in closings.complete(connection, first, days[-1])}
            sealed = {day: _sealed(connection, day) for day in days if day not in closed}
            lost = closings.first_closed(connection) is None
            known = closings.first_official(connection)
        heard = first_heard(self._archive, self._grid)
        begins = min((day for day in (known, heard) if day is not None), default=None)
        if begins is None or first < begins:
            raise BeforeTheArchiveError(first, begins)
        if held and date.fromisoformat(held) <= days[-1]:
            raise StillImportedError(date.fromisoformat(held))
        if lost and heard is not None:
            self._begin_with(heard)
        readings = OfficialReadings(self._archive, self._registry, self._conventions, lambda *_: None)
        carries, ends = self._begin(readings, first, begins)
        official = [day for day in days if day in closed or self._may_close(day)]
        for done, day in enumerate(official, 1):
            started = time.perf_counter()
            record = closed.get(day)
            basis = record or sealed[day]
            written, kept = self._official(day, readings, carries, ends, basis, recorded=record is not None)
            told(Rebuilt(day, True, written, kept, done, len(days), time.perf_counter() - started))
        if len(official) < len(days):
            open_days = OpenDays(self._archive, self._registry, self._conventions, readings, carries, ends)
            self._open(days[len(official) :], open_days, len(days), told)

    def _begin_with(self, heard: date) -> None:
        """Where all is lost, a period that is made again in part is not taken for one that began later."""
        with self._ledger.writing() as connection:
            if positions.known_property(connection, CLOSING_FROM) is None:
                positions.save_property(connection, CLOSING_FROM, heard.isoformat())

    def _may_close(self, day: date) -> bool:
        close_ms = self._grid.close_us(day.toordinal()) // 1000
        return self._now_ms() >= close_ms + int(self._settings.delay_s * 1000) and self._complete(close_ms)

    def _begin(
        self, readings: OfficialReadings, first: date, begins: date
    ) -> tuple[Carries, dict[str, Reading]]:
        """What is carried into the first day, and what each element read at the end of the day before it.

        Before the day that everything begins with there is nothing: what came late of it counts nowhere.
        """
        before = first - timedelta(days=1)
        with self._ledger.reading() as connection:
            ends = history.ends_of(connection, before)
            missing = not ends and begins < first
            start = before if missing else first
            stored = closings.carries_into(connection, start, CLOSED)
        carries = readings.begin(start, stored)
        if missing:
            for one in readings.read(before, carries):
                _note_end(one, ends)
            readings.feeds(before)
        return carries, ends

    def _official(
        self,
        day: date,
        readings: OfficialReadings,
        carries: Carries,
        ends: dict[str, Reading],
        known: ClosedDay | None,
        *,
        recorded: bool,
    ) -> tuple[int, int]:
        """How many rows were written and how many stood there. `known` is the closing, by its record or by its seal alone."""
        events = readings.events
        made, inputs = self._made(day, readings, carries, ends, known)
        if known is not None and known.inputs_digest != inputs:
            raise OtherBasisError(known, self._registry.digest)
        size = self._settings.batch_elements
        written = 0
        if not recorded:
            with self._ledger.writing() as connection:
                closings.save_begun(connection, day, self._now_ms(), self._registry.digest)
        for at in range(0, len(made), size):
            with self._ledger.writing() as connection:
                written += save_official(connection, day, made[at : at + size])
        now_ms = self._now_ms()
        with self._ledger.writing() as connection:
            save_feeds(connection, day, readings.feeds(day))
            last = closings.last_closed(connection)
            if last is None or day >= last:
                following = day + timedelta(days=1)
                into = {element: carries_bytes(found) for element, found in carries.items()}
                closings.save_carries(connection, following, CLOSED, into)
                closings.drop_carries_before(connection, following, CLOSED)
            if not recorded:
                record = known or ClosedDay(
                    day=day,
                    closed_at_ms=now_ms,
                    complete=True,
                    elements=0,
                    events=readings.events - events,
                    differences=0,
                    registry_digest=self._registry.digest,
                    inputs_digest=inputs,
                    notes={},
                )
                notes = {"rebuilt": True, NOTED: sum(one.word.late.late_s > 0 for one in made)}
                closings.save_closed(connection, replace(record, elements=len(made), notes=notes))
            self._seal(connection, day, inputs, now_ms)
        return written, len(made) - written

    def _seal(self, connection: Connection, day: date, inputs: str, now_ms: int) -> None:
        """Hold the day against its seal; where the chain has none, or is lost too, seal it anew and say by whom."""
        found, known = official_day.seal(connection, day), official_day.sealing(connection, day)
        if known is None:
            content = found | {"registry": self._registry.digest, "inputs": inputs, "rebuilt": True}
            entry = NewAuditEntry(now_ms, AuditKind.DAY_CLOSED, day.isoformat(), REBUILD, content)
            audit.append(connection, [entry])
        elif known.content["root"] != found["root"]:
            raise SealBrokenError(day, known)

    def _made(
        self,
        day: date,
        readings: OfficialReadings,
        carries: Carries,
        ends: dict[str, Reading],
        known: ClosedDay | None,
    ) -> tuple[list[Remade], str]:
        """The day's rows and transitions, and the digest of what they were made from. Held until all are known."""
        basis = Basis(
            FINAL,
            self._grid.close_us(day.toordinal()) // 1000,
            known.registry_digest if known else self._registry.digest,
            known.closed_at_ms if known else self._now_ms(),
        )
        digest = sha256()
        made = []
        for one in readings.read(day, carries):
            element = one.row.id
            digest.update(f"{element}={one.inputs_digest}\n".encode())
            figure = day_figure(one.read, one.row, one.read.tally, basis, one.inputs_digest)
            changes = transitions(one.read, element, ends.get(element), readings.causes(day).get(element, {}))
            made.append(Remade(one.word, figure, changes))
            _note_end(one, ends)
        return made, f"sha256:{digest.hexdigest()}"

    def _open(
        self, days: Sequence[date], open_days: OpenDays, total: int, told: Callable[[Rebuilt], None]
    ) -> None:
        started = time.perf_counter()
        found = open_days.read(days[0], days[-1], self._now_ms())
        for number, day in enumerate(days):
            rows = [one for (_, at), one in found.figures.items() if at == day]
            changes = {key: changed for key, changed in found.transitions.items() if key[1] == day}
            with self._ledger.writing() as connection:
                written = save_open(connection, rows, changes)
            done = total - len(days) + number + 1
            told(
                Rebuilt(day, False, written, len(rows) - written, done, total, time.perf_counter() - started)
            )


def _sealed(connection: Connection, day: date) -> ClosedDay | None:
    """The closing as its entry in the chain tells of it, where the record is lost."""
    entry = audit.newest(connection, AuditKind.DAY_CLOSED.value, day.isoformat())
    if entry is None or "inputs" not in entry.content:
        return None
    said = entry.content
    counted = said.get("events", 0), said.get("differences", 0)
    return ClosedDay(day, entry.at_ms, True, 0, *counted, said["registry"], said["inputs"], {})


def _note_end(one: OfficialDay, ends: dict[str, Reading]) -> None:
    end = end_reading(one.read)
    ends[one.row.id] = end if end is not None else Reading.UNKNOWN
