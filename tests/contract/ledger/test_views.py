from collections import Counter
from dataclasses import replace
from datetime import date

import pytest

from schemas.status import Reading
from stores.ledger import LedgerClosedError
from stores.ledger.alarms import Alarm, acknowledge, open_alarms, raise_alarms
from stores.ledger.database import Ledger
from stores.ledger.devices import (
    DeviceHealth,
    VantageIncident,
    devices,
    incidents,
    save_devices,
    save_incidents,
)
from stores.ledger.feeds import (
    FeedHealth,
    LateEvidence,
    count_refused,
    feeds_health,
    proposals,
    refused,
    save_feeds,
    save_late,
)
from stores.ledger.history import Transition, latest_transitions, replace_transitions, transitions_of
from stores.ledger.positions import known_property, position, save_position, save_property
from stores.ledger.province_view import (
    ElementNow,
    changed_since,
    counts,
    current,
    current_of,
    forget,
    open_outages,
    save_states,
)

DAY = date(2026, 11, 2)


def state(element, status=Reading.UP, since=1000, **more):
    base = ElementNow(
        element,
        "E1",
        "station",
        status,
        since,
        status,
        Reading.UNKNOWN,
        None,
        None,
        since,
        2,
        None,
        None,
        {"load": 0.5},
        since,
    )
    return replace(base, **more)


def test_states_are_read_back_whole_and_by_enterprise(ledger):
    states = [state("A"), state("B", enterprise="E2", metrics=None), state("C", Reading.DOWN, 500)]
    with ledger.writing() as connection:
        save_states(connection, states)
        assert current(connection) == states
        assert current(connection, "E2") == [states[1]]
        assert current_of(connection, "C") == states[2]
        assert current_of(connection, "Z") is None
        assert counts(connection) == {("station", Reading.UP): 2, ("station", Reading.DOWN): 1}
        assert [one.element for one in changed_since(connection, 900)] == ["A", "B"]
        forget(connection, ["A"])
        assert current_of(connection, "A") is None


def test_open_outages_begin_with_the_longest_and_leave_planned_work_out(ledger):
    states = [state("A", Reading.DOWN, 900), state("B", Reading.DOWN, 100), state("C", Reading.PLANNED, 1)]
    with ledger.writing() as connection:
        save_states(connection, states)
        assert [one.element for one in open_outages(connection)] == ["B", "A"]
        assert open_outages(connection, "E9") == []


def test_a_day_s_transitions_are_replaced_as_a_whole(ledger):
    first = [
        Transition("A", 10, Reading.UP, Reading.DOWN, "power"),
        Transition("A", 20, Reading.DOWN, Reading.UP),
    ]
    other = [Transition("B", 15, Reading.UP, Reading.DEGRADED)]
    with ledger.writing() as connection:
        replace_transitions(connection, {("A", DAY): first, ("B", DAY): other})
        assert transitions_of(connection, "A", 0, 20) == first[:1]
        assert [one.at_ms for one in latest_transitions(connection, 0)] == [20, 15, 10]
        replace_transitions(connection, {("A", DAY): first[1:]})
        assert transitions_of(connection, "A", 0, 100) == first[1:]
        replace_transitions(connection, {("A", DAY): []})
        assert transitions_of(connection, "A", 0, 100) == []
        assert transitions_of(connection, "B", 0, 100) == other


def test_refusals_add_up_and_proposals_are_kept_once(ledger):
    late = LateEvidence(5, DAY, "A", "E1", 1, 2, "down")
    with ledger.writing() as connection:
        for _ in range(2):
            count_refused(connection, Counter({(DAY, "E1", "invalid"): 2}), 5)
            save_late(connection, [late])
        assert refused(connection, DAY) == {("E1", "invalid"): 4}
        assert proposals(connection, DAY, DAY) == [late]


def test_feeds_devices_and_incidents_are_read_back(ledger):
    feed = FeedHealth("E1", 1, 2, 3, 4, None, 5)
    good = DeviceHealth("10.0.0.1:161", "poller-1", "answered", 1, 1, 12, 0, None, 5)
    bad = replace(good, device="10.0.0.2:161", failures=3, outcome="no_response")
    incident = VantageIncident("poller-1", "E1", 100, None, "all silent", 7)
    with ledger.writing() as connection:
        save_feeds(connection, {"E1": feed})
        save_devices(connection, [good, bad])
        save_incidents(connection, [incident])
        assert feeds_health(connection) == {"E1": feed}
        assert devices(connection) == [good, bad]
        assert devices(connection, failing_only=True) == [bad]
        assert incidents(connection, 1000) == [incident]
        save_incidents(connection, [replace(incident, closed_ms=200)])
        assert incidents(connection, 1000) == []


def test_an_acknowledged_alarm_stays_acknowledged_when_it_is_raised_again(ledger):
    alarm = Alarm("figure_differs", "A", DAY, 10, {"why": 1})
    with ledger.writing() as connection:
        raise_alarms(connection, [alarm])
        assert open_alarms(connection) == [alarm]
        acknowledge(connection, "figure_differs", "A", DAY, 20)
        raise_alarms(connection, [replace(alarm, raised_ms=30)])
        assert open_alarms(connection) == []


def fail_after_writing(ledger):
    with ledger.writing() as connection:
        save_position(connection, "engine", 7, 1)
        save_property(connection, "grid", "10")
        raise RuntimeError


def test_an_error_takes_the_whole_transaction_back(ledger):
    with pytest.raises(RuntimeError):
        fail_after_writing(ledger)
    with ledger.reading() as connection:
        assert position(connection, "engine") == 0
        assert known_property(connection, "grid") is None


def test_a_reader_is_not_held_up_by_a_writer_and_sees_what_was_committed(ledger):
    with ledger.writing() as writer:
        save_position(writer, "engine", 7, 1)
        with ledger.reading() as reader:
            assert position(reader, "engine") == 0
    with ledger.reading() as reader:
        assert position(reader, "engine") == 7


def test_a_closed_ledger_says_so(new_ledger):
    with pytest.raises(LedgerClosedError), Ledger(new_ledger()).reading():
        pass
