"""Lines a second of the InfluxDB sink, from messages to the server's answer, beside posting the same ready lines over raw HTTP.

    python tests/benchmarks/bench_influx.py [--elements 3000] [--minutes 30] [--rounds 5] [--quick]

Both write to buckets of their own on one server that is started here (`btswatch stack install` gets it), in turns, and
without compression, which gains nothing on one machine. The sink gets its messages as its consumer would hand them over
(`sinks.batch_messages`, `sinks.batch_bytes`); raw HTTP posts the very requests that the sink makes of them, made before,
one after the other over one kept connection. Two kinds of messages are measured: evidence (polls, a line each) and
figures (a day with its hours, 26 lines at a day's end). What is told in the end is the median of the rounds, and the
processors' time of either side, which other programs on the machine make less longer than the time on the wall.
"""

import http.client
import logging
import os
import statistics
import sys
import tempfile
import time
from argparse import ArgumentParser
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import structlog

sys.path.insert(0, str(Path(__file__).parents[2]))  # for the tests' own modules

from btswatch.parts.sink_influx import TURN_S
from btswatch.stack.influxdb import InfluxServer
from btswatch.stack.places import servers_directory
from processors.sinks.dead_letters import DeadLetters
from processors.sinks.influx import sink as sink_module
from processors.sinks.influx.sink import InfluxSink
from schemas.registry import Element, Kind
from schemas.settings.kafka import KafkaSettings
from schemas.settings.sinks import SinkSettings
from stores.influx.writer import LineWriter
from stores.ledger import Ledger
from tests.contract.sinks import results as told
from tests.contract.sinks.results import CALENDAR, START
from tests.faults.influx.test_influx_killed import evidence
from tests.integration.influx.conftest import REGISTRY, settings_for
from tests.servers import Influx

LIMITS = SinkSettings()
# So long the server has to have been still (5 % of a processor) before something is measured.
SETTLED_S = 0.5
# With fewer lines one snapshot of the server's more or less decides.
FIGURE_DAYS = 4


@dataclass(frozen=True)
class Took:
    """Seconds on the wall; of processors in this process and in the server."""

    wall: float
    own: float
    server: float


class Clock:
    """Measures what goes on in its block."""

    def __init__(self, pid):
        self._pid = pid

    def __enter__(self):
        self._began = time.perf_counter(), time.process_time(), server_work(self._pid)
        return self

    def __exit__(self, *_):
        wall, own, server = self._began
        self.took = Took(
            time.perf_counter() - wall, time.process_time() - own, server_work(self._pid) - server
        )


def server_work(pid):
    """Processor seconds that the server has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main():
    parser = ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--elements", type=int, default=3_000)
    parser.add_argument("--minutes", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="three rounds of ten minutes")
    chosen = parser.parse_args()
    sys.setswitchinterval(TURN_S)  # as in the sink's own process
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    names = [f"L{number}" for number in range(chosen.elements)]
    row = Element("", Kind.LINK, "E1", unit="U1")
    registry = replace(REGISTRY, elements={name: (replace(row, id=name),) for name in names})
    polls = [
        evidence(names[at : at + 100], minute, shard=at)
        for minute in range(10 if chosen.quick else chosen.minutes)
        for at in range(0, len(names), 100)
    ]
    figures = [
        told.figure(name, up=86_000, down=400, day=day, **whole(CALENDAR.start_of(day)))
        for day in (told.DAY - timedelta(days=back) for back in range(1 if chosen.quick else FIGURE_DAYS))
        for name in names
    ]
    with tempfile.TemporaryDirectory(prefix="btswatch-bench-") as directory:
        server = Influx(InfluxServer(servers_directory(), Path(directory) / "influx")).start()
        try:
            for kind, messages in (("evidence", polls), ("figures", figures)):
                bench = Bench(server, registry, Path(directory), list(batches(messages)))
                tell(kind, bench, 3 if chosen.quick else chosen.rounds)
        finally:
            server.close()


def whole(start):
    """A day's runs: 400 seconds down at its end."""
    end = start + 86_400_000
    return {"runs": [[start, end - 400_000, 1], [end - 400_000, end, 3]], "to_ms": end}


def batches(messages):
    """As the consumer gathers them."""
    batch, size = [], 0
    for one in messages:
        batch.append(one)
        size += len(one.value)
        if len(batch) >= LIMITS.batch_messages or size >= LIMITS.batch_bytes:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def tell(kind, bench, rounds):
    requests = bench.requests()
    lines = sum(len(found) for _, found in requests)
    # Both write to series that are new in their bucket.
    both = [bench.both(requests, sink_first=number % 2 == 0) for number in range(rounds)]
    messages = sum(map(len, bench.batches))
    print(
        f"{kind}: {messages:,} messages in {len(bench.batches)} batches, {lines:,} lines in {len(requests)} requests"
        f" (load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors)"
    )
    for name, one in (("sink", 0), ("raw HTTP", 1)):
        wall, own, work = (
            statistics.median(getattr(took[one], part) for took in both) for part in ("wall", "own", "server")
        )
        print(
            f"  {name:<9} {lines / wall:>9,.0f} lines/s; {1e6 * own / lines:.1f} us of this process and"
            f" {1e6 * work / lines:.1f} us of the server for each line"
        )
    ratios = sorted(raw.wall / sink.wall for sink, raw in both)
    print(
        f"  ratio {statistics.median(ratios):.2f} (goal 0.80), rounds {', '.join(f'{one:.2f}' for one in ratios)}",
        flush=True,
    )


class Bench:
    """One kind of messages."""

    def __init__(self, server, registry, directory, batches):
        self.server = server
        self.registry = registry
        self.directory = directory
        self.batches = batches

    def both(self, requests, *, sink_first):
        """The two, the other one first each time: neither always has the work that the other one left the server."""
        if sink_first:
            return self.sink(), self.raw(requests)
        raw = self.raw(requests)
        return self.sink(), raw

    def settle(self):
        """Wait until the server has done what it does after writes."""
        before = server_work(self.server.server.pid)
        while True:
            time.sleep(SETTLED_S)
            now = server_work(self.server.server.pid)
            if now - before < SETTLED_S / 20:
                return
            before = now

    def sink(self):
        sink = self._opened()
        self.settle()
        with Clock(self.server.server.pid) as clock:
            for batch in self.batches:
                sink.write(batch)
        sink.close()
        return clock.took

    def requests(self):
        """The requests that the sink makes of the messages: the bucket's role and the lines."""
        found = []

        class Kept(LineWriter):
            def post(self, bucket, lines):
                found.append((bucket.removeprefix("kept"), list(lines)))

        original, sink_module.LineWriter = sink_module.LineWriter, Kept
        try:
            sink = self._opened(prefix="kept")
            for batch in self.batches:
                sink.write(batch)
            sink.close()
        finally:
            sink_module.LineWriter = original
        return found

    def raw(self, requests):
        settings = settings_for(self.server)
        self._opened(settings).close()  # makes the buckets
        where = urlsplit(self.server.url)
        connection = http.client.HTTPConnection(where.hostname, where.port)
        headers = {"Authorization": f"Token {self.server.token}"}
        self.settle()
        with Clock(self.server.server.pid) as clock:
            for suffix, lines in requests:
                query = urlencode(
                    {"org": self.server.org, "bucket": settings.prefix + suffix, "precision": "us"}
                )
                connection.request("POST", f"/api/v2/write?{query}", "\n".join(lines).encode(), headers)
                answer = connection.getresponse()
                content = answer.read()
                assert answer.status == http.HTTPStatus.NO_CONTENT, content
        connection.close()
        return clock.took

    def _opened(self, settings=None, **more):
        sink = InfluxSink(
            settings or settings_for(self.server, **more),
            self.registry,
            CALENDAR,
            Ledger(self.directory / "ledger.db"),
            DeadLetters("influx", KafkaSettings(), lambda: START),
            lambda: START + 3_600_000,
        )
        sink.open()
        return sink


if __name__ == "__main__":
    main()
