"""Requests for reports with their audit entries; on each database."""

from datetime import date
from decimal import Decimal

import pytest

from processors.audit_check import walk
from processors.core.duty import DutyState
from processors.core.working_days import WorkingCalendar
from processors.duties.requests import (
    RequestError,
    allowed_days,
    request_duties,
    request_report,
    withdraw_request,
)
from processors.rules import Rules, load_rules
from schemas.events import ArchivedReport
from schemas.registry import Confidence, Enterprise, Registry
from schemas.time import LocalCalendar, format_ms
from stores.ledger import audit, requests
from stores.ledger.tables import report_requests

CALENDAR = LocalCalendar()
FRIDAY = date(2026, 11, 20)
HOUR = 3_600_000
ASKED = CALENDAR.start_of(FRIDAY) + 9 * HOUR
REGISTRY = Registry({"alpha": Enterprise("alpha", "A"), "beta": Enterprise("beta", "B")}, {}, {})


def ask(connection, enterprise="alpha", days=1, at=ASKED, off=()):
    return request_report(
        connection,
        REGISTRY,
        WorkingCalendar(frozenset(off)),
        CALENDAR,
        enterprise=enterprise,
        about="sự cố",
        working_days=days,
        person="Nguyễn Văn A",
        now_ms=at,
    )


def report(received_ms, duty="request-1", subject="alpha") -> ArchivedReport:
    return ArchivedReport.model_validate(
        {
            "specversion": "1.0",
            "type": "btswatch.report.v1",
            "id": str(received_ms),
            "source": f"{subject}/oss",
            "subject": subject,
            "time": format_ms(received_ms),
            "data": {"duty": duty, "period": "incident", "values": {}},
            "receivedtime": format_ms(received_ms),
            "track": "declared",
            "reporter": subject,
        }
    )


def states(connection, reports, at):
    found = request_duties(requests.every(connection), reports, CALENDAR, at)
    return [(one.request.number, one.standing.state, one.owed) for one in found]


def test_a_request_is_due_after_working_days_and_stands_in_the_chain_with_its_person(ledger):
    monday = date(2026, 11, 23)
    with ledger.writing() as connection:
        assert ask(connection).deadline == monday
        assert ask(connection, "beta", 2, off=[monday]).deadline == date(2026, 11, 25)
    with ledger.reading() as connection:
        assert [one.number for one in requests.every(connection)] == [1, 2]
        assert [one.number for one in requests.every(connection, "beta")] == [2]
        entry = audit.newest(connection, "report_requested", "alpha")
        assert (entry.actor, entry.content["deadline"]) == ("Nguyễn Văn A", "2026-11-23")
        assert walk(connection).broken == ()


@pytest.mark.parametrize(
    ("received", "at", "state", "owed"),
    [
        ([], 80, DutyState.PENDING, False),
        ([], 87, DutyState.OVERDUE, False),
        ([], 88, DutyState.OVERDUE, True),
        ([5], 88, DutyState.RECEIVED, False),
        ([90], 100, DutyState.LATE, True),
        ([90], 89, DutyState.OVERDUE, True),
        ([5, 90], 100, DutyState.CORRECTED, False),
        # What came before it was asked for answers nothing.
        ([-5], 80, DutyState.PENDING, False),
    ],
)
def test_a_request_stands_by_what_came_until_then(ledger, received, at, state, owed):
    """The last day ends 87 hours after it was asked for."""
    with ledger.writing() as connection:
        ask(connection)
        found = states(connection, [report(ASKED + hours * HOUR) for hours in received], ASKED + at * HOUR)
        assert found == [(1, state, owed)]


def test_others_reports_and_those_of_other_requests_answer_nothing(ledger):
    others = [report(ASKED + HOUR, subject="beta"), report(ASKED + HOUR, duty="request-2")]
    with ledger.writing() as connection:
        ask(connection)
        assert states(connection, others, ASKED + 2 * HOUR) == [(1, DutyState.PENDING, False)]
        assert states(connection, others, ASKED - 1) == []


def test_a_withdrawn_request_owes_nothing_and_is_withdrawn_once(ledger):
    with ledger.writing() as connection:
        ask(connection)
        withdraw_request(connection, 1, person="B", why="by letter", now_ms=ASKED + HOUR)
        assert states(connection, [], ASKED + 500 * HOUR) == [(1, DutyState.OVERDUE, False)]
        assert audit.newest(connection, "request_withdrawn", "alpha").content == {
            "number": 1,
            "why": "by letter",
        }
        for number, said in ((1, "withdrawn by B"), (2, "no request 2")):
            with pytest.raises(RequestError, match=said):
                withdraw_request(connection, number, person="C", why="x", now_ms=ASKED + 2 * HOUR)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"deadline": date(2027, 1, 1)}, "request 1 to alpha is not what was asked for"),
        ({"asked_by": "C"}, "request 1 to alpha is not what was asked for"),
        ({"withdrawn_why": "x"}, "the withdrawal of request 1 is not what was sealed"),
    ],
)
def test_a_changed_request_is_told_by_the_chain(ledger, changed, said):
    with ledger.writing() as connection:
        ask(connection)
        withdraw_request(connection, 1, person="B", why="by letter", now_ms=ASKED + HOUR)
        connection.execute(report_requests.update().values(**changed))
        assert [one.detail for one in walk(connection).broken] == [said]


def test_whom_the_registry_does_not_know_is_not_asked(ledger):
    with ledger.writing() as connection, pytest.raises(RequestError, match="alpha, beta"):
        ask(connection, "gamma")


def test_the_rules_time_limit_is_not_known_and_not_made_up():
    rules = load_rules()
    assert allowed_days(rules, FRIDAY) is None
    known = rules.get("R-ADHOC").model_copy(update={"threshold": Decimal(5), "confidence": Confidence.HIGH})
    assert allowed_days(Rules((known,)), FRIDAY) == 5
    assert allowed_days(Rules((known,)), date(2013, 5, 9)) is None
