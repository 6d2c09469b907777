import json
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.core.conventions import Conventions
from processors.core.duty import TABLE, DutyEvent, DutyState, standing
from processors.core.periods import CalendarPeriod
from processors.core.working_days import WorkingCalendar
from processors.duties.certificates import CertificateState, certificates
from processors.duties.heartbeats import heartbeat_duties
from processors.duties.notices import notice_book, notice_duties
from processors.duties.reports import report_duties
from processors.duties.working_calendar import WorkingCalendarError, working_calendar
from processors.rules import Rules, load_rules
from schemas.events import ArchivedReport
from schemas.registry import Element, Enterprise, Kind, Registry
from schemas.rules import Rule
from schemas.status import Feed, Reading
from schemas.time import LocalCalendar
from stores.ledger.enterprise_word import FeedRow
from stores.ledger.history import Transition

ZONE = "Asia/Ho_Chi_Minh"
CALENDAR = LocalCalendar(ZONE)
THIS_YEAR = working_calendar([2026])


@pytest.mark.parametrize(
    ("receipts", "now", "state", "late"),
    [
        ([], 9, DutyState.PENDING, 0),
        ([], 10, DutyState.OVERDUE, 0),
        ([], 25, DutyState.OVERDUE, 15),
        ([9], 9, DutyState.RECEIVED, 0),
        ([9], 99, DutyState.RECEIVED, 0),
        ([10], 99, DutyState.LATE, 0),
        ([30], 99, DutyState.LATE, 20),
        ([30], 29, DutyState.OVERDUE, 19),
        ([3, 5], 99, DutyState.CORRECTED, 0),
        ([3, 30], 99, DutyState.CORRECTED, 0),
        ([30, 40, 50], 99, DutyState.CORRECTED, 20),
    ],
)
def test_a_duty_stands_as_its_table_says(receipts, now, state, late):
    found = standing(10, receipts, now)
    assert (found.state, found.late_ms) == (state, late)


def test_the_table_knows_every_event_of_every_state_that_can_have_it():
    # The deadline passes once; after it the state is one of the last three.
    impossible = {(DutyState.OVERDUE, DutyEvent.DEADLINE), (DutyState.LATE, DutyEvent.DEADLINE)}
    every = {(state, event) for state in DutyState for event in DutyEvent}
    assert set(TABLE) == every - impossible


@given(st.lists(st.integers(0, 20)), st.integers(0, 20), st.integers(0, 25))
def test_a_duty_depends_on_what_has_been_received_alone(receipts, deadline, now):
    found = standing(deadline, receipts, now)
    known = [at for at in receipts if at <= now]
    assert found == standing(deadline, list(reversed(known)), now)
    assert (found.first_ms is None) == (not known)
    assert (found.state in (DutyState.PENDING, DutyState.OVERDUE)) == (not known)


def test_the_working_calendar_knows_holidays_and_days_worked_in_exchange():
    calendar = THIS_YEAR
    assert not calendar.is_working(date(2026, 9, 2)), "national day"
    assert not calendar.is_working(date(2026, 8, 31)), "moved by the government"
    assert calendar.is_working(date(2026, 8, 22)), "worked in exchange, a Saturday"
    assert calendar.is_working(date(2026, 9, 3))
    assert not calendar.is_working(date(2026, 9, 5)), "a Saturday"


def test_a_file_of_moved_days_comes_before_all(tmp_path):
    path = tmp_path / "moved.yaml"
    path.write_text(
        "days:\n- {day: 2026-09-03, work: 'off', basis: a decision}\n- {day: 2026-09-02, work: working, basis: it}\n"
    )
    calendar = working_calendar([2026], path)
    assert [calendar.is_working(date(2026, 9, day)) for day in (1, 2, 3, 4)] == [False, True, False, True]
    path.write_text("days:\n- {day: 2026-09-03, work: maybe, basis: a}\n")
    with pytest.raises(WorkingCalendarError, match="moved"):
        working_calendar([2026], path)
    path.write_text("days:\n" + "- {day: 2026-09-03, work: 'off', basis: a}\n" * 2)
    with pytest.raises(WorkingCalendarError, match="twice"):
        working_calendar([2026], path)


@given(st.dates(date(2026, 1, 1), date(2026, 11, 1)), st.integers(0, 30))
def test_a_limit_of_working_days_holds_so_many_of_them(day, count):
    calendar = THIS_YEAR
    end = calendar.after(day, count)
    between = [day + timedelta(days=n) for n in range(1, (end - day).days + 1)]
    assert sum(calendar.is_working(one) for one in between) == count
    assert end == day or calendar.is_working(end)
    assert calendar.is_working(calendar.on_or_after(day))


def registry(feed=Feed.TRANSITION, **changes) -> Registry:
    row = Element("A-1", Kind.STATION, "alpha", **changes)
    return Registry(
        {"alpha": Enterprise("alpha", "A", feed=feed), "idle": Enterprise("idle", "I")}, {}, {"A-1": (row,)}
    )


def report(period, received, subject="alpha", duty="quality-quarterly") -> ArchivedReport:
    return ArchivedReport.model_validate(
        {
            "specversion": "1.0",
            "type": "btswatch.report.v1",
            "id": received,
            "source": f"{subject}/oss",
            "subject": subject,
            "time": received,
            "data": {"duty": duty, "period": period, "values": {}},
            "receivedtime": received,
            "track": "declared",
            "reporter": subject,
        }
    )


def duties(reports, now, first=date(2026, 4, 1)):
    now_ms = CALENDAR.start_of(now)
    found = report_duties(registry(), load_rules(), reports, THIS_YEAR, first, now_ms, ZONE)
    return [(one.enterprise, one.period.name, one.deadline, one.standing.state.value) for one in found]


def test_every_enterprise_with_elements_owes_each_quarters_report():
    assert duties([], date(2026, 11, 23)) == [
        ("alpha", "2026-Q2", date(2026, 7, 20), "overdue"),
        ("alpha", "2026-Q3", date(2026, 10, 20), "overdue"),
    ]


@pytest.mark.parametrize(
    ("changes", "quarters"),
    [
        ({"valid_from": date(2026, 7, 1)}, ["2026-Q3"]),
        ({"valid_from": date(2026, 10, 1)}, []),
        ({"valid_from": date(2026, 9, 30)}, ["2026-Q3"]),
        ({"valid_to": date(2026, 7, 1)}, ["2026-Q2"]),
        ({"valid_to": date(2026, 7, 2)}, ["2026-Q2", "2026-Q3"]),
        ({"commissioned": CALENDAR.start_of(date(2026, 10, 1))}, []),
        ({"commissioned": CALENDAR.start_of(date(2026, 10, 1)) - 1}, ["2026-Q3"]),
        ({"decommissioned": CALENDAR.start_of(date(2026, 7, 1))}, ["2026-Q2"]),
        ({"decommissioned": CALENDAR.start_of(date(2026, 7, 1)) + 1}, ["2026-Q2", "2026-Q3"]),
    ],
)
def test_nobody_owes_the_report_of_a_quarter_in_which_it_had_nothing_in_service(changes, quarters):
    now_ms = CALENDAR.start_of(date(2026, 11, 23))
    found = report_duties(registry(**changes), load_rules(), [], THIS_YEAR, date(2026, 4, 1), now_ms, ZONE)
    assert [one.period.name for one in found] == quarters


@pytest.mark.parametrize(("threshold", "last"), [("31", date(2026, 4, 30)), ("30", date(2026, 4, 30))])
def test_a_deadline_beyond_the_months_end_is_its_last_day(threshold, last):
    rule = next(one for one in load_rules().rules if one.id == "R-QTR")
    rules = Rules((Rule.model_validate(rule.model_dump() | {"threshold": threshold}),))
    now_ms = CALENDAR.start_of(date(2026, 5, 1))
    (found,) = report_duties(registry(), rules, [], WorkingCalendar(), date(2026, 3, 1), now_ms, ZONE)
    assert found.deadline == last


def test_a_deadline_on_a_day_off_moves_to_the_next_working_day():
    """20 April 2025 is a Sunday."""
    found = report_duties(
        registry(),
        load_rules(),
        [],
        working_calendar([2025]),
        date(2025, 1, 1),
        CALENDAR.start_of(date(2025, 4, 5)),
        ZONE,
    )
    assert [(one.deadline, one.standing.state) for one in found] == [(date(2025, 4, 21), DutyState.PENDING)]


def test_a_report_counts_for_its_quarter_by_its_receipt():
    last_moment, too_late = "2026-10-20T23:59:59+07:00", "2026-10-21T00:00:00+07:00"
    assert duties([report("2026-Q3", last_moment)], date(2026, 11, 23))[1][3] == "received"
    assert duties([report("2026-Q3", too_late)], date(2026, 11, 23))[1][3] == "late"
    assert duties([report("2026-Q2", last_moment)], date(2026, 11, 23))[1][3] == "overdue"
    assert duties([report("2026-Q3", last_moment, duty="other")], date(2026, 11, 23))[1][3] == "overdue"
    assert duties([report("2026-Q3", last_moment, subject="idle")], date(2026, 11, 23))[1][3] == "overdue"


@pytest.mark.parametrize(
    ("on", "state"),
    [
        (date(2026, 3, 3), CertificateState.VALID),
        (date(2026, 3, 4), CertificateState.EXPIRES_IN_90_DAYS),
        (date(2026, 5, 2), CertificateState.EXPIRES_IN_90_DAYS),
        (date(2026, 5, 3), CertificateState.EXPIRES_IN_30_DAYS),
        (date(2026, 6, 2), CertificateState.EXPIRES_IN_30_DAYS),
        (date(2026, 6, 3), CertificateState.EXPIRED),
    ],
)
def test_a_certificate_holds_to_the_end_of_the_same_date_five_years_later(on, state):
    known = registry(inspection_class="A", certificate_issued=date(2021, 6, 2))
    (found,) = certificates(known, load_rules(), on)
    assert (found.state, found.last_day) == (state, date(2026, 6, 2))


def test_a_certificate_that_is_issued_later_does_not_hold_yet():
    known = registry(inspection_class="A", certificate_issued=date(2026, 6, 2))
    (before,) = certificates(known, load_rules(), date(2026, 6, 1))
    (after,) = certificates(known, load_rules(), date(2026, 6, 2))
    assert (before.state, before.issued, before.last_day) == (CertificateState.MISSING, None, None)
    assert (after.state, after.issued) == (CertificateState.VALID, date(2026, 6, 2))


@pytest.mark.parametrize(
    ("changes", "asked"),
    [
        ({"decommissioned": CALENDAR.start_of(date(2026, 6, 1))}, False),
        ({"decommissioned": CALENDAR.start_of(date(2026, 6, 1)) + 1}, True),
        ({"commissioned": CALENDAR.start_of(date(2026, 6, 2))}, False),
        ({"commissioned": CALENDAR.start_of(date(2026, 6, 2)) - 1}, True),
    ],
)
def test_a_station_out_of_service_needs_no_certificate(changes, asked):
    found = list(certificates(registry(inspection_class="A", **changes), load_rules(), date(2026, 6, 1)))
    assert [one.state for one in found] == [CertificateState.MISSING] * asked


def test_class_a_without_a_certificate_is_told_and_class_b_is_not_asked():
    on = date(2026, 11, 23)
    assert [one.state for one in certificates(registry(inspection_class="A"), load_rules(), on)] == [
        CertificateState.MISSING
    ]
    assert list(certificates(registry(inspection_class="B"), load_rules(), on)) == []
    assert list(certificates(registry(inspection_class="A"), load_rules(), date(2019, 1, 1))) == []


def test_a_passed_inspection_renews_and_only_from_its_day_on():
    known = registry(inspection_class="A", certificate_issued=date(2020, 2, 29))
    passed = [("A-1", date(2025, 3, 1)), ("A-2", date(2026, 1, 1))]
    (before,) = certificates(known, load_rules(), date(2025, 2, 28), passed)
    (after,) = certificates(known, load_rules(), date(2025, 3, 1), passed)
    assert (before.last_day, before.state) == (date(2025, 2, 28), CertificateState.EXPIRES_IN_30_DAYS)
    assert (after.last_day, after.state) == (date(2030, 3, 1), CertificateState.VALID)


def test_a_failed_inspection_stands_until_a_later_one_is_passed():
    known = registry(inspection_class="A", certificate_issued=date(2024, 1, 1))
    failed, passed = [("A-1", date(2025, 3, 1))], [("A-1", date(2025, 6, 1))]

    def state(on, again=()):
        (found,) = certificates(known, load_rules(), on, again, failed)
        return found.state

    assert state(date(2025, 2, 28)) is CertificateState.VALID
    assert state(date(2025, 3, 1), passed) is CertificateState.FAILED_INSPECTION
    assert state(date(2026, 1, 1)) is CertificateState.FAILED_INSPECTION
    assert state(date(2025, 6, 1), passed) is CertificateState.VALID


def test_an_empty_calendar_is_weeks():
    calendar = WorkingCalendar()
    assert [calendar.is_working(date(2026, 11, 16) + timedelta(days=n)) for n in range(7)] == [True] * 5 + [
        False
    ] * 2


def feed_row(day, silent_s, *, ends_silent=False, enterprise="alpha") -> FeedRow:
    return FeedRow(day, enterprise, 300, 86_400, silent_s, int(silent_s > 0), silent_s, None, ends_silent)


def heartbeats(rows, today=date(2026, 9, 5), closed=(), known=None, official=None):
    week = CalendarPeriod.named("2026-09")
    found = heartbeat_duties(rows, known or registry(), load_rules(), week, today, closed, official)
    return [(one.enterprise, one.day.day, one.state.value) for one in found]


def test_a_feeds_day_is_received_late_overdue_or_pending():
    days = [date(2026, 9, number) for number in range(1, 6)]
    rows = [feed_row(days[0], 0), feed_row(days[1], 10), feed_row(days[2], 10, ends_silent=True)]
    # The fourth was closed without looking.
    assert heartbeats(rows, closed=days[:4]) == [
        ("alpha", 1, "received"),
        ("alpha", 2, "late"),
        ("alpha", 3, "overdue"),
        ("alpha", 5, "pending"),
    ]
    assert heartbeats(list(reversed(rows)), closed=days[:4]) == heartbeats(rows, closed=days[:4])
    assert heartbeats([], today=date(2026, 8, 31)) == []


def test_days_before_the_first_official_one_are_nobodys_duty():
    """They will never be closed, and would stay pending for good."""
    rows = [feed_row(date(2026, 9, 4), 0)]
    assert heartbeats(rows, official=date(2026, 9, 4)) == [("alpha", 4, "received"), ("alpha", 5, "pending")]


def test_before_its_first_element_and_without_one_an_enterprise_owes_no_heartbeat():
    later = registry(valid_from=date(2026, 9, 4))
    assert heartbeats([], known=later) == [("alpha", 4, "pending"), ("alpha", 5, "pending")]
    assert heartbeats([], known=registry(Feed.PERIODIC)) == []


def notice_line(name, received, begins, *, hours=2, action="announce", element="A-1") -> bytes:
    begin = datetime.fromisoformat(begins)
    return json.dumps(
        {
            "type": "btswatch.maintenance.v1",
            "id": f"{name}{action}",
            "subject": "alpha",
            "time": received,
            "receivedtime": received,
            "track": "declared",
            "reporter": "alpha",
            "data": {
                "action": action,
                "notice": name,
                "elements": [element],
                "from": begins,
                "to": (begin + timedelta(hours=hours)).isoformat(),
            },
        }
    ).encode()


AFTERWARDS = datetime.fromisoformat("2026-10-05T00:00:00+07:00")


def notices(lines, manual=(), now=AFTERWARDS):
    book = notice_book(lines, Conventions())
    seen = [
        Transition(element, int(datetime.fromisoformat(at).timestamp() * 1000), Reading.UP, Reading.DOWN, "manual")
        for element, at in manual
    ]  # fmt: skip
    found = notice_duties(
        book,
        seen,
        registry(),
        load_rules(),
        CalendarPeriod.named("2026-09"),
        int(now.timestamp() * 1000),
        Conventions(),
    )
    return [(one.notice, one.standing.state.value, one.standing.late_ms, one.excuses) for one in found]


def test_a_notice_is_in_time_exactly_a_day_before_the_work():
    begins = "2026-09-10T08:00:00+07:00"
    for received, expected in (
        ("2026-09-09T08:00:00+07:00", ("n", "received", 0, True)),
        ("2026-09-09T08:00:00.001+07:00", ("n", "late", 0, False)),
        ("2026-09-09T09:00:00+07:00", ("n", "late", 3_599_999, False)),
        ("2026-09-11T08:00:00+07:00", ("n", "late", 172_799_999, False)),
    ):
        assert notices([notice_line("n", received, begins)]) == [expected]
    assert notices([notice_line("n", "2026-09-01T00:00:00+07:00", begins, hours=73)])[0][3] is False
    assert notices([notice_line("n", "2026-09-01T00:00:00+07:00", "2026-10-01T00:00:00+07:00")]) == []


def test_of_notices_that_come_often_the_first_counts_and_one_taken_back_is_corrected():
    begins = "2026-09-10T08:00:00+07:00"
    lines = [
        notice_line("n", "2026-09-09T20:00:00+07:00", begins),
        notice_line("n", "2026-09-01T08:00:00+07:00", begins),
        notice_line("m", "2026-09-01T08:00:00+07:00", begins),
        notice_line("m", "2026-09-02T08:00:00+07:00", begins, action="withdraw"),
        notice_line("k", "2026-09-01T08:00:00+07:00", begins),
        notice_line("k", "2026-09-10T09:00:00+07:00", begins, action="withdraw"),
    ]
    expected = [("k", "received", 0, True), ("m", "corrected", 0, False), ("n", "received", 0, True)]
    assert notices(lines) == notices([*reversed(lines), *lines]) == expected


def test_a_withdrawal_that_was_not_received_yet_does_not_show():
    begins = "2026-09-10T08:00:00+07:00"
    lines = [
        notice_line("m", "2026-09-01T08:00:00+07:00", begins),
        notice_line("m", "2026-09-05T08:00:00+07:00", begins, action="withdraw"),
    ]
    before = datetime.fromisoformat("2026-09-03T00:00:00+07:00")
    (found,) = notice_duties(
        notice_book(lines, Conventions()),
        [],
        registry(),
        load_rules(),
        CalendarPeriod.named("2026-09"),
        int(before.timestamp() * 1000),
        Conventions(),
    )
    assert (found.standing.state, found.withdrawn_ms, found.excuses) == (DutyState.RECEIVED, None, True)


def test_work_by_hand_outside_of_any_notice_is_owed_one():
    lines = [notice_line("late", "2026-09-10T07:00:00+07:00", "2026-09-10T08:00:00+07:00")]
    manual = [("A-1", "2026-09-10T08:30:00+07:00"), ("A-1", "2026-09-10T10:00:00+07:00")]
    found = notices(lines, manual)
    assert [(name, state) for name, state, *_ in found] == [("late", "late"), (None, "overdue")]
    assert notices([], [("B-9", "2026-09-10T08:30:00+07:00")]) == []
