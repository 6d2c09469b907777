"""`btswatch worker` as a process on real Kafka: stopping, going on, standing still, logging in."""

import contextlib
import json
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import httpx
import pytest
from kafka import KafkaAdminClient

from btswatch.demo.ports import NoFreePortError, free_tcp
from stores.kafka.connection import connection
from tests.cluster import Cluster, Process
from tests.contract.engine.cluster_host import with_unit
from tests.contract.engine.wire import Told
from tests.contract.engine.world import World, make_world

pytestmark = pytest.mark.service
_ENGINE_TIME = re.compile(r'^btswatch_worker_engine_time_seconds{partition="(\d+)"} (\S+)', re.MULTILINE)
WAITING_LONG = Path(__file__).parents[2] / "faults" / "cluster" / "worker_that_waits_long.py"
RESULTS = ("transitions", "states", "figures", "feeds", "deadletter")
PARTITIONS = 16


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(7)


class Desk(Cluster):
    """A cluster of a forwarder and workers; what they tell is read from the topics."""

    def told(self) -> Told:
        found = Told()
        for topic, value in self.records(RESULTS):
            found.take_one(topic, value)
        return found

    def evidence_lag(self) -> int:
        return self.lag("worker", self.ends(("evidence",)))

    def acknowledged(self, deadline_s: float = 90) -> None:
        ends = self.ends(("evidence",))
        self.wait(lambda: self.lag("worker", ends) == 0, "the workers", deadline_s)

    def answers(self, page: str) -> httpx.Response | None:
        return answer_of(self.settings.status.worker_port, page)

    def tells(self, page: str, text: str) -> bool:
        """Whether the page has the text; not while nobody answers, as where the worker is busy for too long."""
        answer = self.answers(page)
        return answer is not None and text in answer.text


def status_port() -> int:
    """Below what systems give to outgoing connections, which are many here: it stays free until it is used."""
    for wanted in Random().sample(range(10_000, 20_000), 20):
        with contextlib.suppress(NoFreePortError):
            return free_tcp(wanted)
    raise NoFreePortError("no free port")


@pytest.fixture(params=[True])
def desk(request, tmp_path, kafka, kafka_prefix, world) -> Iterator[Desk]:
    """With a known status port, or (False) with any for each worker."""
    made = Desk(
        tmp_path,
        kafka.bootstrap,
        kafka_prefix,
        with_unit(world.registry),
        status={"worker_port": status_port() if request.param else 0},
        worker={"checkpoint_s": 3600.0, "silent_s": 60.0, "session_s": 10.0},
    )
    yield made
    made.close()


def restored(worker: Process) -> list[dict]:
    lines = (line for line in worker.log.read_text().splitlines() if '"partition restored"' in line)
    return [json.loads(line) for line in lines]


def held(worker: Process) -> set[int]:
    """The partitions that it was given last: with each sharing out all are taken away first, and there may be several."""
    found: set[int] = set()
    for line in worker.log.read_text().splitlines():
        if '"partitions revoked"' in line:
            found.clear()
        elif '"partition restored"' in line:
            found.add(json.loads(line)["partition"])
    return found


def shared_out(*workers: Process) -> bool:
    """Whether each partition has one of the workers, and each worker has some."""
    parts = [held(one) for one in workers]
    return all(parts) and sum(map(len, parts)) == len(set().union(*parts)) == PARTITIONS


def assert_all_were_counted(desk: Desk, world: World, entries: int) -> None:
    """Each of the first entries, once."""
    counts = desk.told().accepted()
    owners = {one.reporter for one in world.entries[:entries]} & world.registry.enterprises.keys()
    assert {name: sum(counts[name]) for name in owners} == {
        name: sum(entry.reporter == name for entry in world.entries[:entries]) for name in owners
    }


def beside(desk: Desk, name: str) -> tuple[Process, int]:
    """One more worker, and its status port."""
    taken, port = desk.settings.status.worker_port, status_port()
    settings = desk.settings_path.read_text()
    desk.settings_path.write_text(settings.replace(str(taken), str(port)))
    return desk.worker(name), port


def is_ready(port: int) -> bool:
    answer = answer_of(port, "/readyz")
    return answer is not None and answer.status_code == 200


def answer_of(port: int, page: str) -> httpx.Response | None:
    try:
        return httpx.get(f"http://127.0.0.1:{port}{page}", trust_env=False, timeout=20)
    except httpx.TransportError:
        return None


def test_a_stop_stores_everything_acknowledges_it_and_leaves_and_the_next_goes_on_from_there(desk, world):
    worker = desk.worker("first")
    desk.wait(lambda: desk.answers("/healthz") is not None, "the status port", 60)
    assert not is_ready(desk.settings.status.worker_port)
    forwarder = desk.forwarder()
    desk.append(world.entries[:1500])
    desk.wait(lambda: shared_out(worker), "all partitions", 60)
    desk.wait(lambda: is_ready(desk.settings.status.worker_port), "readiness", 60)
    desk.wait(lambda: desk.journal.position("forwarder") == 1500, "the forwarder")
    # Each partition has taken what it was sent: a tick that claims the newest receipt comes after it.
    newest_s = max(one.received_ms for one in world.entries[:1500]) / 1000 - 0.001
    port = desk.settings.status.worker_port
    desk.wait(
        lambda: sum(at_s >= newest_s for at_s in engine_times(port).values()) == PARTITIONS,
        "the ticks of what was sent",
    )
    # No checkpoint comes by itself within the hour: only the stop stores.
    assert desk.evidence_lag() > 0
    began = time.monotonic()
    assert worker.stop(40) == 0, worker.last_lines()
    forwarder.stop()
    # What came between the last checkpoint and the end is ticks, one a second for each partition.
    assert desk.evidence_lag() < 200 + PARTITIONS * (time.monotonic() - began)
    told = desk.told()
    assert len(told.figures) > 10
    first = {at: one["figure"] for at, one in told.figures.items()}

    second = desk.worker("second")
    desk.forwarder()
    desk.wait(lambda: shared_out(second), "all partitions again", 60)
    # It goes on from the rows, not from the beginning.
    assert all(one["engine_time_ms"] > 0 for one in restored(second))
    desk.append(world.entries[1500:1600])
    desk.wait(lambda: desk.journal.position("forwarder") == 1600, "the forwarder again")
    assert second.stop(40) == 0, second.last_lines()
    later = {at: one["figure"] for at, one in desk.told().figures.items()}
    assert later.keys() >= first.keys()
    assert_all_were_counted(desk, world, 1600)


def test_nothing_is_lost_where_a_fetch_waits_through_a_rebalance(desk, world):
    waiting = desk.worker("waiting", program=WAITING_LONG)
    desk.forwarder()
    desk.append(world.entries[:300])
    desk.wait(lambda: shared_out(waiting), "all partitions", 60)
    desk.wait(lambda: desk.journal.position("forwarder") == 300, "the forwarder", 60)
    # Nothing was acknowledged yet: with the rebalance all of it is fetched again, and what is dropped then is never read.
    other, port = beside(desk, "other")
    desk.wait(lambda: is_ready(port), "the other worker", 60)
    desk.append(world.entries[300:400])
    desk.wait(lambda: shared_out(waiting, other), "all partitions again", 60)
    moved = held(other)
    # What this one stores the first has to read, its fetch waiting again.
    assert other.stop(40) == 0, other.last_lines()
    desk.append(world.entries[400:500])
    desk.wait(lambda: shared_out(waiting), "all partitions once more", 60)
    assert all(one["engine_time_ms"] > 0 for one in restored(waiting)[-16:] if one["partition"] in moved)
    desk.wait(lambda: desk.journal.position("forwarder") == 500, "the forwarder again", 60)
    assert waiting.stop(40) == 0, waiting.last_lines()
    assert_all_were_counted(desk, world, 500)


def test_a_partition_that_moved_is_told_of_by_its_new_worker_only(desk, world):
    first = desk.worker("first")
    desk.forwarder()
    first_port = desk.settings.status.worker_port
    desk.wait(lambda: len(engine_times(first_port)) == PARTITIONS, "the first ticks", 90)
    second, _ = beside(desk, "second")
    desk.wait(lambda: shared_out(first, second), "all partitions again", 60)
    desk.wait(lambda: engine_times(first_port).keys() == held(first), "only those that stayed", 30)
    assert 0 < len(held(first)) < PARTITIONS
    for one in (second, first):
        one.stop(40)


def engine_times(port: int) -> dict[int, float]:
    """Seconds since the epoch by partition."""
    answer = answer_of(port, "/metrics")
    found = [] if answer is None else _ENGINE_TIME.findall(answer.text)
    return {int(partition): float(at_s) for partition, at_s in found}


def test_the_changelog_bears_the_prefix_is_compacted_and_has_as_many_partitions_as_the_evidence(desk):
    worker = desk.worker()
    name = desk.settings.kafka.topic("worker-availability-changelog")
    admin = KafkaAdminClient(**connection(desk.settings.kafka))
    try:
        desk.wait(lambda: name in admin.list_topics(), "the changelog", 60)
        desk.wait(lambda: bool(desk.answers("/healthz")), "the status port", 60)
        (found,) = admin.describe_topics([name])
        made = set(admin.list_topics())
    finally:
        admin.close()
    assert len(found["partitions"]) == 16
    # Nothing of ours is made without it.
    assert not [topic for topic in made if topic.startswith(("worker", "btswatch", "availability"))]
    worker.kill()


def test_a_registry_other_than_the_forwarders_is_told_in_log_and_metric(desk, world):
    worker = desk.worker()
    desk.wait(lambda: desk.answers("/healthz") is not None, "the status port", 60)
    stations = desk.root / "registry" / "stations.csv"
    header, first, *rest = stations.read_text().splitlines()
    stations.write_text("\n".join([header, first.replace("PER-", "NEW-", 1), first, *rest]) + "\n")
    desk.forwarder()
    desk.wait(lambda: desk.tells("/metrics", "btswatch_worker_registry_differs 1.0"), "the metric", 60)
    assert worker.said("registry differs from the forwarder's") == 1
    worker.kill()


@pytest.mark.parametrize("desk", [False], indirect=True)
def test_a_worker_that_stood_still_for_longer_than_its_session_ends_and_writes_nothing(desk, world):
    worker = desk.worker("frozen")
    desk.forwarder()
    desk.append(world.entries[:300])
    desk.wait(lambda: shared_out(worker), "all partitions", 60)
    worker.may_end = True
    worker.signal(signal.SIGSTOP)
    other = desk.worker("other")
    desk.wait(lambda: shared_out(other), "the other", 90)
    time.sleep(1)  # longer than the session altogether, whatever the other took
    worker.signal(signal.SIGCONT)
    desk.wait(lambda: not worker.running, "the end of what stood still", 30)
    assert worker.said("stood still") > 0
    assert worker.process.returncode == 1
    assert other.running


def test_a_worker_whose_broker_hangs_ends_in_time_and_without_a_traceback(desk, world, kafka):
    worker = desk.worker("waiting")
    desk.forwarder()
    desk.append(world.entries[:300])
    desk.wait(lambda: shared_out(worker), "all partitions", 60)
    kafka.pause()
    try:
        assert worker.stop(desk.settings.stop_s) == 0
    finally:
        kafka.resume()
    assert worker.said("left before it could say so") == 1
    assert worker.said("Traceback") == 0, worker.last_lines()
