"""Workers die, stand still, come and go under load: the live view recovers, and official figures are untouched."""

import signal
from pathlib import Path

import pytest

from schemas.topics import load_topics, partition_of, shard_of
from tests.faults.cluster.conftest import BEFORE

pytestmark = pytest.mark.service
SENDING_LATE = Path(__file__).parent / "worker_that_sends_late.py"


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


def test_rows_that_were_to_be_sent_when_a_worker_stood_still_are_not_written_over_newer_ones(
    cluster, world, says_the_same
):
    half, end = len(world.entries) // 2, len(world.entries) - 50
    cluster.forwarder()
    for name in ("ledger", "archive"):
        cluster.sink(name)
    late = cluster.worker("late", program=SENDING_LATE)
    cluster.append(world.entries[BEFORE:half])
    cluster.wait(lambda: cluster.restored(late) >= 16, "all partitions")
    cluster.settle()
    number = partition_of(shard_of("TRA-0"), load_topics()["evidence"].partitions)
    (cluster.root / "hold").write_text(str(number))
    cluster.append(world.entries[half : half + 200])
    cluster.wait((cluster.root / "held").exists, "rows to be sent")
    late.may_end = True
    late.signal(signal.SIGSTOP)
    second = cluster.worker("second")
    cluster.wait(lambda: cluster.restored(second) >= 16, "the second worker with all partitions")
    cluster.append(world.entries[half + 200 : end])
    cluster.settle()
    late.signal(signal.SIGCONT)
    cluster.wait(lambda: not late.running, "the worker that stood still to notice and end")
    assert late.said("stood still") > 0
    # What it might have written is read by the next one only.
    second.kill()
    third = cluster.worker("third")
    cluster.append(world.entries[end:])
    cluster.wait(lambda: cluster.restored(third) >= 16, "the third worker")
    says_the_same()
