"""Lines a second of the InfluxDB sink, from messages to the server's answer, beside posting the same ready lines over raw HTTP.

    python tests/benchmarks/bench_influx.py [--elements 3000] [--minutes 10] [--rounds 3]

Both write to buckets of their own on one server that is started here (`btswatch stack install` gets it), in turns, and
without compression, which gains nothing on one machine. Two kinds of messages are measured: evidence (polls, a line
each) and figures (a day with its hours, 26 lines at a day's end). What is told in the end is the median of the rounds.
"""

import http.client
import os
import statistics
import sys
import tempfile
import time
from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode, urlsplit

sys.path.insert(0, str(Path(__file__).parents[2]))  # for the tests' own modules

from btswatch.stack.influxdb import InfluxServer
from btswatch.stack.places import servers_directory
from processors.sinks.dead_letters import DeadLetters
from processors.sinks.influx import sink as sink_module
from processors.sinks.influx.sink import InfluxSink
from schemas.registry import Element, Kind
from schemas.settings.kafka import KafkaSettings
from stores.ledger import Ledger
from tests.contract.sinks import results as told
from tests.contract.sinks.results import CALENDAR, START
from tests.faults.influx.test_influx_killed import evidence
from tests.integration.influx.conftest import REGISTRY, settings_for
from tests.servers import Influx

_BATCH = 500
_LINES = 5_000


def main():
    parser = ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--elements", type=int, default=3_000)
    parser.add_argument("--minutes", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    names = [f"L{number}" for number in range(chosen.elements)]
    row = Element("", Kind.LINK, "E1", unit="U1")
    registry = replace(REGISTRY, elements={name: (replace(row, id=name),) for name in names})
    polls = [
        evidence(names[at : at + 100], minute, shard=at)
        for minute in range(chosen.minutes)
        for at in range(0, len(names), 100)
    ]
    start = START
    whole = {
        "runs": [[start, start + 86_000_000, 1], [start + 86_000_000, start + 86_400_000, 3]],
        "to_ms": start + 86_400_000,
    }
    figures = [told.figure(name, up=86_000, down=400, **whole) for name in names]
    with tempfile.TemporaryDirectory(prefix="btswatch-bench-") as directory:
        server = Influx(InfluxServer(servers_directory(), Path(directory) / "influx")).start()
        try:
            for kind, messages in (("evidence", polls), ("figures", figures)):
                rounds = [_round(server, registry, messages, Path(directory)) for _ in range(chosen.rounds)]
                sink, raw = (statistics.median(one[at] for one in rounds) for at in (0, 1))
                ratio = statistics.median(one[0] / one[1] for one in rounds)
                print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
                print(
                    f"{kind}: {len(messages):,} messages, {rounds[0][2]:,} lines; sink {sink:,.0f} lines/s, "
                    f"raw HTTP {raw:,.0f} lines/s, ratio {ratio:.2f} (goal 0.80)"
                )
        finally:
            server.close()


def _round(server, registry, messages, directory):
    """Lines a second of the sink and of raw HTTP, and how many lines."""
    settings = settings_for(server)
    sink = InfluxSink(
        settings,
        registry,
        CALENDAR,
        Ledger(directory / "ledger.db"),
        DeadLetters("influx", KafkaSettings(), lambda: START),
        lambda: START + 3_600_000,
    )
    sink.open()
    began = time.perf_counter()
    for at in range(0, len(messages), _BATCH):
        sink.write(messages[at : at + _BATCH])
    took_s = time.perf_counter() - began
    sink.close()
    ready = _ready_lines(server, registry, messages, directory)
    lines = sum(len(found) for found in ready.values())
    raw_s = _post(server, settings_for(server), ready, registry, directory)
    return lines / took_s, lines / raw_s, lines


def _ready_lines(server, registry, messages, directory):
    """The lines that the sink makes of the messages, by bucket's role."""
    found = {}

    class Kept:
        def __init__(self, *_):
            pass

        def write(self, bucket, lines):
            found.setdefault(bucket, []).extend(lines)
            return []

    original, sink_module.LineWriter = sink_module.LineWriter, Kept
    try:
        settings = settings_for(server, prefix="kept")
        sink = InfluxSink(
            settings,
            registry,
            CALENDAR,
            Ledger(directory / "ledger.db"),
            DeadLetters("influx", KafkaSettings(), lambda: START),
            lambda: START + 3_600_000,
        )
        sink.open()
        for at in range(0, len(messages), _BATCH):
            sink.write(messages[at : at + _BATCH])
        sink.close()
    finally:
        sink_module.LineWriter = original
    return {bucket.removeprefix("kept"): lines for bucket, lines in found.items()}


def _post(server, settings, ready, registry, directory):
    """Seconds for posting ready lines over one kept connection, a request after the other."""
    sink = InfluxSink(
        settings,
        registry,
        CALENDAR,
        Ledger(directory / "ledger.db"),
        DeadLetters("influx", KafkaSettings(), lambda: START),
        lambda: START,
    )
    sink.open()
    sink.close()
    where = urlsplit(server.url)
    connection = http.client.HTTPConnection(where.hostname, where.port)
    headers = {"Authorization": f"Token {server.token}"}
    began = time.perf_counter()
    for suffix, lines in ready.items():
        query = urlencode({"org": server.org, "bucket": settings.prefix + suffix, "precision": "us"})
        for at in range(0, len(lines), _LINES):
            body = "\n".join(lines[at : at + _LINES]).encode()
            connection.request("POST", f"/api/v2/write?{query}", body, headers)
            answer = connection.getresponse()
            content = answer.read()
            assert answer.status == http.HTTPStatus.NO_CONTENT, content
    took_s = time.perf_counter() - began
    connection.close()
    return took_s


if __name__ == "__main__":
    main()
