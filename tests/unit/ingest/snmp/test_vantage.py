import pytest

from ingest.snmp.vantage import EVERYWHERE, Reason, Vantage, VantageRules, Verdict

RULES = VantageRules(settle_ms=10_000, lookback_ms=90_000, min_peers=4, silent_share=0.8)


@pytest.fixture
def vantage():
    return Vantage(RULES)


def peers(vantage, answered, *, at, path="vnx", silent=0):
    for n in range(answered + silent):
        vantage.heard(path, f"{path}-{n}", at + n, answered=n < answered)


def silence(vantage, at, device="x", path="vnx"):
    vantage.heard(path, device, at, answered=False)
    return vantage.judge(path, device, at, at + 10_000)


def test_one_silent_device_among_answering_ones_is_silent(vantage):
    peers(vantage, 5, at=1_001)
    assert silence(vantage, 1_000) is Verdict.SILENT
    assert vantage.impairments() == {}


def test_a_device_is_not_its_own_witness(vantage):
    for at in range(4):
        assert silence(vantage, at * 20_000) is Verdict.SILENT


def test_silence_of_the_others_since_then_blinds_the_path_and_opens_an_impairment(vantage):
    peers(vantage, 5, at=0)
    peers(vantage, 0, silent=5, at=60_001)
    assert silence(vantage, 60_000) is Verdict.BLIND
    [found] = vantage.impairments().values()
    assert (found.path, found.since_ms, found.reason, found.silent) == ("vnx", 60_000, Reason.PEERS, 5)


def test_what_others_answered_before_the_silence_does_not_count_when_enough_were_asked_since(vantage):
    peers(vantage, 40, at=59_000)
    for n in range(4):
        vantage.heard("vnx", f"vnx-{n}", 60_001, answered=False)
    assert silence(vantage, 60_000) is Verdict.BLIND


def test_a_mass_outage_below_the_share_is_believed(vantage):
    peers(vantage, 3, silent=7, at=1_001)
    assert silence(vantage, 1_000) is Verdict.SILENT


def test_a_canary_on_the_path_that_answers_makes_a_mass_outage_believed(vantage):
    peers(vantage, 0, silent=10, at=1_001)
    vantage.canary("vnx", "10.9.9.9:161", 5_000, answered=True)
    assert silence(vantage, 1_000) is Verdict.SILENT


def test_a_general_canary_says_nothing_about_an_enterprises_path(vantage):
    peers(vantage, 0, silent=10, at=1_001)
    vantage.canary(EVERYWHERE, "192.0.2.1:161", 5_000, answered=True)
    assert silence(vantage, 1_000) is Verdict.BLIND


def test_with_too_few_peers_a_silent_canary_blinds(vantage):
    vantage.canary(EVERYWHERE, "192.0.2.1:161", 5_000, answered=False)
    assert silence(vantage, 1_000) is Verdict.BLIND
    assert vantage.impairments()[EVERYWHERE].reason is Reason.CANARIES


def test_a_dead_canary_does_not_outweigh_peers_that_answer(vantage):
    peers(vantage, 5, at=1_001)
    vantage.canary("vnx", "10.9.9.9:161", 5_000, answered=False)
    assert silence(vantage, 1_000) is Verdict.SILENT


def test_a_small_enterprise_is_judged_by_everybodys_silence(vantage):
    peers(vantage, 0, silent=3, at=1_001, path="big-a")
    peers(vantage, 0, silent=3, at=1_001, path="big-b")
    assert silence(vantage, 1_000, path="small") is Verdict.BLIND


def test_another_enterprises_blindness_does_not_excuse_a_path_that_is_seen(vantage):
    peers(vantage, 0, silent=50, at=1_001, path="big")
    peers(vantage, 4, at=1_001)
    assert silence(vantage, 1_000) is Verdict.SILENT


def test_it_recovers_when_answers_come_and_the_silences_before_stay_unknown(vantage):
    peers(vantage, 0, silent=6, at=1_001)
    assert silence(vantage, 1_000) is Verdict.BLIND
    vantage.review(30_000)
    assert vantage.impairments()
    peers(vantage, 6, at=60_000)
    vantage.review(61_000)
    assert vantage.impairments() == {}
    assert vantage.judge("vnx", "x", 59_000, 71_000) is Verdict.BLIND
    assert silence(vantage, 62_000) is Verdict.SILENT


def test_an_impairment_never_ends_for_lack_of_witnesses(vantage):
    peers(vantage, 0, silent=6, at=1_001)
    silence(vantage, 1_000)
    vantage.review(10_000_000)
    assert silence(vantage, 10_000_000) is Verdict.BLIND
    assert vantage.impairments()


def test_witnesses_are_asked_for_only_where_too_few_were_polled_since(vantage):
    peers(vantage, 5, silent=3, at=1_000)
    assert vantage.witnesses("vnx", "x", 2_000) == ["vnx-0", "vnx-1", "vnx-2", "vnx-3"]
    vantage.heard("vnx", "vnx-0", 2_500, answered=True)
    assert vantage.witnesses("vnx", "x", 2_000) == ["vnx-1", "vnx-2", "vnx-3"]
    peers(vantage, 8, at=3_000)
    assert vantage.witnesses("vnx", "x", 2_000) == []


def test_a_forgotten_device_is_no_witness(vantage):
    peers(vantage, 0, silent=4, at=1_001)
    vantage.forget("vnx-0")
    assert silence(vantage, 1_000) is Verdict.SILENT


def test_devices_that_were_never_polled_can_be_asked_as_witnesses_and_are_none_before(vantage):
    for n in range(5):
        vantage.know("vnx", f"new-{n}")
    assert len(vantage.witnesses("vnx", "x", 1_000)) == 4
    assert silence(vantage, 1_000) is Verdict.SILENT
