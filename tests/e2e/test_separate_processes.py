"""The parts as processes of their own: a trap that one receives becomes a poll of another and a state in the ledger."""

import pytest

from tests.product.installation import Installation
from tests.product.process import Process, ask, eventually, metric

pytestmark = [pytest.mark.e2e, pytest.mark.service]
PARTS = ("traps", "poll", "gateway", "engine", "console")


@pytest.fixture
def place(tmp_path):
    # Regular turns come every ten minutes: what is seen sooner was asked for.
    made = Installation(tmp_path / "apart", interval_s=600, valid_for_s=1200)
    yield made
    made.close()


@pytest.fixture
def parts(place):
    running = {}
    try:
        for name in PARTS:
            running[name] = Process(name, "--settings", place.settings)
        yield running
    finally:
        for process in running.values():
            process.kill()


def test_a_trap_becomes_a_poll_and_a_state_in_the_ledger_and_each_part_ends_by_itself(place, parts):
    for name in ("traps", "ingest", "gateway", "engine", "console"):
        eventually(lambda name=name: parts_live(parts) and ask(f"{place.url(name)}/readyz")[0] == 200)
    assert place.states().get("L2") != "down"
    place.agents.link(2, up=False)
    eventually(lambda: place.states().get("L2") == "down", 30)
    assert metric(place.url("traps"), "btswatch_traps_decoded_total", outcome="poll") >= 1
    assert metric(place.url("ingest"), "btswatch_poll_requests_total", result="taken") >= 1
    # Without its poller a trap is kept, and nothing fails.
    assert parts["poll"].stop() == 0
    place.agents.link(3, up=False)
    eventually(lambda: metric(place.url("traps"), "btswatch_traps_decoded_total", outcome="poll") >= 2)
    for name in ("traps", "gateway", "console", "engine"):
        assert parts[name].stop() == 0, parts[name].told
        assert "Traceback" not in parts[name].told


def parts_live(parts):
    return all(process.lives() for process in parts.values())
