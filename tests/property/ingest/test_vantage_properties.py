"""A poller whose uplink comes and goes: no silence is blamed on a device while the vantage is blind."""

from heapq import heappop, heappush

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.snmp.vantage import Vantage, VantageRules, Verdict

RULES = VantageRules()
INTERVAL = 60_000


@st.composite
def uplinks(draw):
    """Alternating times of sight and blindness, each longer than a round of polls."""
    edges, at = [], 2 * INTERVAL
    for _ in range(draw(st.integers(0, 3))):
        at += draw(st.integers(2 * INTERVAL, 5 * INTERVAL))
        edges.append(at)
    return edges


@settings(max_examples=25, deadline=None)
@given(
    uplink=uplinks(),
    devices=st.integers(6, 40),
    dead=st.sets(st.integers(0, 39), max_size=3),
    timeout=st.integers(100, 5_000),
    phase=st.randoms(use_true_random=False),
)
def test_no_silence_is_emitted_while_blind_and_real_ones_are_after_recovery(
    uplink, devices, dead, timeout, phase
):
    dead = {f"d{n}" for n in dead if n < devices}
    vantage = Vantage(RULES)
    offsets = [phase.randrange(INTERVAL) for _ in range(devices)]

    def sees(at):
        return sum(edge <= at for edge in uplink) % 2 == 0

    todo = []
    end = (uplink[-1] if uplink else 0) + 6 * INTERVAL

    def poll(device, sent):
        answered = sees(sent) and device not in dead
        heappush(todo, (sent + (20 if answered else timeout), "heard", device, sent, answered))

    for n, offset in enumerate(offsets):
        for sent in range(offset, end, INTERVAL):
            poll(f"d{n}", sent)
    for at in range(0, end, 5_000):
        heappush(todo, (at, "review", "", 0, False))
    emitted, impaired_at, silent = [], [], frozenset()
    while todo:
        at, what, device, sent, answered = heappop(todo)
        if what == "heard":
            vantage.heard("vnx", device, sent, answered=answered)
            first = not answered and device not in silent
            silent = silent - {device} if answered else silent | {device}
            if not answered:
                heappush(todo, (at + RULES.settle_ms, "judge", device, sent, answered))
                for witness in vantage.witnesses("vnx", device, sent) if first else ():
                    poll(witness, at)
        elif what == "review":
            vantage.review(at)
            if vantage.impairments():
                impaired_at.append(at)
        else:
            open_before = vantage.impairments()
            if vantage.judge("vnx", device, sent, at) is Verdict.SILENT:
                emitted.append((sent, device))
                assert not vantage.impairments()
                assert all(sent >= found.since_ms for found in open_before.values())

    starts = [edge for n, edge in enumerate(uplink) if n % 2 == 0]
    assert all(sees(sent) or device in dead for sent, device in emitted)
    assert all(any(abs(at - edge) < 10 * INTERVAL + 60_000 for edge in uplink) for at in impaired_at)
    if sees(end):
        late = {device for sent, device in emitted if sent > end - 3 * INTERVAL}
        assert late == dead
        assert not vantage.impairments()
    else:
        assert vantage.impairments() or not starts
