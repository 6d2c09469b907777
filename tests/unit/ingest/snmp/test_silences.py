from ingest.snmp.devices import Device
from ingest.snmp.engine import EngineName, Target
from ingest.snmp.planning import Timing
from ingest.snmp.silences import Silence, Silences
from ingest.snmp.vantage import Vantage, VantageRules
from schemas.credentials import Community

RULES = VantageRules(settle_ms=10_000, lookback_ms=90_000, min_peers=4, silent_share=0.8)
DEVICE = Device(
    Target("x", "h", 161, Community("c", "2c", "x")), EngineName.GUFO, Timing("x", 1, 1, 1), 1.0, "vnx", ()
)
SILENCE = Silence(DEVICE, 60_000, 61_000)


def silences(*, answered_before=0, answered_since=0):
    made = Silences(Vantage(RULES))
    for n in range(answered_before):
        made.vantage.heard("vnx", f"before-{n}", 50_000 + n, answered=True)
    for n in range(answered_since):
        made.vantage.heard("vnx", f"since-{n}", 60_001 + n, answered=True)
    made.vantage.heard("vnx", "x", 60_000, answered=False)
    made.add(SILENCE)
    return made


def test_a_silence_waits_for_its_witnesses():
    waiting = silences(answered_since=5)
    assert list(waiting.due(70_999, lambda _: False)) == []
    assert list(waiting.due(71_000, lambda _: False)) == [SILENCE]
    assert list(waiting.due(99_000, lambda _: False)) == []


def test_what_others_did_before_counts_while_the_poller_kept_asking():
    assert list(silences(answered_before=5).due(71_000, lambda _: False)) == [SILENCE]


def test_a_poller_that_stood_still_and_could_not_ask_others_blames_nobody():
    asked = []
    assert list(silences(answered_before=5).due(71_000, lambda since: asked.append(since) or True)) == []
    assert asked == [60_000]


def test_a_poller_that_stood_still_and_has_its_witnesses_all_the_same_judges():
    assert list(silences(answered_since=4).due(71_000, lambda _: True)) == [SILENCE]
