import pytest

from ingest.snmp.counters import AgentTime, Counter, Gap, Reading, elapsed_s, rates, restarted

IN = Counter("in_bps", 64, 8)
IN32 = Counter("in_bps", 32, 8)
ERRORS = Counter("in_errors_per_s", 32)
GIGABIT = 1e9


def reading(value, *, at_s=0, uptime_s=None, counter=IN, **rest):
    uptime = 1_000 + at_s if uptime_s is None else uptime_s
    time = AgentTime(int(uptime * 100) % 2**32, at_s * 1000, rest.pop("boots", None))
    return Reading(time, {counter: value}, speed_bps=rest.pop("speed", GIGABIT), **rest)


def test_a_rate_is_the_increase_over_the_agents_time_in_the_metrics_unit():
    found = rates(reading(1_000), reading(1_000 + 60 * 12_500, at_s=61, uptime_s=1_060))
    assert found.per_s == {"in_bps": 100_000.0}
    assert found.gaps == {}


def test_the_first_reading_gives_no_rate():
    assert rates(None, reading(5)).gaps == {"in_bps": Gap.FIRST}


@pytest.mark.parametrize(
    ("before", "now", "gap"),
    [
        (reading(900), reading(1_000, at_s=60, uptime_s=12), Gap.RESTARTED),
        (reading(900, boots=3), reading(1_000, at_s=60, boots=4), Gap.RESTARTED),
        # An hour of silence, and the agent runs for 20 minutes longer than before: it restarted in between.
        (reading(900), reading(1_000, at_s=3_600, uptime_s=2_200), Gap.RESTARTED),
        (reading(900, discontinuity=7), reading(1_000, at_s=60, discontinuity=8), Gap.DISCONTINUITY),
        (reading(900, index="3"), reading(1_000, at_s=60, index="4"), Gap.RENUMBERED),
        (reading(900), reading(1_000, at_s=0), Gap.NO_TIME),
        (reading(900), reading(800, at_s=60), Gap.WENT_BACK),
        (reading(0), reading(10**12, at_s=60), Gap.IMPOSSIBLE),
    ],
)
def test_what_breaks_the_continuity_of_counters_gives_no_rate(before, now, gap):
    found = rates(before, now)
    assert found.per_s == {}
    assert found.gaps == {"in_bps": gap}


def test_a_counter32_that_can_have_wrapped_once_at_most_is_corrected():
    before = reading(2**32 - 1_000, counter=IN32, speed=10e6)
    found = rates(before, reading(29_000, at_s=60, counter=IN32, speed=10e6))
    assert found.per_s == {"in_bps": 30_000 * 8 / 60}


@pytest.mark.parametrize("value", [29_000, 2**32 - 10])
def test_a_counter32_on_a_link_fast_enough_to_wrap_twice_is_ambiguous_also_when_it_grew(value):
    before = reading(2**32 - 1_000, counter=IN32)
    assert rates(before, reading(value, at_s=60, counter=IN32)).gaps == {"in_bps": Gap.AMBIGUOUS}


def test_a_counter32_that_went_back_with_no_known_speed_is_ambiguous():
    found = rates(reading(50, counter=ERRORS, speed=None), reading(1, at_s=60, counter=ERRORS, speed=0))
    assert found.gaps == {"in_errors_per_s": Gap.AMBIGUOUS}


def test_a_reset_without_notice_is_not_taken_for_a_wrap():
    before = reading(1_000_000, counter=ERRORS, speed=10e6)
    found = rates(before, reading(3, at_s=60, counter=ERRORS, speed=10e6))
    assert found.gaps == {"in_errors_per_s": Gap.IMPOSSIBLE}


def test_error_counters_on_a_gigabit_link_keep_their_rates():
    found = rates(reading(40, counter=ERRORS), reading(100, at_s=60, counter=ERRORS))
    assert found.per_s == {"in_errors_per_s": 1.0}


def test_sysuptime_may_wrap_after_497_days_without_being_a_restart():
    before = AgentTime(2**32 - 3_000, 0)
    after = AgentTime(3_000, 60_400)
    assert elapsed_s(before, after) == 60.0
    assert not restarted(before, after)


def test_a_restart_just_before_the_wrap_is_still_a_restart():
    assert restarted(AgentTime(2**32 - 3_000, 0), AgentTime(200, 60_000))
