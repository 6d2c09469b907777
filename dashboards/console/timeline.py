"""An element's state over a night, a day or a week, as pieces of a strip in percent of its width."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from dashboards.console import formats
from dashboards.console.palette import LOOKS, Look
from dashboards.console.view import History
from schemas.status import Reading
from schemas.time import LocalCalendar
from stores.ledger.history import Run, Transition

_HOUR_MS: Final = 3_600_000


class Span(StrEnum):
    """What the strip covers."""

    NIGHT = "night"
    DAY = "day"
    WEEK = "week"


def interval(span: Span, now_ms: int, calendar: LocalCalendar) -> tuple[int, int]:
    """`[from, to)`. The last night runs from 18:00 to 06:00 local time; before 06:00 it is the one that still runs."""
    if span is Span.DAY:
        return now_ms - 24 * _HOUR_MS, now_ms
    if span is Span.WEEK:
        return now_ms - 7 * 24 * _HOUR_MS, now_ms
    today = calendar.day_of(now_ms)
    evening = calendar.start_of(today - timedelta(1)) + 18 * _HOUR_MS
    return evening, min(now_ms, calendar.start_of(today) + 6 * _HOUR_MS)


@dataclass(frozen=True, slots=True)
class Piece:
    """A run as it is drawn: its place and width in percent."""

    run: Run
    look: Look
    left: float
    width: float


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark under the strip."""

    left: float
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """A transition, and how long the state it led to lasted (None: it still does)."""

    at_ms: int
    before: Reading
    after: Reading
    cause: str | None
    lasted_s: int | None


def pieces(history: History) -> list[Piece]:
    """Every run of the history, in time order, without a gap between them."""
    width = max(1, history.to_ms - history.from_ms)
    return [
        Piece(
            run,
            LOOKS[run.reading],
            round(100 * (run.from_ms - history.from_ms) / width, 3),
            round(100 * (run.to_ms - run.from_ms) / width, 3),
        )
        for run in history.runs
    ]


def ticks(history: History, span: Span, calendar: LocalCalendar) -> list[Tick]:
    """Local hours of a night or a day, local midnights of a week."""
    step = 24 if span is Span.WEEK else 3 if span is Span.DAY else 2
    width = max(1, history.to_ms - history.from_ms)
    start = calendar.start_of(calendar.day_of(history.from_ms))
    marks = range(start, history.to_ms, step * _HOUR_MS)
    return [
        Tick(
            round(100 * (at - history.from_ms) / width, 2),
            formats.day_month(at, calendar.zone)
            if span is Span.WEEK
            else formats.clock(at, calendar.zone, seconds=False),
        )
        for at in marks
        if history.from_ms <= at
    ]


def seconds(runs: Sequence[Run]) -> dict[Reading, int]:
    """Seconds of each reading; every reading is present."""
    found = dict.fromkeys(Reading, 0)
    for run in runs:
        found[run.reading] += (run.to_ms - run.from_ms) // 1000
    return found


def changes(transitions: Sequence[Transition], state_since_ms: int | None) -> list[Change]:
    """The newest first. The last one's state still lasts when the live state began with it."""
    found: list[Change] = []
    for number, one in enumerate(transitions):
        following = transitions[number + 1].at_ms if number + 1 < len(transitions) else None
        if following is None and state_since_ms is not None and state_since_ms > one.at_ms:
            following = state_since_ms
        lasted = None if following is None else (following - one.at_ms) // 1000
        found.append(Change(one.at_ms, one.before, one.after, one.cause, lasted))
    return found[::-1]
