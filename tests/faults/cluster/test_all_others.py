"""Forwarder, sinks and broker die or go away under load: nothing is lost, nothing is doubled."""

import pytest

pytestmark = pytest.mark.service


def test_forwarder_sinks_and_broker_killed_under_load(cluster, kafka, under_load, says_the_same):
    forwarder = cluster.forwarder()
    ledger, archive = cluster.sink("ledger"), cluster.sink("archive")
    worker = cluster.worker("worker")
    worker.may_end = True
    cluster.wait(lambda: cluster.restored(worker) >= 16, "the worker")
    load = under_load(20)
    sent = cluster.journal.position("forwarder")
    cluster.wait(lambda: cluster.journal.position("forwarder") > sent + 100, "the forwarder to send")
    for one in (forwarder, ledger, archive):
        one.kill()
    assert load.on
    cluster.sink("ledger")
    cluster.sink("archive")
    sent = cluster.journal.position("forwarder")
    cluster.forwarder()
    cluster.wait(lambda: cluster.journal.position("forwarder") > sent + 100, "the forwarder to send again")
    kafka.restart()
    assert load.on
    sent = cluster.journal.position("forwarder")
    cluster.wait(
        lambda: cluster.journal.position("forwarder") > sent, "the forwarder to send to the new broker"
    )
    # A worker may end when the broker is away; its supervisor starts it again.
    if not worker.running:
        cluster.worker("worker")
    load.finish()
    says_the_same()
