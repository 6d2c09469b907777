"""Counters of a simulated interface: a published rate is true, or it is not published."""

from hypothesis import given
from hypothesis import strategies as st

from ingest.snmp.counters import AgentTime, Counter, Reading, rates


@given(
    bits=st.sampled_from([32, 64]),
    speed_mbps=st.sampled_from([1, 10, 100, 1_000, 10_000]),
    start=st.integers(0, 2**64 - 1),
    uptime_s=st.integers(1, 60_000_000),
    seconds=st.integers(1, 600),
    load=st.floats(0, 1),
    reset_after=st.one_of(st.none(), st.floats(0.01, 0.99)),
)
def test_a_rate_is_true_or_absent(bits, speed_mbps, start, uptime_s, seconds, load, reset_after):
    octets_per_s = int(load * speed_mbps * 1e6 / 8)
    counter = Counter("in_bps", bits, 8)
    end = start + octets_per_s * seconds
    uptime_after = uptime_s + seconds
    if reset_after is not None:
        end, uptime_after = int(octets_per_s * seconds * reset_after), int(seconds * reset_after)
    found = rates(
        Reading(AgentTime(uptime_s * 100 % 2**32, 0), {counter: start % 2**bits}, speed_bps=speed_mbps * 1e6),
        Reading(
            AgentTime(uptime_after * 100 % 2**32, seconds * 1000),
            {counter: end % 2**bits},
            speed_bps=speed_mbps * 1e6,
        ),
    )
    rate = found.per_s.get("in_bps")
    if rate is None:
        assert "in_bps" in found.gaps
    elif reset_after is None:
        assert abs(rate - octets_per_s * 8) < 1e-6 * max(1.0, rate)
    else:
        # A restart within the clocks' tolerance (5 s) can hide; the speed still bounds what is said.
        assert 0 <= rate <= speed_mbps * 1e6 * 1.05


@given(
    speed_mbps=st.sampled_from([1, 10, 100, 1_000]),
    values=st.lists(st.integers(0, 2**32 - 1), min_size=2, max_size=6),
    seconds=st.integers(1, 120),
)
def test_no_rate_is_negative_or_faster_than_its_interface(speed_mbps, values, seconds):
    counter = Counter("in_bps", 32, 8)
    before = None
    for n, value in enumerate(values):
        now = Reading(
            AgentTime(n * seconds * 100, n * seconds * 1000), {counter: value}, speed_bps=speed_mbps * 1e6
        )
        for rate in rates(before, now).per_s.values():
            assert 0 <= rate <= speed_mbps * 1e6 * 1.05
        before = now
