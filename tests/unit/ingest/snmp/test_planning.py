from ingest.snmp.planning import Ended, Schedule, Timing, Turn

MINUTE = 60_000


def timing(id_="a", interval=MINUTE, confirm=15_000, slowest=90_000):
    return Timing(id_, interval, confirm, slowest)


def schedule(*timings, now=0, max_in_flight=100, **rest):
    made = Schedule(max_in_flight=max_in_flight, min_gap_ms=5_000, **rest)
    made.replace(timings or [timing()], now)
    return made


def due(plan, id_="a"):
    return plan._places[id_].due_ms


def first_turn(plan):
    at = due(plan)
    assert plan.take(at - 1) == []
    [turn] = plan.take(at)
    return turn, at


def test_turns_keep_their_place_in_the_interval_whenever_the_poller_starts():
    early, late = timing().turn_after(0), timing().turn_after(7 * MINUTE + 13)
    assert (late - early) % MINUTE == 0
    assert 0 < early <= MINUTE
    assert 7 * MINUTE + 13 < late <= 8 * MINUTE + 13


def test_devices_are_spread_over_the_interval():
    offsets = [timing(f"10.0.{n // 256}.{n % 256}:161").offset() for n in range(3000)]
    per_second = [sum(second <= o // 1000 < second + 1 for o in offsets) for second in range(60)]
    assert min(per_second) > 20
    assert max(per_second) < 85


def test_an_answering_device_is_polled_once_an_interval():
    plan = schedule()
    turn, at = first_turn(plan)
    plan.done(turn, Ended.ANSWERED, at + 20)
    assert due(plan) == at + MINUTE


def test_a_device_in_flight_gets_no_second_turn():
    plan = schedule()
    _, at = first_turn(plan)
    assert plan.take(at + 10 * MINUTE) == []


def test_silence_is_confirmed_soon_and_asked_about_less_and_less_up_to_the_ceiling():
    plan = schedule()
    turn, at = first_turn(plan)
    delays = []
    for _ in range(6):
        plan.done(turn, Ended.SILENT, at + 3_000)
        wake = due(plan)
        delays.append(wake - at)
        at = wake
        [turn] = plan.take(at)
    assert delays == [15_000, 30_000, 60_000, 90_000, 90_000, 90_000]


def test_a_return_is_confirmed_before_the_regular_turns_go_on():
    plan = schedule(timing(interval=100_000, confirm=10_000))
    turn, at = first_turn(plan)
    plan.done(turn, Ended.SILENT, at)
    [turn] = plan.take(at + 10_000)
    plan.done(turn, Ended.ANSWERED, at + 10_000)
    assert due(plan) == at + 20_000
    [turn] = plan.take(at + 20_000)
    plan.done(turn, Ended.ANSWERED, at + 20_000)
    assert due(plan) == at + 100_000


def test_a_poll_that_was_not_done_counts_as_nothing_and_waits_for_its_regular_turn():
    plan = schedule()
    turn, at = first_turn(plan)
    plan.done(turn, Ended.NOT_DONE, at + 4_000)
    assert plan.misses("a") == 0
    assert due(plan) == at + MINUTE


def test_missed_turns_are_skipped_and_counted_not_made_up_for():
    plan = schedule()
    turn, at = first_turn(plan)
    plan.done(turn, Ended.ANSWERED, at + 3 * MINUTE + 1)
    assert plan.tally.skipped == 3
    assert plan.take(at + 3 * MINUTE + 1) == []
    assert due(plan) == at + 4 * MINUTE


def test_after_a_pause_turns_are_caught_up_at_a_pace():
    plan = schedule(*(timing(f"d{n}") for n in range(600)), max_in_flight=1000)
    assert len(plan.take(5 * MINUTE)) == 25
    assert len(plan.take(5 * MINUTE + 1000)) == 25
    assert plan.take(5 * MINUTE + 1009) == []
    assert len(plan.take(5 * MINUTE + 1010)) == 1


def test_a_requested_poll_starts_at_once_also_after_a_regular_one():
    plan = schedule()
    turn, at = first_turn(plan)
    plan.done(turn, Ended.ANSWERED, at + 10)
    assert plan.request("a", at + 20)
    assert plan.tally.requests_limited == 0
    assert [t.id for t in plan.take(at + 20)] == ["a"]


def test_requested_polls_of_a_device_keep_the_gap_among_themselves():
    plan = schedule()
    turn, at = first_turn(plan)
    plan.done(turn, Ended.ANSWERED, at + 10)
    plan.request("a", at + 1_000)
    [turn] = plan.take(at + 1_000)
    plan.done(turn, Ended.ANSWERED, at + 1_010)
    assert plan.request("a", at + 2_000)
    assert plan.tally.requests_limited == 1
    assert due(plan) == at + 6_000
    [turn] = plan.take(at + 6_000)
    plan.done(turn, Ended.ANSWERED, at + 6_010)
    assert due(plan) == at + MINUTE
    assert plan.request("a", at + 20_000)
    assert [t.id for t in plan.take(at + 20_000)] == ["a"]


def test_a_request_during_a_regular_poll_asks_once_more_right_after_it():
    plan = schedule()
    turn, at = first_turn(plan)
    plan.request("a", at + 50)
    plan.request("a", at + 60)
    plan.done(turn, Ended.ANSWERED, at + 100)
    assert due(plan) == at + 100
    [turn] = plan.take(at + 100)
    plan.done(turn, Ended.ANSWERED, at + 110)
    assert due(plan) == at + MINUTE


def test_a_request_during_a_requested_poll_waits_for_the_gap():
    plan = schedule()
    turn, at = first_turn(plan)
    plan.done(turn, Ended.ANSWERED, at + 10)
    plan.request("a", at + 1_000)
    [turn] = plan.take(at + 1_000)
    plan.request("a", at + 1_005)
    plan.done(turn, Ended.ANSWERED, at + 1_010)
    assert due(plan) == at + 6_000


def test_a_request_for_an_unknown_device_is_said_to_be_one():
    assert not schedule().request("nobody", 0)


def test_requested_polls_leave_places_for_regular_ones():
    plan = schedule(*(timing(f"d{n}") for n in range(50)), max_in_flight=8)
    for n in range(50):
        plan.request(f"d{n}", 0)
    assert len(plan.take(0)) == 2


def test_laggards_share_half_of_the_places():
    plan = schedule(*(timing(f"d{n}", interval=1_000, confirm=1_000) for n in range(40)), max_in_flight=10)
    now = 2_000
    while plan.backlog(now):
        for turn in plan.take(now):
            plan.done(turn, Ended.SILENT, now)
        now += 10
    assert len(plan.take(now + 1_000)) == 5


def test_a_removed_device_is_forgotten_even_in_flight():
    plan = schedule(timing("a"), timing("b"))
    turns = [*plan.take(MINUTE)]
    plan.replace([timing("b")], MINUTE)
    for turn in turns:
        plan.done(turn, Ended.ANSWERED, MINUTE)
    assert plan.in_flight() == 0
    assert {t.id for t in plan.take(10 * MINUTE)} == {"b"}


def test_done_without_a_turn_changes_nothing():
    plan = schedule()
    plan.done(Turn("a", 0), Ended.SILENT, 0)
    assert plan.misses("a") == 0
    assert plan.in_flight() == 0
