"""The planner under a simulated clock: whatever some devices do, the others are polled on time."""

from heapq import heappop, heappush
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.snmp.planning import Ended, Schedule, Timing

PULSE, INTERVAL, DEADLINE, HALF_VALID = 100, 60_000, 10_000, 90_000
BEHAVIOUR = {"prompt": (Ended.ANSWERED, 20), "dead": (Ended.SILENT, 3_000), "slow": (Ended.LATE, DEADLINE)}


class World:
    def __init__(self, behaviours, *, max_in_flight, stalls=()):
        self.behaviours = dict(enumerate(behaviours))
        self.plan = Schedule(max_in_flight=max_in_flight, min_gap_ms=5_000)
        self.plan.replace([Timing(str(n), INTERVAL, 15_000, HALF_VALID) for n in self.behaviours], 0)
        self.starts = {str(n): [] for n in self.behaviours}
        self.flying = []
        self.stalls = sorted(stalls)
        self.most_in_flight = 0

    def run(self, until, requests=()):
        now, requests = 0, sorted(requests)
        while now < until:
            now += PULSE
            if self.stalls and now >= self.stalls[0]:
                now += 20_000  # the machine stood still
                self.stalls.pop(0)
            while requests and requests[0][0] <= now:
                self.plan.request(str(requests.pop(0)[1]), now)
            while self.flying and self.flying[0][0] <= now:
                _, _, turn, ended = heappop(self.flying)
                self.plan.done(turn, ended, now)
            for turn in self.plan.take(now):
                assert turn.id not in {flying[2].id for flying in self.flying}, (
                    "two polls of one device in flight"
                )
                ended, takes = BEHAVIOUR[self.behaviours[int(turn.id)]]
                self.starts[turn.id].append((now, turn.due_ms))
                heappush(self.flying, (now + takes, int(turn.id), turn, ended))
            self.most_in_flight = max(self.most_in_flight, len(self.flying))

    def of(self, behaviour):
        return [self.starts[str(n)] for n, b in self.behaviours.items() if b == behaviour]


crowds = st.lists(st.sampled_from(["prompt", "dead", "slow"]), min_size=1, max_size=60)


@settings(max_examples=30, deadline=None)
@given(crowds)
def test_dead_and_slow_devices_never_delay_another(behaviours):
    world = World(behaviours, max_in_flight=24)
    world.run(10 * INTERVAL)
    for starts in world.of("prompt"):
        settled = [(at, due) for at, due in starts if at > 2 * INTERVAL]
        assert len(settled) >= 7
        assert all(at - due <= 1_000 for at, due in settled)


@settings(max_examples=30, deadline=None)
@given(crowds, st.lists(st.integers(0, 8 * INTERVAL), max_size=5))
def test_places_in_flight_are_bounded_and_silence_is_asked_about_within_half_its_validity(behaviours, stalls):
    world = World(behaviours, max_in_flight=100, stalls=stalls)
    world.run(10 * INTERVAL)
    assert world.most_in_flight <= 100
    for starts in world.of("dead"):
        gaps = [b[0] - a[0] for a, b in pairwise(starts)]
        assert all(gap <= HALF_VALID + 25_000 * len(stalls) + 1_000 for gap in gaps)
        assert min(gaps) >= 15_000 - 1


@settings(max_examples=30, deadline=None)
@given(crowds, st.lists(st.tuples(st.integers(0, 5 * INTERVAL), st.integers(0, 59)), max_size=400))
def test_requests_however_many_neither_stop_regular_turns_nor_beat_the_gap(behaviours, requests):
    world = World(behaviours, max_in_flight=100)
    world.run(6 * INTERVAL, [(at, id_) for at, id_ in requests if id_ < len(behaviours)])
    for starts in world.starts.values():
        gaps = [b[0] - a[0] for a, b in pairwise(starts)]
        assert all(gap <= HALF_VALID + 1_000 for gap in gaps)
        # A regular turn may follow a requested one at once; two requested ones keep the gap.
        assert all(b + a >= 5_000 for a, b in pairwise(gaps))
