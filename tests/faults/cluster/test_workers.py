"""Workers die, stand still, come and go under load: the live view recovers, and official figures are untouched."""

import signal

import pytest

pytestmark = pytest.mark.service


def test_workers_killed_joining_standing_still_and_leaving_under_load(cluster, under_load, says_the_same):
    cluster.forwarder()
    for name in ("ledger", "archive"):
        cluster.sink(name)
    first = cluster.worker("first")
    cluster.wait(lambda: cluster.restored(first) >= 16, "the first worker")
    load = under_load(30)
    second = cluster.worker("second")
    cluster.wait(lambda: cluster.restored(second) >= 1, "the second worker")
    assert load.on
    first.kill()
    held = cluster.restored(second)
    cluster.wait(lambda: cluster.restored(second) >= held + 16, "the second worker with all partitions")
    third = cluster.worker("third")
    cluster.wait(lambda: cluster.restored(third) >= 1, "the third worker")
    assert load.on
    # Past its session's end: others have its partitions when it wakes.
    second.signal(signal.SIGSTOP)
    held = cluster.restored(third)
    cluster.wait(lambda: cluster.restored(third) >= held + 16, "the third worker with all partitions")
    assert load.on
    second.may_end = True
    second.signal(signal.SIGCONT)
    cluster.wait(lambda: not second.running, "the worker that stood still to notice and end")
    assert second.said("stood still") > 0
    fourth = cluster.worker("fourth")
    cluster.wait(lambda: cluster.restored(fourth) >= 1, "the fourth worker")
    assert load.on
    assert third.stop() == 0
    load.finish()
    says_the_same()
