"""Periodic quality reports: who owes one for which quarter."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from processors.core.duty import DutyStanding, standing
from processors.core.periods import CalendarPeriod, PeriodKind
from processors.core.working_days import WorkingCalendar
from processors.rules import Rules
from schemas.events import ArchivedReport
from schemas.events.report import QUALITY_REPORT
from schemas.registry import Element, Registry
from schemas.rules import Rule
from schemas.time import LocalCalendar, to_ms
from stores.ledger.unwatched import was_in_service


@dataclass(frozen=True, slots=True)
class ReportDuty:
    """An enterprise's report for one quarter. `deadline` is the last day on which it is in time."""

    enterprise: str
    period: CalendarPeriod
    rule: Rule
    deadline: date
    standing: DutyStanding
    last: ArchivedReport | None


def report_duties(
    registry: Registry,
    rules: Rules,
    reports: Iterable[ArchivedReport],
    calendar: WorkingCalendar,
    first: date,
    now_ms: int,
    zone: str,
) -> Iterator[ReportDuty]:
    """The quarterly reports of all quarters that ended between `first` and now, by quarter and enterprise.

    Args:
        registry: whose enterprises with an element in service in the quarter owe one of it.
        rules: where the duty stands, in force on the quarter's last day.
        reports: all that were archived.
        calendar: moves a deadline that falls on a day off to the next working day.
        first: what ended before this local day is not asked for.
        now_ms: the clock.
        zone: of the calendar.
    """
    received: dict[tuple[str, str], list[ArchivedReport]] = defaultdict(list)
    for one in reports:
        if one.data.is_quality_report:
            received[one.subject, one.data.period].append(one)
    rows = [row for rows in registry.elements.values() for row in rows]
    today = datetime.fromtimestamp(now_ms / 1000, ZoneInfo(zone)).date()
    for quarter in _quarters(first, today):
        rule = _rule(rules, quarter.end - timedelta(days=1))
        if rule is None or rule.threshold is None:
            continue
        last_day = calendar.on_or_after(_day_of_month(quarter.end, int(rule.threshold)))
        too_late = last_day + timedelta(days=1)
        deadline_ms = to_ms(datetime(too_late.year, too_late.month, too_late.day, tzinfo=ZoneInfo(zone)))
        for enterprise in _owing(rows, quarter, LocalCalendar(zone)):
            found = sorted(received.get((enterprise, quarter.name), []), key=lambda one: one.receivedtime)
            known = [one for one in found if to_ms(one.receivedtime) <= now_ms]
            yield ReportDuty(
                enterprise,
                quarter,
                rule,
                last_day,
                standing(deadline_ms, [to_ms(one.receivedtime) for one in found], now_ms),
                known[-1] if known else None,
            )


def _owing(rows: Iterable[Element], quarter: CalendarPeriod, calendar: LocalCalendar) -> list[str]:
    """Who had something in service in the quarter: not who began later, nor who had ended."""
    return sorted(
        {row.enterprise for row in rows if was_in_service(row, quarter.first, quarter.end, calendar)}
    )


def _day_of_month(month: date, day: int) -> date:
    """A limit on a day that the month has not is its last one (Civil Code 2015, Art. 148 §3)."""
    following = (month.replace(day=1) + timedelta(days=32)).replace(day=1)
    return min(month.replace(day=1) + timedelta(days=day - 1), following - timedelta(days=1))


def _rule(rules: Rules, day: date) -> Rule | None:
    return next((rule for rule in rules.in_force(day) if rule.indicator == QUALITY_REPORT), None)


def _quarters(first: date, today: date) -> Iterator[CalendarPeriod]:
    start = CalendarPeriod.named(f"{first.year:04}-Q{(first.month + 2) // 3}")
    while start.end <= today:
        if start.end > first:
            yield start
        following = start.end
        start = CalendarPeriod.named(f"{following.year:04}-Q{(following.month + 2) // 3}")
        assert start.kind is PeriodKind.QUARTER
