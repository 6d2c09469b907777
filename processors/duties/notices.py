"""Notices of planned work: in time, late, or work that nobody announced."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from processors.core.conventions import Conventions
from processors.core.decode import decode_one, microseconds
from processors.core.duty import DutyStanding, DutyState, standing
from processors.core.notices import Announcement, Notice, NoticeBook, canonical_json
from processors.core.periods import CalendarPeriod
from processors.rules import Rules
from schemas.registry import Registry
from schemas.rules import Rule
from schemas.time import LocalCalendar
from stores.ledger.history import Transition

PLANNED_WORK_NOTICE: Final = "planned_work_notice"
_HOUR_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True)
class NoticeDuty:
    """A work and its notice. Without a notice (`notice` is None) `elements` is where it was seen, from `from_ms` on.

    `received_ms` is when the notice came, `lead_s` how long before the start; `excuses` whether its window makes down
    time planned time.
    """

    enterprise: str
    notice: str | None
    elements: tuple[str, ...]
    from_ms: int
    to_ms: int | None
    received_ms: int | None
    withdrawn_ms: int | None
    standing: DutyStanding
    rule: Rule
    excuses: bool

    @property
    def lead_s(self) -> int | None:
        """Seconds between the receipt of the notice and the start of the work; negative where it came after it."""
        return None if self.received_ms is None else (self.from_ms - self.received_ms) // 1000


def notice_book(lines: Iterable[bytes], conventions: Conventions) -> NoticeBook:
    """The notices in archived lines; what is none is passed over."""
    book = NoticeBook(conventions)
    for line in lines:
        event = decode_one(line)
        if not isinstance(event, dict) or event["type"] != "btswatch.maintenance.v1":
            continue
        data, received = event["data"], microseconds(event["receivedtime"])
        if data["action"] == "withdraw":
            book.withdraw(event["reporter"], data["notice"], received)
        elif "from" in data and "to" in data:
            plan = Announcement(
                received,
                canonical_json(line),
                tuple(data.get("elements", ())),
                microseconds(data["from"]),
                microseconds(data["to"]),
            )
            book.announce(event["reporter"], data["notice"], plan)
    return book


def notice_duties(
    book: NoticeBook,
    manual: Iterable[Transition],
    registry: Registry,
    rules: Rules,
    period: CalendarPeriod,
    now_ms: int,
    conventions: Conventions,
) -> Iterator[NoticeDuty]:
    """The works that were to begin in the period, by start: those announced, and those that nobody announced.

    Args:
        book: all notices.
        manual: transitions to down, in the period, whose evidence gave `manual` as the cause: a hand was there.
        registry: whose the elements are.
        rules: how many hours before the start a notice is due (indicator `planned_work_notice`), in force on its day.
        period: in which works begin.
        now_ms: what was received later does not exist yet.
        conventions: what makes an accepted notice.
    """
    calendar = LocalCalendar(conventions.zone)
    start_ms, end_ms = (calendar.start_of(day) for day in (period.first, period.end))
    found: list[NoticeDuty] = []
    for (enterprise, name), notice in book:
        plan = notice.announced
        if plan is None or plan.received // 1000 > now_ms or not start_ms <= plan.start // 1000 < end_ms:
            continue
        rule = _rule(rules, calendar, plan.start // 1000)
        if rule is not None:
            found.append(_announced(enterprise, name, notice, plan, rule, now_ms, conventions))
    for one in manual:
        row = registry.on(one.element, calendar.day_of(one.at_ms))
        rule = _rule(rules, calendar, one.at_ms)
        if row is None or rule is None or _announced_at(book, row.enterprise, one, now_ms):
            continue
        late = DutyStanding(DutyState.OVERDUE, None, now_ms - _deadline_ms(rule, one.at_ms))
        found.append(
            NoticeDuty(row.enterprise, None, (one.element,), one.at_ms, None, None, None, late, rule, False)
        )
    yield from sorted(found, key=lambda one: (one.from_ms, one.enterprise, one.notice or "", one.elements))


def _announced(
    enterprise: str,
    name: str,
    notice: Notice,
    plan: Announcement,
    rule: Rule,
    now_ms: int,
    conventions: Conventions,
) -> NoticeDuty:
    receipts = [plan.received // 1000]
    withdrawn = notice.withdrawn // 1000 if notice.withdrawn is not None else None
    if withdrawn is not None and withdrawn > now_ms:
        withdrawn = None
    # Taken back before its start, it is corrected: nothing is owed any more.
    if withdrawn is not None and withdrawn < plan.start // 1000:
        receipts.append(withdrawn)
    return NoticeDuty(
        enterprise,
        name,
        plan.elements,
        plan.start // 1000,
        plan.end // 1000,
        receipts[0],
        withdrawn,
        # Exactly so many hours before is in time.
        standing(_deadline_ms(rule, plan.start // 1000) + 1, receipts, now_ms),
        rule,
        notice.window(conventions, now_ms * 1000 + 999) is not None,
    )


def _announced_at(book: NoticeBook, enterprise: str, one: Transition, now_ms: int) -> bool:
    """Whether some notice, also one that came late, names the element and that moment."""
    return any(
        owner == enterprise
        and (plan := notice.announced) is not None
        and plan.received // 1000 <= now_ms
        and one.element in plan.elements
        and plan.start // 1000 <= one.at_ms < plan.end // 1000
        and not (notice.withdrawn is not None and notice.withdrawn // 1000 <= one.at_ms)
        for (owner, _), notice in book
    )


def _deadline_ms(rule: Rule, start_ms: int) -> int:
    assert rule.threshold is not None
    return start_ms - int(rule.threshold * _HOUR_MS)


def _rule(rules: Rules, calendar: LocalCalendar, at_ms: int) -> Rule | None:
    found = (one for one in rules.in_force(calendar.day_of(at_ms)) if one.indicator == PLANNED_WORK_NOTICE)
    return next((one for one in found if one.threshold is not None), None)
