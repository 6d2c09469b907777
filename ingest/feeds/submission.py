"""From the bytes of one event to an accepted event or a coded refusal. Pure: no clock, no I/O.

What only the journal can tell (a repetition, a conflict) is decided after this.
"""

from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import from_json

from ingest.feeds.framing import Frame
from schemas.events import SUBMITTED, Inspection, Measurement, Report, StatusEvent, Submitted
from schemas.indicators import Indicators, area_fault
from schemas.refusal import Refusal
from schemas.registry import Registry
from schemas.status import Status
from schemas.submission import refusal_of
from schemas.time import LocalCalendar, to_ms

# One text for what does not exist and for what is another's: the answer must not tell them apart.
UNKNOWN_ELEMENT: Final = "the subject is none of your elements"
UNKNOWN_SUBJECT: Final = "the subject of this type is your own enterprise id"
_LONGEST_ID: Final = 200


@dataclass(frozen=True, slots=True)
class Terms:
    """What one enterprise's events are judged by at one moment.

    Attributes:
        reporter: the enterprise, from its key.
        registry: the rows in force on the local day of an event's time decide whose an element is.
        now_ms: the receiver's clock.
        max_future_ms: how far `time` may be ahead of it.
        max_age_ms: how far behind.
        indicators: those that exist; None: any name is taken.
    """

    reporter: str
    registry: Registry
    calendar: LocalCalendar
    now_ms: int
    max_future_ms: int
    max_age_ms: int
    indicators: Indicators | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A refusal: `id` is the event's, where it could be read."""

    code: Refusal
    detail: str
    id: str | None


def judge(frame: Frame, terms: Terms) -> Submitted | Rejected:
    """The event, or why it is refused."""
    if frame.oversized:
        return Rejected(Refusal.TOO_LARGE, f"an event may have at most {len(frame.raw)} bytes", None)
    try:
        event = SUBMITTED.validate_json(frame.raw)
    except ValidationError as error:
        return Rejected(*refusal_of(error), _id_of(frame.raw))
    fault = _fault(event, terms)
    return event if fault is None else Rejected(*fault, event.id)


def _fault(event: Submitted, terms: Terms) -> tuple[Refusal, str] | None:
    prefix = f"{terms.reporter}/"
    if not event.source.startswith(prefix):
        return Refusal.WRONG_SOURCE, f"source must begin with {prefix}"
    if isinstance(event, Inspection):
        return Refusal.NOT_ALLOWED, "inspections are reported by the Department only"
    time_ms = to_ms(event.time)
    if time_ms > terms.now_ms + terms.max_future_ms:
        return Refusal.TIME_IN_FUTURE, f"time is more than {terms.max_future_ms // 1000} s ahead of our clock"
    if time_ms < terms.now_ms - terms.max_age_ms:
        return Refusal.TIME_TOO_OLD, f"time is more than {terms.max_age_ms // 86_400_000} days ago"
    if not isinstance(event, StatusEvent):
        if event.subject != terms.reporter:
            return Refusal.UNKNOWN_ELEMENT, UNKNOWN_SUBJECT
        return _not_over(event, terms) or _measurement_fault(event, terms)
    if event.data.status is Status.NO_RESPONSE:
        return Refusal.NOT_ALLOWED, "no_response is what a poller sees: report up, degraded or down"
    row = terms.registry.on(event.subject, terms.calendar.day_of(time_ms))
    if row is None or row.enterprise != terms.reporter:
        return Refusal.UNKNOWN_ELEMENT, UNKNOWN_ELEMENT
    return None


def _not_over(event: Submitted, terms: Terms) -> tuple[Refusal, str] | None:
    """Of a period that goes on nobody can say what was measured, and a report on it would settle the duty."""
    if isinstance(event, Measurement):
        end_ms = to_ms(event.data.period.to)
    elif isinstance(event, Report) and (day := event.data.quarter_end) is not None:
        end_ms = terms.calendar.start_of(day)
    else:
        return None
    if end_ms <= terms.now_ms + terms.max_future_ms:
        return None
    return Refusal.TIME_IN_FUTURE, "data.period is not over yet"


def _measurement_fault(event: Submitted, terms: Terms) -> tuple[Refusal, str] | None:
    if not isinstance(event, Measurement):
        return None
    fault = terms.indicators.fault(event.data) if terms.indicators is not None else None
    return fault or area_fault(event.data, terms.reporter, terms.registry)


def _id_of(raw: bytes) -> str | None:
    """The id of an event that is refused, so that its sender finds it again."""
    try:
        content: Any = from_json(raw)
    except ValueError:
        return None
    found = content.get("id") if isinstance(content, dict) else None
    return found[:_LONGEST_ID] if isinstance(found, str) else None
