"""Reports on request (báo cáo đột xuất): a person of the Department asks, with a deadline in working days."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sqlalchemy import Connection

from processors.core.duty import DutyStanding, standing
from processors.core.working_days import WorkingCalendar
from processors.rules import Rules
from schemas.audit import AuditKind, NewAuditEntry
from schemas.events import ArchivedReport
from schemas.registry import Registry
from schemas.time import LocalCalendar, to_ms
from stores.ledger import audit, requests
from stores.ledger.requests import ReportRequest

REPORT_ON_REQUEST: Final = "report_on_request"


class RequestError(Exception):
    """The request can't be taken; the message says why."""


@dataclass(frozen=True, slots=True)
class RequestDuty:
    """A request and how it stands; of a withdrawn one nothing is owed. `last` is the newest report that answers it."""

    request: ReportRequest
    standing: DutyStanding
    last: ArchivedReport | None

    @property
    def duty(self) -> str:
        """What a report that answers it writes as its `duty`."""
        return duty_of(self.request.number)

    @property
    def owed(self) -> bool:
        """Whether it is late or overdue."""
        return self.request.withdrawn_ms is None and self.standing.late_ms > 0


def duty_of(number: int) -> str:
    """The `duty` of the report that answers the request of that number."""
    return f"request-{number}"


def allowed_days(rules: Rules, day: date) -> int | None:
    """How many working days the rule in force gives; None where its figure is not known."""
    rule = next((one for one in rules.in_force(day) if one.indicator == REPORT_ON_REQUEST), None)
    return int(rule.threshold) if rule is not None and rule.threshold is not None else None


def request_report(
    connection: Connection,
    registry: Registry,
    working: WorkingCalendar,
    calendar: LocalCalendar,
    *,
    enterprise: str,
    about: str,
    working_days: int,
    person: str,
    now_ms: int,
) -> ReportRequest:
    """Ask an enterprise for a report. The connection must hold the writer's lock.

    Raises:
        RequestError: no such enterprise.
    """
    if enterprise not in registry.enterprises:
        known = ", ".join(sorted(registry.enterprises))
        raise RequestError(f"{enterprise}: no such enterprise; the registry has {known}")
    one = ReportRequest(
        number=requests.next_number(connection),
        enterprise=enterprise,
        about=about,
        asked_ms=now_ms,
        asked_by=person,
        working_days=working_days,
        deadline=working.after(calendar.day_of(now_ms), working_days),
    )
    requests.save(connection, one)
    content = {
        "number": one.number,
        "about": about,
        "working_days": working_days,
        "deadline": one.deadline.isoformat(),
    }
    entry = NewAuditEntry(now_ms, AuditKind.REPORT_REQUESTED, enterprise, person, content)
    audit.append(connection, [entry])
    return one


def withdraw_request(connection: Connection, number: int, *, person: str, why: str, now_ms: int) -> None:
    """Take a request back. The connection must hold the writer's lock.

    Raises:
        RequestError: there is no such request that stands.
    """
    one = requests.get(connection, number)
    if one is None:
        raise RequestError(f"there is no request {number}")
    if not requests.withdraw(connection, number, now_ms, person, why):
        raise RequestError(f"request {number} was withdrawn by {one.withdrawn_by}")
    content = {"number": number, "why": why}
    entry = NewAuditEntry(now_ms, AuditKind.REQUEST_WITHDRAWN, one.enterprise, person, content)
    audit.append(connection, [entry])


def request_duties(
    asked: Iterable[ReportRequest], reports: Iterable[ArchivedReport], calendar: LocalCalendar, now_ms: int
) -> Iterator[RequestDuty]:
    """How the requests stand that were made by now, in order; what was received later does not exist yet."""
    answers = list(reports)
    for one in asked:
        if one.asked_ms > now_ms:
            continue
        found = sorted(
            (
                report
                for report in answers
                if report.subject == one.enterprise
                and report.data.duty == duty_of(one.number)
                and one.asked_ms <= to_ms(report.receivedtime) <= now_ms
            ),
            key=lambda report: report.receivedtime,
        )
        until = calendar.start_of(one.deadline + timedelta(days=1))
        stands = standing(until, [to_ms(report.receivedtime) for report in found], now_ms)
        yield RequestDuty(one, stands, found[-1] if found else None)
