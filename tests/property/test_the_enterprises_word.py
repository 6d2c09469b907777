"""What was told late, which causes differ and when feeds were silent is a function of the archived events alone."""

import json
from datetime import date, timedelta
from random import Random

import pytest

from processors.core.conventions import Conventions, Grid
from processors.core.decode import decode_one, microseconds
from processors.core.late_declarations import DeclaredReceipts, late_declared
from processors.core.province import Province, Taken
from processors.official import OfficialReadings
from processors.told import ToldBefore
from schemas.registry import Enterprise, Registry
from schemas.status import CODE_OF, Feed, Reading
from tests.property.test_closing_is_replay import (
    DAYS,
    FIRST,
    GRID,
    MIDNIGHT,
    archived,
    at,
    event,
    scene,
    station,
)

LATE_S = 900
CODES = {str(status): int(code) for status, code in CODE_OF.items()}


def by_the_slot(registry, lines):
    """Seconds told late by element and day, found slot by slot from the events themselves."""
    province, grid = Province(registry, Conventions(grid_s=GRID)), Grid(Conventions(grid_s=GRID))
    said = {}
    for line in lines:
        one = decode_one(line)
        counts = province.apply(one, line) is Taken.COUNTED and one["type"] == "btswatch.status.v1"
        if counts and one["track"] == "declared":
            time, received = microseconds(one["time"]), microseconds(one["receivedtime"])
            told = (time, CODES[one["data"]["status"]], received)
            said.setdefault((one["subject"], one["reporter"]), set()).add(told)
    found = {}
    for element in registry.elements:
        for day in DAYS:
            row = registry.on(element, day)
            if row is None:
                continue
            read = province.read_day(element, day.toordinal(), grid.close_us(day.toordinal()))
            mine = said.get((element, row.enterprise), set())
            since = day
            while (before := registry.on(element, since - timedelta(days=1))) is not None:
                if before.enterprise != row.enterprise or since < FIRST - timedelta(days=9):
                    break
                since -= timedelta(days=1)
            late = sum(
                read.reading.declared[slot - read.reading.first] != Reading.UNKNOWN
                and is_late(grid, mine, slot, grid.span(since.toordinal())[0])
                for slot in range(*read.counted)
            )
            found[element, day] = int(late) * GRID
    return found


def is_late(grid, said, slot, since):
    """Whether what the slot rests on came more than 15 minutes after its end; whose it is now it is since a slot."""
    slots = [time // grid.slot_us for time, _, _ in said if time // grid.slot_us <= slot]
    if not slots:
        return False
    rests = max(slots)
    if rests < since:
        return False
    there = [one for one in said if one[0] // grid.slot_us == rests]
    code = max(one[1] for one in there) if rests == slot else max(there)[1]
    received = min(one[2] for one in there if one[1] == code)
    return received > ((slot + 1) * GRID + LATE_S) * 1_000_000


def words(archive, registry, days=DAYS, told=None):
    """(late seconds by element and day, differing causes, feeds' days), and what goes on."""
    readings = OfficialReadings(archive, registry, Conventions(grid_s=GRID), lambda *_: None)
    carries, found, feeds = readings.begin(days[0], {}, told), {}, []
    for day in days:
        found |= {(one.row.id, day): one.word for one in readings.read(day, carries)}
        feeds += readings.feeds(day)
    before = readings._told.before
    return found, feeds, ToldBefore(dict(before.receipts), dict(before.signs))


@pytest.mark.parametrize("seed", range(16))
def test_late_time_is_what_its_slots_say_whatever_the_order_and_with_a_restart(seed, tmp_path):
    registry, lines, r = scene(seed)
    archive = archived(tmp_path / "archive", registry, lines)
    found, feeds, _ = words(archive, registry)
    assert {key: word.late.late_s for key, word in found.items()} == by_the_slot(registry, lines)
    twice = r.sample(lines, len(lines)) + r.sample(lines, len(lines) // 2)
    assert words(archived(tmp_path / "again", registry, twice), registry)[:2] == (found, feeds)
    cut = r.randint(1, len(DAYS) - 1)
    begun, first_feeds, told = words(archive, registry, DAYS[:cut])
    for known in (told, None):  # as the ledger keeps it; and read from the archive where it does not
        ended, last_feeds, _ = words(archive, registry, DAYS[cut:], known)
        assert {**begun, **ended} == found
        assert first_feeds + last_feeds == feeds


def one_station(**more):
    return Registry({"vnpt": Enterprise("vnpt", "v")}, {}, {"A": (station("A", **more),)})


def declared(time, word, received, **more):
    return event("status", time, "vnpt", "A", received, status=word, **more)


def late_of(tmp_path, lines, **more):
    registry = one_station(**{"declared_valid_for_s": 200_000, **more})
    found, _, _ = words(archived(tmp_path / "archive", registry, lines), registry)
    return [found["A", day].late for day in DAYS]


def test_a_declaration_three_hours_after_the_fact_makes_them_late_and_no_more(tmp_path):
    lines = [
        declared(at("08:00"), "up", at("08:01")),
        declared(at("10:00"), "down", at("13:00")),
        declared(at("14:00"), "up", at("14:01")),
    ]
    first, *others = late_of(tmp_path, lines)
    assert (first.late_s, first.longest_s) == (3 * 3600 - LATE_S - GRID, 3 * 3600 - GRID)
    assert all(one.late_s == 0 for one in others)


def test_a_quarter_of_an_hour_is_in_time(tmp_path):
    lines = [declared(at("10:00"), "down", at("10:15"))]
    assert [one.late_s for one in late_of(tmp_path, lines)] == [0] * 4


def test_what_was_told_in_time_stays_so_however_often_it_is_told_again(tmp_path):
    lines = [
        declared(at("10:00"), "down", at("20:00")),
        declared(at("10:00"), "down", at("10:01")),
        declared(at("10:00"), "down", at("19:00")),
    ]
    assert [one.late_s for one in late_of(tmp_path, lines)] == [0] * 4


def test_lateness_goes_on_over_midnight_until_it_was_told(tmp_path):
    lines = [declared(at("22:00"), "down", at("02:00", day=1))]
    first, second, *_ = late_of(tmp_path, lines)
    assert (first.late_s, second.late_s) == (2 * 3600, 2 * 3600 - LATE_S - GRID)
    assert first.received_ms == int(at("02:00", day=1).timestamp() * 1000)
    assert second.received_ms is None


def test_more_that_comes_late_never_lessens_the_late_time(tmp_path):
    grid = Grid(Conventions(grid_s=GRID))
    for seed in range(30):
        r = Random(seed)
        registry = one_station(declared_valid_for_s=3600)
        times = [MIDNIGHT + timedelta(seconds=300 * r.randrange(288)) for _ in range(20)]
        lines = [declared(time, "up", time + timedelta(seconds=r.choice([1, 5000]))) for time in times]

        def late(lines, registry=registry):
            province, receipts = Province(registry, Conventions(grid_s=GRID)), DeclaredReceipts(grid)
            for line in lines:
                one = decode_one(line)
                province.apply(one, line)
                slot, received_ms = (
                    microseconds(one["time"]) // grid.slot_us,
                    microseconds(one["receivedtime"]) // 1000,
                )
                receipts.note("A", "vnpt", FIRST.toordinal(), (slot, CODES["up"]), received_ms)
            day = FIRST.toordinal()
            read = province.read_day("A", day, grid.close_us(day))
            return late_declared(read, receipts.of("A", "vnpt", day), None).late_s

        delayed = [
            json.dumps(json.loads(line) | {"receivedtime": (time + timedelta(hours=30)).isoformat()}).encode()
            for time, line in zip(times, lines, strict=True)
        ]
        assert late(lines) <= late(delayed)
        # The same share of its parts: nothing is late that was not declared.
        assert late(delayed) <= 86_400


def causes_of(tmp_path, lines, day=FIRST):
    registry = one_station(declared_valid_for_s=3600, measured_valid_for_s=3600)
    found, _, _ = words(archived(tmp_path / "archive", registry, lines), registry)
    return found["A", day].differing


def measured(time, word, **more):
    return event("status", time, "poller", "A", status=word, **more)


def outage(mine, theirs, more=()):
    return [
        measured(at("10:00"), "down", cause=mine),
        measured(at("10:40"), "up"),
        declared(at("10:10"), "down", None, cause=theirs),
        declared(at("10:50"), "up", None),
        *more,
    ]


def test_an_outage_of_which_both_name_causes_and_others_is_told_with_the_time_of_both(tmp_path):
    (found,) = causes_of(tmp_path, outage("power", "transport"))
    assert (found.measured, found.declared) == (("power",), ("transport",))
    assert (found.seconds, found.to_ms - found.from_ms) == (30 * 60, 50 * 60_000)
    assert found.from_ms == int(at("10:00").timestamp() * 1000)


@pytest.mark.parametrize(
    ("mine", "theirs", "more"),
    [
        ("power", "power", ()),
        ("power", "unknown", ()),
        ("unknown", "power", ()),
        # Why a part is lost is not why it was down.
        ("unknown", "power", [measured(at("10:45"), "degraded", cause="energy_saving")]),
        # Corrected before the end.
        ("power", "fault", [declared(at("10:30"), "down", None, cause="power")]),
    ],
)
def test_causes_that_agree_or_say_nothing_are_no_finding(tmp_path, mine, theirs, more):
    assert causes_of(tmp_path, outage(mine, theirs, more)) == ()


def test_causes_of_different_outages_are_not_held_against_each_other(tmp_path):
    lines = [
        measured(at("10:00"), "down", cause="power"),
        measured(at("10:40"), "up"),
        declared(at("18:10"), "down", None, cause="fault"),
        declared(at("18:50"), "up", None),
    ]
    assert causes_of(tmp_path, lines) == ()


def feeds_of(tmp_path, lines, heartbeat_s=600, feed=Feed.TRANSITION):
    feeds = {"vnpt": Enterprise("vnpt", "v", feed=feed, heartbeat_s=heartbeat_s)}
    registry = Registry(feeds, {}, {"A": (station("A"),)})
    return words(archived(tmp_path / "archive", registry, lines), registry)[1]


def test_a_feed_is_silent_from_three_heartbeats_on_until_it_is_heard_again(tmp_path):
    beats = [MIDNIGHT + timedelta(minutes=10 * n) for n in range(144) if not 60 <= n < 90]
    first, second, *_ = feeds_of(tmp_path, [event("heartbeat", time, "vnpt", "vnpt") for time in beats])
    assert (first.gaps, first.silent_s, first.longest_s) == (1, 310 * 60 - 1800, 310 * 60 - 1800)
    assert not first.ends_silent
    # Alive for half an hour after the last sign, ten minutes before midnight; then never again.
    assert (second.silent_s, second.gaps, second.ends_silent) == (86_400 - 1200, 1, True)
    assert (first.last_ms, second.last_ms) == (int(at("23:50").timestamp() * 1000), None)


def test_any_event_is_a_sign_of_life_also_a_notice(tmp_path):
    plan = {"from": at("00:00", 3).isoformat(), "to": at("06:00", 3).isoformat(), "elements": ["A"]}
    notice = event("maintenance", at("12:00"), "vnpt", "vnpt", action="announce", notice="n", **plan)
    first, *_ = feeds_of(tmp_path, [notice], heartbeat_s=3600)
    assert first.silent_s == 86_400 - 3 * 3600
    assert first.day == date(2026, 11, 3).toordinal()


def test_a_feed_that_repeats_its_states_owes_no_heartbeats(tmp_path):
    beat = event("heartbeat", at("12:00"), "vnpt", "vnpt")
    assert feeds_of(tmp_path, [beat], feed=Feed.PERIODIC) == []


def test_what_a_feed_says_of_a_station_that_it_has_no_more_is_no_sign_of_life(tmp_path):
    """The core refuses it (spec 2): a feed that says nothing else is silent, and its states lapse."""
    change = DAYS[1]
    rows = station("A", "vnpt", valid_to=change), station("A", "gtel", valid_from=change)
    feeds = {
        name: Enterprise(name, name, feed=Feed.TRANSITION, heartbeat_s=3600) for name in ("vnpt", "gtel")
    }
    registry = Registry(feeds, {}, {"A": rows, "B": (station("B", "vnpt"),)})
    lines = [event("status", at("00:00"), "vnpt", "B", status="up")]
    lines += [
        event("status", at(f"{hour:02}:30", day), "vnpt", "A", status="up")
        for day in (0, 1)
        for hour in range(24)
    ]
    archive = archived(tmp_path / "archive", registry, lines)
    readings = OfficialReadings(archive, registry, Conventions(grid_s=GRID), lambda *_: None)
    carries, silent, unknown = readings.begin(DAYS[0], {}), {}, {}
    for day in DAYS[:2]:
        unknown |= {(one.row.id, day): one.read.tally.counts[0] * GRID for one in readings.read(day, carries)}
        silent |= {(one.enterprise, day): one.silent_s for one in readings.feeds(day)}
    assert unknown["B", DAYS[0]] == silent["vnpt", DAYS[0]] == 0
    # Alive for three hours after the last sign, at 23:30 of the day on which the station still was its own.
    assert unknown["B", DAYS[1]] == 24 * 3600
    assert silent["vnpt", DAYS[1]] == 24 * 3600 - 9000
