"""Heartbeat cadence: whether each feed gave signs of life often enough, day by day, from what closing found."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from processors.core.duty import TABLE, DutyEvent, DutyState
from processors.core.periods import CalendarPeriod
from processors.rules import Rules
from schemas.registry import Registry
from schemas.rules import Rule
from schemas.status import Feed
from stores.ledger.enterprise_word import FeedRow

FEED_SILENCE: Final = "feed_silence"


@dataclass(frozen=True, slots=True)
class HeartbeatDuty:
    """A feed's day. `row` is None while the day is open; a gap that ended makes it late, one at its end overdue."""

    enterprise: str
    day: date
    rule: Rule
    state: DutyState
    row: FeedRow | None


def heartbeat_duties(
    rows: Iterable[FeedRow],
    registry: Registry,
    rules: Rules,
    period: CalendarPeriod,
    today: date,
    closed: Iterable[date],
    official: date | None,
) -> Iterator[HeartbeatDuty]:
    """The days of the period up to today for each transition feed with an element, by enterprise and day.

    Args:
        rows: what closing found.
        registry: whose enterprises owe heartbeats.
        rules: how many seconds of silence a day may have (indicator `feed_silence`), in force on the day.
        period: which days.
        today: the local day that is now.
        closed: closed days; one without a row was closed without looking, and nothing is said of it.
        official: the first official day; those before it are never closed, and nothing is said of them.
    """
    known: Mapping[tuple[str, date], FeedRow] = {(one.enterprise, one.day): one for one in rows}
    done = set(closed)
    first = max(period.first, official or period.first)
    days = [first + timedelta(days=n) for n in range((period.end - first).days)]
    owners = {row.enterprise for rows in registry.elements.values() for row in rows}
    for enterprise in sorted(one for one in owners if registry.enterprises[one].feed is Feed.TRANSITION):
        for day in days:
            rule = next((one for one in rules.in_force(day) if one.indicator == FEED_SILENCE), None)
            row = known.get((enterprise, day))
            if rule is None or rule.threshold is None or day > today or (row is None and day in done):
                continue
            if row is not None or _owes(registry, enterprise, day):
                yield HeartbeatDuty(enterprise, day, rule, _state(row, float(rule.threshold)), row)


def _state(row: FeedRow | None, allowed_s: float) -> DutyState:
    """Each gap is a deadline that passed; a sign of life after it is a receipt that came late."""
    state = DutyState.PENDING
    if row is None:
        return state
    if row.silent_s <= allowed_s:
        return TABLE[state, DutyEvent.RECEIPT]
    state = TABLE[state, DutyEvent.DEADLINE]
    return state if row.ends_silent else TABLE[state, DutyEvent.RECEIPT]


def _owes(registry: Registry, enterprise: str, day: date) -> bool:
    return any(
        row is not None and row.enterprise == enterprise
        for element in registry.elements
        for row in [registry.on(element, day)]
    )
