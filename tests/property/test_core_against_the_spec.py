import importlib.util
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings

from processors.core.conventions import Conventions
from processors.core.province import Province
from processors.core.tally import NOTHING, concatenate
from processors.replay import take_in
from schemas.registry import Element, Enterprise, Kind, Registry
from schemas.status import Feed, NoResponse, Policy

_spec = importlib.util.spec_from_file_location("slot_by_slot", Path(__file__).with_name("slot_by_slot.py"))
slot_by_slot = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(slot_by_slot)

# A coarse grid keeps the oracle fast; midnight at +07:00 lies in the middle of what is generated.
GRID = 300
MIDNIGHT = int(datetime(2026, 11, 2, 17, tzinfo=UTC).timestamp())  # 2026-11-03T00:00+07:00
DAYS = [date(2026, 11, 2), date(2026, 11, 3)]


def iso(seconds):
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=round(seconds * 1000))).isoformat()


# Scenes come from a seed and a size: dense enough that runs, holds, faults and windows meet, and they shrink by size.


def moment(r):
    near = MIDNIGHT + r.randint(-60, 60) * GRID / 3
    return near if r.random() < 0.7 else float(MIDNIGHT + r.randint(-86_400, 86_400))


def delay(r):
    return r.choice([0] * 8 + [1, 30, -60, -61, 3600, 86_400, 2 * 86_400, 72 * 3600, 100 * 3600])


def status(r, time, measured, reporter):
    body = envelope(r, "status", time, time + delay(r), reporter, r.choice("AAABBCZ"))
    body["track"] = "measured" if measured else "declared"
    body["data"] = {"status": r.choice(["up", "degraded", "down", "down", "no_response", "no_response"])}
    return body


def notice(r, reporter):
    begins = moment(r)
    ahead = r.choice([86_400, 86_399, 90_000, 0, -4000])
    body = envelope(r, "maintenance", begins - ahead - r.choice([0, 5]), begins - ahead, reporter, reporter)
    body["data"] = {
        "action": r.choice(["announce", "announce", "announce", "withdraw"]),
        "notice": r.choice(["n1", "n2", "n3"]),
        "elements": r.sample("ABCZ", r.randint(1, 4)),
        "from": iso(begins),
        "to": iso(begins + r.choice([GRID, 3600, 40_000, 72 * 3600, 72 * 3600 + 1])),
    }
    return body


def envelope(r, kind, time, received, reporter, subject):
    return {
        "specversion": "1.0",
        "id": str(r.randint(0, 999)),
        "source": f"{reporter}/x",
        "type": f"btswatch.{kind}.v1",
        "time": iso(time),
        "receivedtime": iso(received),
        "track": "declared",
        "reporter": reporter,
        "subject": subject,
        "data": {},
    }


def event(r):
    kind = r.choice(["measured"] * 5 + ["declared"] * 5 + ["heartbeat"] * 3 + ["notice"] * 2)
    reporter = r.choice(["vnpt", "gtel"])
    match kind:
        case "measured":
            return status(r, moment(r), True, "poller-1")
        case "declared":
            return status(r, moment(r), False, reporter)
        case "heartbeat":
            time = moment(r)
            return envelope(r, "heartbeat", time, time + delay(r), reporter, reporter)
        case "notice":
            return notice(r, reporter)


def rows(r, name):
    def row(**more):
        return Element(
            id=name,
            kind=Kind.STATION,
            enterprise=r.choice(["vnpt", "gtel"]),
            policy=r.choice(list(Policy)),
            no_response=r.choice(list(NoResponse)),
            measured_valid_for_s=r.choice([1, GRID, 2 * GRID, 7200, 90_000]),
            declared_valid_for_s=r.choice([GRID, 3600, 90_000]),
            commissioned=r.choice([None, None, (MIDNIGHT - 5000) * 1000]),
            decommissioned=r.choice([None, None, (MIDNIGHT + 5000) * 1000]),
            **more,
        )

    change = date(2026, 11, 3)
    return r.choice(
        [(row(),), (row(),), (row(valid_to=change), row(valid_from=change)), (row(valid_from=change),)]
    )


def registry(r):
    enterprises = {
        name: Enterprise(name, name, feed=r.choice(list(Feed)), heartbeat_s=r.choice([60, 300, 7200]))
        for name in ("vnpt", "gtel")
    }
    return Registry(enterprises, {}, {name: rows(r, name) for name in "ABC"})


NOWS = [
    MIDNIGHT - 3000,
    MIDNIGHT,
    MIDNIGHT + 4000,
    MIDNIGHT + 86_400,
    MIDNIGHT + 72 * 3600 - 1,
    MIDNIGHT + 72 * 3600,
    MIDNIGHT + 20 * 86_400,
    MIDNIGHT + 20 * 86_400,
]


def scene_of(seed, size):
    r = Random(seed)
    return registry(r), [event(r) for _ in range(size)], r.choice(NOWS)


scenes = st.builds(scene_of, st.integers(0, 1 << 32), st.integers(0, 120))
fast = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def province_of(reg, evs, now, grid=GRID):
    province = Province(reg, Conventions(grid_s=grid))
    take_in(province, [json.dumps(e).encode() for e in evs], now * 1000, lambda *_: None)
    return province


def tallies(province, now):
    return {
        (name, day): province.read_day(name, day.toordinal(), now * 1_000_000).tally
        for name in "ABC"
        for day in DAYS
    }


@given(scenes)
@settings(fast, max_examples=150)
def test_every_day_is_what_the_spec_says_slot_by_slot(scene):
    reg, evs, now = scene
    province = province_of(reg, evs, now)
    oracle = slot_by_slot.Oracle(reg, evs, now, GRID)
    for (name, day), tally in tallies(province, now).items():
        seconds, pairs, runs = oracle.day(name, day)
        assert [n * GRID for n in tally.counts] == seconds, (name, day)
        assert [n * GRID for n in tally.pairs] == pairs, (name, day)
        assert tally.outages == len(runs)
        assert tally.longest * GRID == max(runs, default=0)


@given(scenes, st.randoms(use_true_random=False))
@settings(fast, max_examples=60)
def test_order_repetition_and_batching_change_nothing(scene, random):
    reg, evs, now = scene
    mixed = evs + random.choices(evs, k=len(evs)) if evs else []
    random.shuffle(mixed)
    once, again = province_of(reg, evs, now), province_of(reg, [], now)
    while mixed:
        cut = random.randint(1, len(mixed))
        take_in(again, [json.dumps(e).encode() for e in mixed[:cut]], now * 1000, lambda *_: None)
        tallies(again, now)  # reading in between must leave nothing behind
        mixed = mixed[cut:]
    assert tallies(once, now) == tallies(again, now)


@given(scenes)
@settings(fast, max_examples=60)
def test_a_closed_day_never_changes(scene):
    reg, evs, _ = scene
    at_close = MIDNIGHT + 86_400 + 72 * 3600
    later = at_close + 30 * 86_400
    late = [{**e, "receivedtime": iso(at_close + 60), "id": e["id"] + "late"} for e in evs]
    assert tallies(province_of(reg, evs, at_close), at_close) == tallies(
        province_of(reg, evs + late, later), later
    )


@given(scenes)
@settings(fast, max_examples=60)
def test_hours_add_up_to_days_and_the_parts_of_a_day_to_the_whole(scene):
    reg, evs, now = scene
    province = province_of(reg, evs, now)
    for name in "ABC":
        for day in DAYS:
            read = province.read_day(name, day.toordinal(), now * 1_000_000)
            first, end = province.grid.span(day.toordinal())
            joined = NOTHING
            for hour in range(first, end, 3600 // GRID):
                joined = concatenate(joined, read.tally_between(hour, hour + 3600 // GRID))
            assert joined == read.tally
            assert sum(read.tally.counts) == sum(read.tally.pairs)


@given(scenes, st.integers(-60, 60), st.sampled_from("ABC"))
@settings(fast, max_examples=80)
def test_one_more_piece_of_down_evidence_never_raises_availability(scene, at, name):
    reg, evs, now = scene
    moment = MIDNIGHT + at * GRID
    # Measured, so that it can't be a feed's only sign of life.
    down = {
        "specversion": "1.0", "id": "extra", "source": "poller-1/x", "type": "btswatch.status.v1", "subject": name,
        "time": iso(moment), "receivedtime": iso(moment), "track": "measured", "reporter": "poller-1",
        "data": {"status": "down"},
    }  # fmt: skip
    before, after = province_of(reg, evs, now), province_of(reg, [*evs, down], now)
    for day in DAYS:
        old = before.read_day(name, day.toordinal(), now * 1_000_000).tally.counts
        new = after.read_day(name, day.toordinal(), now * 1_000_000).tally.counts
        old_ok, new_ok = old[1] + old[2], new[1] + new[2]
        assert new_ok * (old_ok + old[3]) <= old_ok * (new_ok + new[3]) or old_ok + old[3] == 0
