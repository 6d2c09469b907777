"""The province as the ledger tells it: `ProvinceView` on the ledger's queries and the registry of today."""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from dashboards.console.view import (
    ElementNow,
    FeedNow,
    Figures,
    History,
    HistoryProgress,
    PipelineHealth,
    Place,
    Said,
    States,
)
from schemas.figures import total_of
from schemas.registry import Element, Enterprise, Registry, Unit
from schemas.status import Feed, Reading
from schemas.time import LocalCalendar
from stores.ledger import Ledger, alarms, closings, devices, feeds, history, periods, positions, province_view
from stores.ledger.history import Run
from stores.ledger.periods import PROVINCE, PeriodFigure
from stores.ledger.unwatched import unwatched_in

HISTORY_PROPERTY: Final = "simulated_history"
"""The ledger's property in which the demonstration says how far it is: `{"done": 12, "total": 30}` days."""
_ENGINE: Final = "engine"
_DAY_MS: Final = 86_400_000
_CLOSED_DAYS: Final = 14


@dataclass(frozen=True)
class LedgerView:
    """Reads an open ledger; safe to call from one thread at a time.

    Args:
        ledger: open; the caller closes it.
        registry: the one in force.
        calendar: the local days.
        now_ms: the clock.
        journal_offset: the journal's last offset, where this process may see the journal.
        consumer: the engine's name among the ledger's positions.
    """

    ledger: Ledger
    registry: Registry
    calendar: LocalCalendar
    now_ms: Callable[[], int]
    journal_offset: Callable[[], int] | None = None
    consumer: str = _ENGINE

    def elements(self) -> States:
        """Every station and link in service now, also those nobody has heard of."""
        with self.ledger.reading() as connection:
            stored = {row.element: row for row in province_view.current(connection)}
        now = self.now_ms()
        today = self.calendar.day_of(now)
        serving = (self._serving(id_, today, now) for id_ in self.registry.elements)
        found = tuple(self._now(row, stored.get(row.id)) for row in serving if row is not None)
        return States(found, max((row.updated_ms for row in stored.values()), default=0))

    def changed(self, since_ms: int) -> States:
        """Those of them whose live state was written at or after the instant."""
        with self.ledger.reading() as connection:
            stored = province_view.changed_since(connection, since_ms)
        now = self.now_ms()
        today = self.calendar.day_of(now)
        pairs = ((self._serving(row.element, today, now), row) for row in stored)
        found = tuple(self._now(element, row) for element, row in pairs if element is not None)
        return States(found, max((row.updated_ms for row in stored), default=since_ms))

    def places(self) -> tuple[Place, ...]:
        """Today's communes and wards."""
        today = self.calendar.day_of(self.now_ms())
        units = (self._unit(code, today) for code in self.registry.units)
        return tuple(
            Place(unit.name, unit.lat, unit.lon)
            for unit in units
            if unit is not None and unit.lat is not None and unit.lon is not None
        )

    def today(self) -> Figures:
        """The local day's figures up to now."""
        today = self.calendar.day_of(self.now_ms())
        return self._figures(today, today)

    def month(self) -> Figures:
        """The local month's figures up to now."""
        today = self.calendar.day_of(self.now_ms())
        return self._figures(today.replace(day=1), today)

    def feeds(self) -> tuple[FeedNow, ...]:
        """Every enterprise's feed."""
        with self.ledger.reading() as connection:
            stored = feeds.feeds_health(connection)
        return tuple(
            _feed(enterprise, stored.get(enterprise.id)) for enterprise in self.registry.enterprises.values()
        )

    def history(self, element: str, from_ms: int, to_ms: int) -> History:
        """What the element read over the interval; unknown where nothing is stored."""
        first, last = self.calendar.day_of(from_ms), self.calendar.day_of(to_ms - 1)
        with self.ledger.reading() as connection:
            runs = history.runs_of(connection, element, first, last)
            changes = history.transitions_of(connection, element, from_ms, to_ms)
            state = province_view.current_of(connection, element)
        if state is not None:
            # The day's stored runs end at its last figure; from there the live state goes on.
            seen = max((run.to_ms for run in runs), default=from_ms)
            runs = [*runs, Run(max(seen, state.since_ms), to_ms, state.status)]
        return History(from_ms, to_ms, tuple(without_gaps(runs, from_ms, to_ms)), tuple(changes))

    def pipeline_health(self) -> PipelineHealth:
        """How the product itself is."""
        now = self.now_ms()
        today = self.calendar.day_of(now)
        with self.ledger.reading() as connection:
            return PipelineHealth(
                journal_offset=None if self.journal_offset is None else self.journal_offset(),
                engine_offset=positions.position(connection, self.consumer),
                written_ms=positions.saved_ms(connection, self.consumer) or None,
                devices=dict(Counter(one.outcome for one in devices.devices(connection))),
                incidents=tuple(devices.incidents(connection, now - _DAY_MS)),
                closed=tuple(reversed(closings.closings(connection, today - timedelta(_CLOSED_DAYS), today))),
                alarms=tuple(alarms.open_alarms(connection, 50)),
            )

    def history_progress(self) -> HistoryProgress | None:
        """Progress of the simulated history; None where there is none or it is complete."""
        with self.ledger.reading() as connection:
            stored = positions.known_property(connection, HISTORY_PROPERTY)
        if stored is None:
            return None
        values = json.loads(stored)
        progress = HistoryProgress(int(values["done"]), int(values["total"]))
        return progress if progress.done < progress.total else None

    def _figures(self, first: date, last: date) -> Figures:
        with self.ledger.reading() as connection:
            lacking = unwatched_in(
                connection, self.registry, [(first, last + timedelta(days=1))], self.calendar
            )
            enterprises = periods.scope_figures(connection, "enterprise", first, last, unwatched=lacking)
            return Figures(
                elements=periods.element_figures(connection, first, last, unwatched=lacking),
                enterprises=enterprises,
                province=PeriodFigure(
                    PROVINCE,
                    total_of(one.figure for one in enterprises.values()),
                    sum(one.elements for one in enterprises.values()),
                    final=bool(enterprises) and all(one.final for one in enterprises.values()),
                    adjusted_days=sum(one.adjusted_days for one in enterprises.values()),
                ),
            )

    def _serving(self, id_: str, today: date, now: int) -> Element | None:
        row = self.registry.on(id_, today)
        if row is None or (row.commissioned is not None and now < row.commissioned):
            return None
        return None if row.decommissioned is not None and row.decommissioned <= now else row

    def _unit(self, code: str | None, today: date) -> Unit | None:
        rows = self.registry.units.get(code, ()) if code else ()
        return next((row for row in rows if _in_force(row, today)), None)

    def _now(self, element: Element, stored: province_view.ElementNow | None) -> ElementNow:
        enterprise = self.registry.enterprises.get(element.enterprise)
        unit = self._unit(element.unit, self.calendar.day_of(self.now_ms()))
        enterprise_name = enterprise.brand or enterprise.name if enterprise else element.enterprise
        unit_name = unit.name if unit else element.unit or ""
        if stored is None:
            return ElementNow(element, enterprise_name, unit_name)
        return ElementNow(
            element,
            enterprise_name,
            unit_name,
            stored.status,
            stored.since_ms,
            stored.cause,
            stored.detail,
            Said(stored.measured, stored.measured_at_ms, stored.measured_code),
            Said(stored.declared, stored.declared_at_ms, stored.declared_code),
        )


def without_gaps(runs: Iterable[Run], from_ms: int, to_ms: int) -> list[Run]:
    """The runs cut to the interval, unknown where there are none, neighbours of one reading joined."""
    whole: list[Run] = []
    at = from_ms
    for run in [*runs, Run(to_ms, to_ms, Reading.UNKNOWN)]:
        start, end = max(run.from_ms, at), min(run.to_ms, to_ms)
        pieces = [Run(at, min(start, to_ms), Reading.UNKNOWN), Run(start, end, run.reading)]
        for piece in pieces:
            if piece.from_ms >= piece.to_ms:
                continue
            if whole and whole[-1].reading is piece.reading:
                piece = Run(whole.pop().from_ms, piece.to_ms, piece.reading)  # noqa: PLW2901 - joined
            whole.append(piece)
        at = max(at, end)
    return whole


def _in_force(unit: Unit, day: date) -> bool:
    return (unit.valid_from is None or unit.valid_from <= day) and (
        unit.valid_to is None or day < unit.valid_to
    )


def _feed(enterprise: Enterprise, stored: feeds.FeedHealth | None) -> FeedNow:
    name = enterprise.brand or enterprise.name or enterprise.id
    transition = enterprise.feed is Feed.TRANSITION
    if stored is None:
        return FeedNow(enterprise.id, name, transition)
    return FeedNow(
        enterprise.id,
        name,
        transition,
        stored.last_life_ms,
        stored.last_received_ms,
        stored.silent_since_ms,
        stored.accepted,
        stored.refused,
    )
