"""Between what workers tell and the running sums: element figures in, enterprises' figures out."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from processors.core.enterprises import Standing
from processors.core.periods import PeriodKind
from processors.core.running import Part
from processors.replay import PeriodFigure, Scope
from schemas.figure_record import FigureRecord
from schemas.figures import TRACK_READINGS, Figure
from schemas.registry import Kind
from schemas.time import LocalCalendar, from_ms, to_ms
from schemas.verdict import Verdict

FIRST_REVISION: Final = 1
# Sums of so many element-days still fit 64 bits.
_MOST: Final = 1 << 50


class NotAnElementDayError(ValueError):
    """A figure that is no provisional figure of an element and day: nothing that sums are made of."""


@dataclass(frozen=True, slots=True)
class ElementDay:
    """A part with whose it is and of which local day."""

    enterprise: str
    kind: Kind
    day: date
    part: Part


def element_day(record: FigureRecord, calendar: LocalCalendar) -> ElementDay:
    """What a record adds to its enterprise.

    Raises:
        NotAnElementDayError: it is of another scope or period, lacks its owner or detail, or has numbers that no sum holds.
    """
    figure, detail = record.figure, record.detail
    if figure.scope != "element" or figure.period != "day" or record.enterprise is None or detail is None:
        raise NotAnElementDayError(f"a {figure.scope}'s {figure.period} of {figure.id}")
    numbers = (detail.from_ms, detail.to_ms, detail.head_s, detail.tail_s, figure.seconds.total)
    if max(map(abs, (*numbers, figure.outages.count, figure.outages.longest_s or 0))) > _MOST:
        raise NotAnElementDayError(f"{figure.id} has numbers that no day has")
    part = Part(
        element=figure.id,
        as_of_ms=to_ms(record.as_of),
        from_ms=detail.from_ms,
        to_ms=detail.to_ms,
        head_s=detail.head_s,
        tail_s=detail.tail_s,
        figure=_plain(record),
        registry=record.registry,
    )
    return ElementDay(record.enterprise, record.kind, calendar.day_of(to_ms(figure.from_)), part)


def running_figure(standing: Standing, zone: str, rules: str | None) -> FigureRecord:
    """What is told of an enterprise's open period.

    Args:
        standing: the period.
        zone: the configured zone.
        rules: the digest of the rules in force; None without rules.
    """
    return FigureRecord(
        figure=_published(standing.period, standing, zone),
        kind=standing.kind,
        enterprise=standing.enterprise,
        revision=FIRST_REVISION,
        as_of=from_ms(standing.as_of_ms),
        registry=standing.registry,
        rules=rules,
    )


def as_json(found: FigureRecord | Verdict) -> bytes:
    """As it is sent. Ratios that don't exist are null, not absent."""
    return found.model_dump_json(by_alias=True).encode()


def _plain(record: FigureRecord) -> Figure:
    seconds, outages = record.figure.seconds, record.figure.outages
    table = record.figure.reconciliation
    rows = [getattr(table, measured) for measured in TRACK_READINGS]
    return Figure(
        seconds.up,
        seconds.degraded,
        seconds.down,
        seconds.planned,
        seconds.unknown,
        outages.count,
        outages.longest_s,
        tuple(getattr(row, declared) for row in rows for declared in TRACK_READINGS),
    )


def _published(period: PeriodKind, standing: Standing, zone: str) -> Any:
    one = PeriodFigure(
        Scope.ENTERPRISE, standing.enterprise, period, standing.start, standing.end, standing.figure, False
    )
    return one.as_dict(zone)
