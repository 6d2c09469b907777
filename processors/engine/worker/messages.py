"""What workers tell, as the wire has it: contracts of schemas, written straight from our rows.

Written as JSON by hand and not through the models: their checks are for readers, and cost more than the reading itself.
The tests hold every message to its model.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import Any, Final

from processors.engine.worker.wire import Incoming
from schemas.registry import Element
from schemas.status import Cause
from schemas.time import LocalCalendar, format_ms
from stores.ledger.feeds import LateEvidence
from stores.ledger.figures import DayFigure
from stores.ledger.history import Transition
from stores.ledger.province_view import ElementNow

TRANSITIONS: Final = "transitions"
FIGURES: Final = "figures"
STATES: Final = "states"
FEEDS: Final = "feeds"
DEAD_LETTERS: Final = "deadletter"

AVAILABILITY: Final = "availability"
EVIDENCE: Final = "evidence"
# Of a message near the limit, what base64 and the other fields leave room for.
_BODY_BYTES: Final = 650_000
_CAUSES: Final = frozenset(Cause)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to be sent: to a topic of the catalogue, by its key."""

    topic: str
    key: str
    value: bytes


def dead_letter(
    message: Incoming,
    at_ms: int,
    reporter: str,
    code: str,
    detail: str,
    body: bytes,
    *,
    entrance: str = AVAILABILITY,
    topic: str = EVIDENCE,
) -> Outgoing:
    """`DeadLetter`: what could not be taken in of a message, and why."""
    if len(body) > _BODY_BYTES:
        detail = f"{detail} (cut from {len(body)} bytes)"
    value: dict[str, Any] = {
        "at": format_ms(at_ms),
        "entrance": entrance,
        "reporter": reporter[:200],
        "code": code,
        "detail": detail.replace("\x00", " ")[:1000],
        "topic": topic,
        "partition": message.partition,
        "offset": message.offset,
        "body": base64.b64encode(body[:_BODY_BYTES]).decode(),
    }
    return _message(DEAD_LETTERS, code, value)


def day_transitions(row: Element, day: date, told: Sequence[Transition], as_of_ms: int) -> Outgoing:
    """`DayTransitions`: all of the day, to replace what a reader has."""
    changes = [
        _without_absent(
            {
                "at": format_ms(one.at_ms),
                "from": one.before.name.lower(),
                "to": one.after.name.lower(),
                "cause": one.cause if one.cause in _CAUSES else None,
            }
        )
        for one in told
    ]
    return _message(
        TRANSITIONS,
        row.id,
        {
            "element": row.id,
            "kind": row.kind.value,
            "enterprise": row.enterprise,
            "unit": row.unit,
            "day": day.isoformat(),
            "as_of": format_ms(as_of_ms),
            "changes": changes,
        },
    )


def element_state(now: ElementNow, unit: str | None, as_of_ms: int) -> Outgoing:
    """`ElementState`."""
    return _message(
        STATES,
        now.element,
        {
            "element": now.element,
            "kind": now.kind,
            "enterprise": now.enterprise,
            "state": now.status.name.lower(),
            "measured": now.measured.name.lower(),
            "declared": now.declared.name.lower(),
            "since": format_ms(now.since_ms),
            "as_of": format_ms(as_of_ms),
            "last_measured": _instant(now.measured_at_ms),
            "last_declared": _instant(now.declared_at_ms),
            "cause": now.cause if now.cause in _CAUSES else None,
            "unit": unit,
            "measured_code": now.measured_code,
            "declared_code": now.declared_code,
            "detail": now.detail,
            "metrics": dict(now.metrics) if now.metrics is not None else None,
        },
    )


def figure_record(one: DayFigure, calendar: LocalCalendar) -> Outgoing:
    """`FigureRecord` of an element and local day, provisional, with its detail."""
    start, end = calendar.start_of(one.day), calendar.start_of(one.day + timedelta(days=1))
    return _message(
        FIGURES,
        one.element,
        {
            "figure": {
                "scope": "element",
                "id": one.element,
                "period": "day",
                "from": calendar.format(start),
                "to": calendar.format(end),
                **one.figure.as_dict(),
                "state": one.state,
            },
            "kind": one.kind,
            "enterprise": one.enterprise,
            "unit": one.unit,
            "detail": {
                "technologies": ";".join(one.technologies),
                "head_s": one.head_s,
                "tail_s": one.tail_s,
                "from_ms": one.from_ms,
                "to_ms": one.to_ms,
                "runs": one.runs,
            },
            "revision": one.revision,
            "as_of": format_ms(one.as_of_ms),
            "registry": one.registry_digest,
            "rules": one.rules_digest or None,
        },
    )


def feed_activity(
    reporter: str, partition: int, seen: Mapping[str, Any], refusals: Sequence[Sequence[Any]], as_of_ms: int
) -> Outgoing:
    """`FeedActivity` of one partition; `refusals` are [day, code, events, last_ms]."""
    return _message(
        FEEDS,
        reporter,
        {
            "feed": "activity",
            "reporter": reporter,
            "partition": partition,
            "as_of": format_ms(as_of_ms),
            "last_life": _instant(seen["last_life_ms"]),
            "last_received": _instant(seen["last_received_ms"]),
            "accepted": seen["accepted"],
            "refused": seen["refused"],
            "refusals": [
                {"day": day, "code": code, "events": events, "last": format_ms(last_ms)}
                for day, code, events, last_ms in refusals
            ],
        },
    )


def late_evidence(one: LateEvidence) -> Outgoing:
    """`LateEvidence`."""
    return _message(
        FEEDS,
        one.reporter,
        {
            "feed": "late",
            "number": one.journal_offset,
            "day": one.day.isoformat(),
            "element": one.element,
            "reporter": one.reporter,
            "at": format_ms(one.at_ms),
            "received": format_ms(one.received_ms),
            "status": one.status,
        },
    )


def late_number(reporter: str, source: str, identity: str) -> int:
    """63 bits of SHA-256 over an event's identity: the same event has the same number."""
    text = json.dumps([reporter, source, identity], separators=(",", ":"))
    return int.from_bytes(sha256(text.encode()).digest()[:8], "big") >> 1


def _message(topic: str, key: str, value: Mapping[str, Any]) -> Outgoing:
    return Outgoing(topic, key, json.dumps(_without_absent(value), separators=(",", ":")).encode())


def _without_absent(value: Mapping[str, Any]) -> dict[str, Any]:
    return {name: one for name, one in value.items() if one is not None}


def _instant(ms: int | None) -> str | None:
    return None if ms is None else format_ms(ms)
