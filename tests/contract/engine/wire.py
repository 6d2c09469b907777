"""What workers tell, brought together as any reader does; and a journal's entries as partitions' logs, by the forwarder's own code."""

import json
from collections.abc import Iterable, Sequence
from itertools import pairwise

from ingest.forwarder import records
from ingest.forwarder.batching import sort_out
from processors.engine.worker.messages import Outgoing
from processors.engine.worker.wire import Incoming
from schemas.catalogue import contract
from schemas.control import InForce, Tick
from schemas.status import Feed
from schemas.time import from_ms
from stores.journal import NewEntry, Stored
from tests.contract.engine.world import World

FORWARDER = "forwarder-1"
_CONTRACTS = {
    "transitions": ["day_transitions"],
    "states": ["element_state"],
    "figures": ["figure_record"],
    "feeds": ["feed_activity", "late_evidence"],
    "deadletter": ["dead_letter"],
}


def stored(entries: Sequence[NewEntry], after: int = 0) -> list[Stored]:
    return [
        Stored(after + number, "event", one.reporter, one.received_ms, one.body)
        for number, one in enumerate(entries, 1)
    ]


def logs(world: World, partitions: int, cuts: Sequence[int]) -> list[list[Incoming]]:
    """Each partition's messages when the journal was forwarded in pieces that end at `cuts`."""
    found: list[list[Incoming]] = [[] for _ in range(partitions)]
    changing = [one.id for one in world.registry.enterprises.values() if one.feed is Feed.TRANSITION]

    def put(messages: Iterable[records.Record], at_ms: int) -> None:
        for one in messages:
            log = found[one.partition]
            log.append(Incoming(one.partition, len(log), one.key, one.value, dict(one.headers), at_ms))

    put(records.control(InForce(registry=world.registry.digest, forwarder=FORWARDER), partitions), 0)
    entries = stored(world.entries)
    for first, last in pairwise([0, *cuts, len(entries)]):
        piece = entries[first:last]
        if not piece:
            continue
        at_ms = max(one.received_ms for one in entries[:last])
        for wave in sort_out(piece, partitions, 200_000, changing).waves:
            put((one for batch in wave for one in records.evidence(batch, FORWARDER)), at_ms)
        tick = Tick(received_through=from_ms(at_ms + 1), forwarder=FORWARDER)
        put(records.control(tick, partitions), at_ms)
    return found


class Told:
    """What a reader of the workers' topics knows; every message is held to its contract."""

    def __init__(self) -> None:
        self.figures: dict[tuple[str, str], dict] = {}
        self.transitions: dict[tuple[str, str], list] = {}
        self.states: dict[str, dict] = {}
        self.feeds: dict[tuple[str, int], dict] = {}
        self.late: dict[int, dict] = {}
        self.letters: list[dict] = []

    def take(self, messages: Iterable[Outgoing]) -> None:
        for one in messages:
            self.take_one(one.topic, one.value)

    def take_one(self, topic: str, value: bytes) -> None:
        said = json.loads(value)
        names = _CONTRACTS[topic]
        name = names[-1] if said.get("feed") == "late" else names[0]
        contract(name).adapter.validate_json(value)
        if topic == "figures":
            self.figures[said["figure"]["id"], said["figure"]["from"][:10]] = said
        elif topic == "transitions":
            self.transitions[said["element"], said["day"]] = said["changes"]
        elif topic == "states":
            self.states[said["element"]] = said
        elif topic == "deadletter":
            self.letters.append(said)
        elif said["feed"] == "late":
            self.late[said["number"]] = said
        else:
            self.feeds[said["reporter"], said["partition"]] = said

    def accepted(self) -> dict[str, tuple[int, int]]:
        """Accepted and refused of each reporter, over all partitions."""
        found: dict[str, tuple[int, int]] = {}
        for (reporter, _), one in self.feeds.items():
            accepted, refused = found.get(reporter, (0, 0))
            found[reporter] = accepted + one["accepted"], refused + one["refused"]
        return found
