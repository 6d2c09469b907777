"""Periodic quality reports: who owes one for which quarter, and what a received one says against our own figures."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from processors.core.duty import DutyStanding, standing
from processors.core.periods import CalendarPeriod, PeriodKind
from processors.core.working_days import WorkingCalendar
from processors.rules import Rules
from processors.verdicts import PeriodVerdict
from schemas.events import ArchivedReport
from schemas.registry import Registry
from schemas.rules import Rule
from schemas.time import to_ms

QUALITY_REPORT: Final = "quality_quarterly"


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
        registry: whose enterprises with elements owe one.
        rules: where the duty stands, in force on the quarter's last day.
        reports: all that were archived.
        calendar: moves a deadline that falls on a day off to the next working day.
        first: what ended before this local day is not asked for.
        now_ms: the clock.
        zone: of the calendar.
    """
    received: dict[tuple[str, str], list[ArchivedReport]] = defaultdict(list)
    for one in reports:
        if one.data.duty.replace("-", "_") == QUALITY_REPORT:
            received[one.subject, one.data.period].append(one)
    owing = sorted({row.enterprise for rows in registry.elements.values() for row in rows})
    today = datetime.fromtimestamp(now_ms / 1000, ZoneInfo(zone)).date()
    for quarter in _quarters(first, today):
        rule = _rule(rules, quarter.end - timedelta(days=1))
        if rule is None or rule.threshold is None:
            continue
        last_day = calendar.on_or_after(quarter.end.replace(day=int(rule.threshold)))
        too_late = last_day + timedelta(days=1)
        deadline_ms = to_ms(datetime(too_late.year, too_late.month, too_late.day, tzinfo=ZoneInfo(zone)))
        for enterprise in owing:
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


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A reported figure that our own bounds exclude; percent."""

    name: str
    reported: float
    least: float
    most: float


def mismatches(report: ArchivedReport, verdicts: Iterable[PeriodVerdict]) -> Iterator[Mismatch]:
    """Reported availabilities that lie outside of what was measured: below A_min, or above A_max.

    A figure stands under `SERVICE.D` or `SERVICE.service_availability`, in percent. Within the bounds both may be right:
    what is unknown here decides nothing.
    """
    values: Mapping[str, float] = report.data.values
    for verdict in verdicts:
        if verdict.enterprise != report.subject or verdict.subject != verdict.enterprise or not verdict.held:
            continue
        service = verdict.held[-1].by.rule.service
        ratios = verdict.judgement.figure.ratios()
        least, most = ratios["A_min"], ratios["A_max"]
        for name in (f"{service}.D", f"{service}.service_availability"):
            reported = values.get(name)
            if reported is None or least is None or most is None:
                continue
            # As exact as it was reported: 99.5 stands for what rounds to it.
            slack = 0.5 * 10 ** -_decimals(reported)
            if not 100 * least - slack <= reported <= 100 * most + slack:
                yield Mismatch(name, reported, 100 * least, 100 * most)


def _decimals(value: float) -> int:
    text = repr(value)
    return len(text.partition(".")[2]) if "e" not in text and not text.endswith(".0") else 0


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
