"""The cluster as an engine: forwarder, Faust worker and sinks as processes over real Kafka, one data directory."""

import json
from dataclasses import replace
from pathlib import Path

from schemas.registry import Registry, Unit
from tests.cluster import Cluster, Process
from tests.contract.engine.conftest import Host
from tests.contract.engine.world import World

# The registry is read from files here, and those know no station without its unit.
UNIT = Unit("06001", "Xã Thất Khê", "Xa That Khe", "commune")


def with_unit(registry: Registry) -> Registry:
    """The registry as it can be written to files."""
    return replace(registry, units={UNIT.code: (UNIT,)})


class ClusterHost(Host):
    """As `Host`; what is killed is the worker."""

    # A Faust worker takes seconds to join: fewer kills, each somewhere in thousands of events.
    entries_between_kills = (4000, 6000)

    def __init__(self, data: Path, world: World, bootstrap: str, prefix: str, **settings: object) -> None:
        registry = with_unit(world.registry)
        sections: dict[str, dict[str, object]] = {}
        if "batch_events" in settings:
            # Each piece of the journal is dozens of messages: ten times as much makes as many cuts of each partition.
            sections["forwarder"] = {"batch_events": 10 * int(str(settings["batch_events"]))}
        if "checkpoint_s" in settings:
            sections["worker"] = {"checkpoint_s": min(2.0, float(str(settings["checkpoint_s"])))}
        self.cluster = Cluster(data, bootstrap, prefix, registry, **sections)
        self.data = self.cluster.data
        self.world = replace(world, registry=self.cluster.registry)
        self.journal = self.cluster.journal
        self._worker: Process | None = None
        self._others: list[Process] = []

    def start(self, *, until: int | None = None) -> None:
        """All that is not running; it runs on until the end of the test."""
        if not self._others:
            self._others = [
                self.cluster.forwarder(),
                self.cluster.sink("ledger"),
                self.cluster.sink("archive"),
            ]
        if self._worker is None:
            self._worker = self.cluster.worker(f"worker-{len(self.cluster.processes)}")

    def kill(self) -> None:
        """In the middle of its work: it has taken partitions over."""
        worker = self._worker
        assert worker is not None
        self.cluster.wait(lambda: self.cluster.restored(worker) > 0, "the worker")
        worker.kill()
        self._worker = None

    def finish(self) -> None:
        self.cluster.settle(240)

    def close_days(self, now_ms: int) -> list[str]:
        # The archive's sink writes what it has when it ends.
        for one in self._others:
            if one.name.startswith("sink"):
                assert one.stop() == 0, one.last_lines()
        self._others = []
        return super().close_days(now_ms)

    def refused_codes(self) -> set[str]:
        return {json.loads(value)["code"] for _, value in self.cluster.records(("deadletter",))}

    def close(self) -> None:
        self.cluster.close()
