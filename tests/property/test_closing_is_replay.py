"""Days closed one after another, each with a carry, are what one replay of the whole archive gives (spec section 8)."""

import json
from datetime import date, datetime, timedelta
from random import Random

import pytest

from processors.core.conventions import Conventions
from processors.core.decode import decode_one, microseconds
from processors.core.province import Province
from processors.official import OfficialReadings, carries_bytes
from processors.replay import take_in
from schemas.refusal import Refusal
from schemas.registry import Element, Enterprise, Kind, Registry
from schemas.status import Feed, NoResponse, Policy
from stores.archive import Archive, ArchiveReader

GRID = 300
FIRST = date(2026, 11, 3)
DAYS = [FIRST + timedelta(days=n) for n in range(4)]
MIDNIGHT = datetime.fromisoformat("2026-11-03T00:00:00+07:00")
FAR_MS = int((MIDNIGHT + timedelta(days=60)).timestamp() * 1000)


def event(kind, time, reporter, subject, received=None, **data):
    return json.dumps(
        {
            "specversion": "1.0",
            "id": "e",
            "source": f"{reporter}/x",
            "type": f"btswatch.{kind}.v1",
            "time": time.isoformat(),
            "receivedtime": (received or time).isoformat(),
            "track": "measured" if reporter == "poller" else "declared",
            "reporter": reporter,
            "subject": subject,
            "data": data,
        }
    ).encode()


def at(text, day=0):
    return datetime.fromisoformat(f"{FIRST + timedelta(days=day)}T{text}+07:00")


def replayed(registry, lines):
    province = Province(registry, Conventions(grid_s=GRID))
    take_in(province, lines, FAR_MS, lambda *_: None)
    read = {(name, day): province.read_day(name, day.toordinal(), FAR_MS * 1000) for name in registry.elements for day in DAYS}  # fmt: skip
    return {key: found.tally for key, found in read.items() if found.row is not None}


def archived(path, registry, lines):
    province = Province(registry, Conventions(grid_s=GRID))
    with Archive(path) as archive:
        for offset, line in enumerate(lines, 1):
            found = decode_one(line)
            if isinstance(found, dict) and not isinstance(province.apply(found, line), Refusal):
                archive.append([(offset, microseconds(found["time"]) // 1000, found["type"], line)])
        archive.flush()
    return ArchiveReader(path)


def closed(archive, registry, days=DAYS, stored=None):
    """The tallies, and what is carried on after the last day."""
    readings = OfficialReadings(archive, registry, Conventions(grid_s=GRID), lambda *_: None)
    carries = readings.begin(days[0], stored or {})
    found = {(one.row.id, day): one.read.tally for day in days for one in readings.read(day, carries)}
    return found, {element: carries_bytes(kept) for element, kept in carries.items()}


def enterprises(heartbeat_s, feed=Feed.TRANSITION):
    return {name: Enterprise(name, name, feed=feed, heartbeat_s=heartbeat_s) for name in ("vnpt", "gtel")}


def station(name, enterprise="vnpt", **more):
    return Element(name, Kind.STATION, enterprise, **{"policy": Policy.DECLARED_ONLY, **more})


def test_what_an_element_with_dated_rows_says_before_midnight_keeps_its_feed_alive_after_it(tmp_path):
    change = DAYS[3]
    elements = {"A": (station("A", valid_to=change), station("A", valid_from=change)), "B": (station("B"),)}
    registry = Registry(enterprises(7200), {}, elements)
    lines = [event("status", at("23:00", day), "vnpt", "A", status="up") for day in range(3)]
    lines.append(event("status", at("12:00"), "vnpt", "B", status="up"))
    found, _ = closed(archived(tmp_path / "archive", registry, lines), registry)
    assert found == replayed(registry, lines)
    # Alive up to six hours after the last sign: five of them on the next day.
    assert found["B", DAYS[1]].counts[1] * GRID == 5 * 3600 + 3600


def test_a_feed_that_is_heard_every_second_day_stays_alive_between(tmp_path):
    registry = Registry(enterprises(40_000), {}, {"B": (station("B"),)})
    lines = [event("status", at("12:00"), "vnpt", "B", status="up")]
    archive = archived(tmp_path / "archive", registry, lines)
    expected = replayed(registry, lines)
    found, _ = closed(archive, registry, DAYS[:2])
    assert found == {key: tally for key, tally in expected.items() if key[1] in DAYS[:2]}
    assert found["B", DAYS[1]].counts[1] * GRID == 120_000 - 43_200
    again, _ = closed(archive, registry, DAYS[1:2], closed(archive, registry, DAYS[:1])[1])
    assert again["B", DAYS[1]] == expected["B", DAYS[1]]


def test_the_past_of_a_new_element_hears_what_its_feed_said_of_others(tmp_path):
    first = [
        event("status", at("00:05") + timedelta(minutes=m), "vnpt", "B", status="up")
        for m in range(0, 1436, 10)
    ]
    lines = [
        *first,
        event("status", at("00:05"), "vnpt", "A", status="up"),
        *(event("status", at("20:00") + timedelta(minutes=m), "poller", "A", status="down") for m in range(0, 900, 2)),
        event(
            "maintenance", at("00:00", -1), "vnpt", "vnpt", action="announce", notice="n",
            elements=["A"], **{"from": at("00:00", 1).isoformat(), "to": at("06:00", 1).isoformat()},
        ),
    ]  # fmt: skip
    before = Registry(enterprises(300), {}, {"B": (station("B"),)})
    after = Registry(
        enterprises(300), {}, {"A": (station("A", policy=Policy.DECLARED_FIRST),), "B": (station("B"),)}
    )
    archive = archived(tmp_path / "archive", after, lines)
    expected = replayed(after, lines)
    # The feed was alive until midnight, so the outage began within the announced work.
    assert expected["A", DAYS[1]].counts[4] > 0
    _, carries = closed(archive, before, DAYS[:1])
    found, _ = closed(archive, after, DAYS[1:2], carries)
    assert found["A", DAYS[1]] == expected["A", DAYS[1]]


def scene(seed):
    r = Random(seed)

    def rows(name):
        def row(**more):
            return station(
                name,
                r.choice(["vnpt", "gtel"]),
                policy=r.choice(list(Policy)),
                no_response=r.choice(list(NoResponse)),
                measured_valid_for_s=r.choice([GRID, 7200, 200_000]),
                declared_valid_for_s=r.choice([GRID, 3600, 200_000]),
                **more,
            )

        change = r.choice(DAYS[1:])
        return r.choice([(row(),), (row(valid_to=change), row(valid_from=change)), (row(valid_from=change),)])

    def moment():
        if r.random() < 0.6:
            return MIDNIGHT + timedelta(days=r.randint(0, 4), seconds=r.randint(-40, 40) * GRID / 2)
        return MIDNIGHT + timedelta(seconds=r.randint(-86_400, 4 * 86_400))

    def one():
        time, reporter = moment(), r.choice(["vnpt", "gtel"])
        received = time + timedelta(seconds=r.choice([0] * 6 + [30, 86_400, 72 * 3600, 90 * 3600]))
        match r.choice("mmmdddhn"):
            case "m":
                word = r.choice(["up", "degraded", "down", "no_response", "no_response"])
                return event("status", time, "poller", r.choice("ABC"), received, status=word)
            case "d":
                return event(
                    "status", time, reporter, r.choice("ABC"), received, status=r.choice(["up", "down"])
                )
            case "h":
                return event("heartbeat", time, reporter, reporter, received)
            case _:
                ends = time + timedelta(seconds=r.choice([3600, 40_000, 72 * 3600]))
                told = time - timedelta(days=r.choice([1, 1, 2, 0]))
                plan = {"from": time.isoformat(), "to": ends.isoformat(), "elements": r.sample("ABC", 2)}
                action = r.choice(["announce", "announce", "withdraw"])
                return event(
                    "maintenance", told, reporter, reporter, action=action, notice=r.choice("12"), **plan
                )

    feeds = {
        name: Enterprise(
            name, name, feed=r.choice(list(Feed)), heartbeat_s=r.choice([60, 7200, 40_000, 100_000])
        )
        for name in ("vnpt", "gtel")
    }
    registry = Registry(feeds, {}, {name: rows(name) for name in "ABC"})
    return registry, [one() for _ in range(r.choice([10, 40, 120]))], r


@pytest.mark.parametrize("seed", range(40))
def test_any_scene_closed_day_by_day_and_with_a_restart_is_its_replay(seed, tmp_path):
    registry, lines, r = scene(seed)
    archive = archived(tmp_path / "archive", registry, lines)
    expected = replayed(registry, lines)
    assert closed(archive, registry)[0] == expected
    cut = r.randint(1, len(DAYS) - 1)
    begun, carries = closed(archive, registry, DAYS[:cut])
    ended, _ = closed(archive, registry, DAYS[cut:], carries)
    assert {**begun, **ended} == expected


@pytest.mark.parametrize("seed", range(40))
def test_an_element_that_is_read_alone_hears_all_that_it_hears_among_the_others(seed, tmp_path):
    """As restatements and explanations read; from a carry, and from the archive's beginning."""
    registry, lines, r = scene(seed)
    archive = archived(tmp_path / "archive", registry, lines)
    first = r.choice(DAYS)
    days = DAYS[DAYS.index(first) :]
    _, carries = closed(archive, registry, DAYS[: DAYS.index(first)]) if first != DAYS[0] else ({}, {})
    expected = official(archive, registry, days, carries)
    alone = {}
    for name in registry.elements:
        alone |= official(archive, registry, days, {}, [name])
    assert alone == expected


def official(archive, registry, days, stored, elements=None):
    """The digest of what each day was read from, its tally and what of the enterprise's word stands out."""
    readings = OfficialReadings(
        archive, registry, Conventions(grid_s=GRID), lambda *_: None, elements=elements
    )
    carries = readings.begin(days[0], stored)
    return {
        (one.row.id, day): (one.inputs_digest, one.read.tally, one.word)
        for day in days
        for one in readings.read(day, carries)
    }
