"""The cluster's own processes over real Kafka, for tests: forwarder, workers, sinks, each a process that can be killed.

The forwarder's clock is the receipt of the journal's newest entry (`forwarder_host.py`); all others take their time from
its ticks.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import RetriableError
from kafka.structs import OffsetAndMetadata

from btswatch.settings import Settings
from schemas.registry import Registry
from schemas.topics import load_topics
from stores.data_directory import DataDirectory, Mode
from stores.journal import Journal, NewEntry
from stores.kafka.connection import connection, reading_connection
from stores.kafka.topics import Topics
from stores.registry.load import load
from stores.registry.write import write

FORWARDER = Path(__file__).parent / "faults" / "cluster" / "forwarder_host.py"
RESULTS = ("transitions", "states", "figures", "feeds", "findings")
STATUS_PORTS = ("forwarder", "worker", "ledger_sink", "archive_sink")


class NotInTimeError(AssertionError):
    """What was waited for did not happen."""


@dataclass
class Process:
    """One of our processes, with its log."""

    name: str
    command: Sequence[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    may_end: bool = False

    def start(self) -> "Process":
        with self.log.open("ab") as log:
            environment = os.environ | {"BTSWATCH_LOG_FORMAT": "json"}
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment
            )
        return self

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """As a crash."""
        self.may_end = True
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)

    def stop(self, deadline_s: float = 20) -> int:
        """An orderly end; its exit code."""
        assert self.process is not None
        self.may_end = True
        self.process.terminate()
        try:
            return self.process.wait(deadline_s)
        except subprocess.TimeoutExpired:
            raise NotInTimeError(f"{self.name} did not stop:\n{self.last_lines()}") from None

    def said(self, text: str) -> int:
        """How many lines of its log hold the text."""
        return sum(text in line for line in self.log.read_text("utf-8", "replace").splitlines())

    def last_lines(self) -> str:
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-15:])


class Cluster:
    """A data directory, a journal in it, a prefix of topics, and the processes over them.

    Args:
        root: everything is below it.
        bootstrap: the broker.
        prefix: of topics and groups.
        registry: written as files; `registry` then is what the processes read from those.
        settings: sections and their values, over those that make a test fast.
    """

    def __init__(
        self, root: Path, bootstrap: str, prefix: str, registry: Registry, **settings: dict[str, object]
    ) -> None:
        self.root = root
        self.data = root / "data"
        write(registry, root / "registry")
        self.registry = load(root / "registry")
        sections: dict[str, dict[str, object]] = {
            "kafka": {"bootstrap": bootstrap, "prefix": prefix},
            "forwarder": {"retry_most_s": 1.0},
            "worker": {"checkpoint_s": 2.0, "session_s": 6.0},
            "sinks": {"gather_s": 0.05, "session_s": 6.0, "retry_most_s": 1.0},
            "archive": {"flush_s": 0.5},
            "status": {f"{name}_port": 0 for name in STATUS_PORTS},
        }
        for name, values in settings.items():
            sections[name] = sections.get(name, {}) | values
        values = {"form": "cluster", "data": "data", "registry": "registry", **sections}
        self.settings_path = root / "btswatch.toml"
        self.settings_path.write_text(_toml(values))
        self.settings = Settings.load(self.settings_path, {})
        self.directory = DataDirectory(self.data)
        self.directory.create(Mode(self.settings.mode))
        self.journal: Journal = self.directory.journal(self.settings.journal)
        self.journal.open()
        self.processes: list[Process] = []
        self._admin: KafkaAdminClient | None = None
        with Topics(self.settings.kafka, load_topics()) as topics:
            topics.apply()

    # Processes

    def forwarder(self) -> Process:
        return self._add("forwarder", [sys.executable, str(FORWARDER), str(self.settings_path)])

    def worker(self, name: str = "worker", program: Path | None = None) -> Process:
        """`program` instead of our own command."""
        own = [sys.executable, str(program), str(self.settings_path)] if program else self._btswatch("worker")
        return self._add(name, own)

    def sink(self, name: str) -> Process:
        return self._add(f"sink-{name}", self._btswatch("sink", name))

    def append(self, entries: Sequence[NewEntry]) -> None:
        self.journal.append(entries)

    def restored(self, worker: Process) -> int:
        """How often the worker took a partition over."""
        return worker.said('"event": "partition restored"')

    def close(self) -> None:
        for one in self.processes:
            one.kill()
        if self._admin is not None:
            self._admin.close()
        self.journal.close()

    # How far they are

    def settle(self, deadline_s: float = 240) -> None:
        """Wait until everything in the journal has reached every target.

        Step by step: the forwarder has sent all; the workers have acknowledged what was in the evidence then, which they
        do after their results are in; the sinks have committed what was in the results then.
        """
        end = time.monotonic() + deadline_s
        last = self.journal.last_offset()
        self.until(lambda: self.journal.position("forwarder") >= last, end, "the forwarder")
        self._consumed("worker", ("evidence",), end)
        # Their figures go one way more: by enterprise.
        self._consumed("worker", ("figures",), end)
        self._consumed("worker", ("enterprise_figures",), end)
        for one in self.processes:
            if one.running and one.name == "sink-ledger":
                self._consumed("sink-ledger", RESULTS, end)
            if one.running and one.name == "sink-archive":
                self._consumed("sink-archive", ("evidence",), end)

    def lag(self, group: str, ends: dict[TopicPartition, int]) -> int:
        """How many messages before `ends` the group has not committed."""
        name = self.settings.kafka.group(group)
        try:
            if self._admin is None:
                self._admin = KafkaAdminClient(**connection(self.settings.kafka))
            committed = self._admin.list_group_offsets({name: None})[name]
        except RetriableError:
            # A broker that has just come does not know yet.
            return sum(ends.values()) + 1
        return sum(max(0, end - _offset(committed.get(at))) for at, end in ends.items())

    def ends(self, topics: Sequence[str]) -> dict[TopicPartition, int]:
        consumer = KafkaConsumer(**reading_connection(self.settings.kafka))
        try:
            names = {self.settings.kafka.topic(name): load_topics()[name].partitions for name in topics}
            asked = [TopicPartition(name, n) for name, count in names.items() for n in range(count)]
            return dict(consumer.end_offsets(asked))
        finally:
            consumer.close()

    def records(self, topics: Sequence[str], deadline_s: float = 120) -> Iterator[tuple[str, bytes]]:
        """(topic's name, value) of all that the topics hold now: a reader that is slow to begin has not read less."""
        ends = self.ends(topics)
        names = {self.settings.kafka.topic(name): name for name in topics}
        consumer = KafkaConsumer(**reading_connection(self.settings.kafka), auto_offset_reset="earliest")
        try:
            consumer.assign(list(ends))
            last = time.monotonic() + deadline_s
            while any((consumer.position(at) or 0) < end for at, end in ends.items()):
                if time.monotonic() > last:
                    raise NotInTimeError(f"{', '.join(topics)} could not be read to their ends")
                for found in consumer.poll(timeout_ms=200).values():
                    yield from ((names[one.topic], one.value) for one in found)
        finally:
            consumer.close()

    def wait(self, done: Callable[[], bool], what: str, deadline_s: float = 240) -> None:
        self.until(done, time.monotonic() + deadline_s, what)

    def until(self, done: Callable[[], bool], end: float, what: str) -> None:
        while not done():
            ended = [one.name for one in self.processes if not one.running and not one.may_end]
            if ended or time.monotonic() > end:
                tails = "\n".join(f"--- {one.name}\n{one.last_lines()}" for one in self.processes)
                why = f"{', '.join(ended)} ended" if ended else "not in time"
                raise NotInTimeError(f"waiting for {what}: {why}\n{tails}")
            time.sleep(0.25)

    def _consumed(self, group: str, topics: Sequence[str], end: float) -> None:
        ends = self.ends(topics)
        self.until(lambda: self.lag(group, ends) == 0, end, f"{group} on {', '.join(topics)}")

    def _btswatch(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "btswatch", *arguments, "--settings", str(self.settings_path)]

    def _add(self, name: str, command: Sequence[str]) -> Process:
        number = sum(one.name == name for one in self.processes)
        log = self.root / f"{name}{f'-{number}' if number else ''}.log"
        self.processes.append(Process(name, command, log).start())
        return self.processes[-1]


def _toml(values: dict[str, object]) -> str:
    """Sections of plain values; JSON writes those as TOML does."""
    plain = [f"{name} = {json.dumps(value)}" for name, value in values.items() if not isinstance(value, dict)]
    for name, section in values.items():
        if isinstance(section, dict):
            plain += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in section.items())]
    return "\n".join(plain) + "\n"


def _offset(found: OffsetAndMetadata | None) -> int:
    return 0 if found is None else found.offset
