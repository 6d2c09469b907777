import asyncio
import sqlite3
from dataclasses import replace

import pytest

from btswatch.parts.poll_health import HealthChanges, PollHealthPart
from ingest.snmp.engine import AuthenticationFailed, NoAnswer, Report, Unreachable
from ingest.snmp.last_polls import LastPoll, LastPolls
from ingest.snmp.poller import PollerHealth
from ingest.snmp.silences import Blindness
from ingest.snmp.vantage import Impairment, Reason
from schemas.metrics import POLL_HEALTH_FAILED
from stores.ledger import Ledger, Limits, devices

ANSWERED = LastPoll("answered", 1000, 61_000, 12, 0, None)
SILENT = LastPoll("silent", 61_000, 1000, 12, 2, "NoAnswer")
BLIND = Impairment("vnx", 5000, Reason.PEERS, 7, 8)


@pytest.fixture
def ledger(tmp_path):
    opened = Ledger(tmp_path / "ledger.db", limits=Limits(busy_ms=50))
    opened.open()
    yield opened
    opened.close()


def rows(ledger):
    with ledger.reading() as connection:
        return {one.device: one for one in devices.devices(connection)}


def incidents(ledger):
    with ledger.reading() as connection:
        return devices.incidents(connection, 0)


def see(changes, polls, now_ms=100_000, blind=(), ended=()):
    changes.see(frozenset(polls), polls, {one.path: one for one in blind}, list(ended), now_ms)


def test_each_device_is_told_with_its_outcome_and_what_stood_in_the_way(ledger):
    changes = HealthChanges("poller")
    see(changes, {"a": ANSWERED, "b": SILENT})
    changes.write(ledger, 100_000)
    assert rows(ledger) == {
        "a": devices.DeviceHealth("a", "poller", "answered", 1000, 61_000, 12, 0, None, 100_000),
        "b": devices.DeviceHealth("b", "poller", "silent", 61_000, 1000, 12, 2, "NoAnswer", 100_000),
    }


def test_only_changes_are_written_and_what_stays_the_same_seldom(ledger):
    changes = HealthChanges("poller")
    see(changes, {"a": ANSWERED, "b": SILENT})
    changes.write(ledger, 100_000)
    later = replace(ANSWERED, answered_ms=121_000, rtt_ms=13)
    see(changes, {"a": later, "b": replace(SILENT, failures=3)})
    changes.write(ledger, 160_000)
    assert (rows(ledger)["a"].updated_ms, rows(ledger)["b"].updated_ms) == (100_000, 160_000)
    changes.write(ledger, 400_000)
    assert (rows(ledger)["a"].updated_ms, rows(ledger)["a"].round_trip_ms) == (400_000, 13)


def test_what_is_polled_no_more_is_forgotten_and_other_vantages_are_left_alone(ledger):
    other = HealthChanges("other")
    see(other, {"z": ANSWERED})
    other.write(ledger, 1)
    changes = HealthChanges("poller")
    see(changes, {"a": ANSWERED, "b": SILENT})
    changes.write(ledger, 2)
    see(changes, {"b": SILENT})
    changes.write(ledger, 3)
    assert set(rows(ledger)) == {"b", "z"}


def test_blindness_is_one_incident_from_its_first_instant_to_its_end(ledger):
    changes = HealthChanges("poller")
    see(changes, {}, blind=[BLIND])
    changes.write(ledger, 1)
    assert [(one.path, one.opened_ms, one.closed_ms, one.reason) for one in incidents(ledger)] == [
        ("vnx", 5000, None, "peers")
    ]
    # A silence sent earlier came to light: it is the same incident.
    earlier = replace(BLIND, since_ms=4000, silent=8)
    see(changes, {}, blind=[earlier])
    changes.write(ledger, 2)
    see(changes, {}, ended=[Blindness(earlier, 9000)])
    changes.write(ledger, 3)
    assert [(one.opened_ms, one.closed_ms, one.devices) for one in incidents(ledger)] == [(5000, 9000, 8)]


def test_blindness_that_came_and_went_between_two_rounds_is_told_too(ledger):
    changes = HealthChanges("poller")
    again = replace(BLIND, since_ms=8000)
    see(changes, {}, blind=[again], ended=[Blindness(BLIND, 6000)])
    changes.write(ledger, 1)
    assert [(one.opened_ms, one.closed_ms) for one in incidents(ledger)] == [(8000, None), (5000, 6000)]


def test_what_a_killed_poller_left_open_ends_when_the_next_one_begins_to_look(ledger):
    killed = HealthChanges("poller")
    see(killed, {}, blind=[BLIND])
    killed.write(ledger, 1)
    started = HealthChanges("poller")
    see(started, {}, now_ms=77_000)
    started.write(ledger, 77_000)
    assert [one.closed_ms for one in incidents(ledger)] == [77_000]


def test_outcomes_say_since_when_and_how_often_in_a_row():
    polls = LastPolls()
    polls.failed("a", 1000, "silent", NoAnswer(3, 2.0))
    polls.failed("a", 2000, "silent", Unreachable("port unreachable"))
    assert polls.snapshot()["a"] == LastPoll("silent", 1000, None, None, 2, "Unreachable: port unreachable")
    polls.told("a", 3000, 3010, 10, ())
    polls.failed("a", 4000, "refused", AuthenticationFailed(Report.WRONG_DIGEST))
    assert polls.snapshot()["a"] == LastPoll(
        "refused", 4000, 3010, 10, 1, "AuthenticationFailed: usmStatsWrongDigests"
    )
    polls.told("a", 5000, 5010, 11, ("ifTable: NoAnswer",))
    assert polls.snapshot()["a"] == LastPoll("partial", 5000, 5010, 11, 0, "ifTable: NoAnswer")
    polls.forget("a")
    assert polls.snapshot() == {}


class Polled:
    def __init__(self):
        self.polls, self.blind, self.ended = {"a": ANSWERED}, {}, []

    def device_ids(self):
        return frozenset(self.polls)

    def last_polls(self):
        return dict(self.polls)

    def health(self):
        return PollerHealth(dict(self.blind), 0, len(self.polls), 0, 0.0)

    def take_ended_blindness(self):
        ended, self.ended = self.ended, []
        return ended


async def until(holds):
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - what is waited for stands in a file
            await asyncio.sleep(0.01)


async def test_a_ledger_that_is_locked_delays_nothing_and_gets_everything_later(ledger, tmp_path):
    poller = Polled()
    own = Ledger(tmp_path / "ledger.db", limits=Limits(busy_ms=200))
    part = PollHealthPart("poller", poller, own, lambda: 100_000, every_s=0.02)
    before = POLL_HEALTH_FAILED.counter()._value.get()
    holder = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    poller.ended = [Blindness(BLIND, 6000)]
    await part.start()
    loops = 0
    while POLL_HEALTH_FAILED.counter()._value.get() < before + 2:
        await asyncio.sleep(0.005)
        loops += 1
    # The loop went on while a thread waited for the lock.
    assert loops > 10
    assert rows(ledger) == {}
    holder.execute("ROLLBACK")
    holder.close()
    await until(lambda: rows(ledger))
    poller.blind = {"vnx": replace(BLIND, since_ms=7000)}
    await until(lambda: len(incidents(ledger)) == 2)
    await part.stop(5.0)
    assert [(one.opened_ms, one.closed_ms) for one in incidents(ledger)] == [(7000, 100_000), (5000, 6000)]


async def test_a_ledger_that_is_not_there_at_all_stops_neither_polling_nor_the_end(tmp_path):
    nowhere = Ledger(tmp_path / "no" / "such" / "ledger.db")
    part = PollHealthPart("poller", Polled(), nowhere, lambda: 1, every_s=0.01)
    before = POLL_HEALTH_FAILED.counter()._value.get()
    await part.start()
    await until(lambda: POLL_HEALTH_FAILED.counter()._value.get() >= before + 2)
    await part.stop(2.0)
