"""`btswatch sink influx` as a process, on real servers."""

import json
import subprocess
from contextlib import ExitStack
from uuid import uuid4

import pytest

from processors.sinks.influx.sink import TOPICS
from schemas.influx import bucket_of
from stores.influx.connection import InfluxConnection
from stores.influx.reading import PointReader
from stores.ledger import Ledger
from stores.registry.write import write
from tests.integration.influx.conftest import FOREVER, REGISTRY, Bench, settings_for
from tests.kafka_topics import committed, make_topics, producer_to, settings_of
from tests.product.process import Process

RESULTS = ("state", "now", "availability", "figure", "scope", "feed", "link", "station")


class SinkProcess:
    """One installation's sink; `settings` are its InfluxDB's, `url` may lead through a proxy."""

    def __init__(self, directory, kafka, influx, url=None, registry=REGISTRY, **influx_settings):
        self.registry = registry
        self.settings = settings_for(influx, **influx_settings)
        self.kafka = make_topics(settings_of(kafka, f"t{uuid4().hex[:10]}."), *TOPICS)
        self.directory = directory
        write(registry, directory / "registry")
        self.file = directory / "btswatch.toml"
        self.file.write_text(
            f"""
            form = "cluster"
            [kafka]
            bootstrap = "{kafka.bootstrap}"
            prefix = "{self.kafka.prefix}"
            [influx]
            url = "{url or influx.url}"
            org = "{influx.org}"
            token = "{influx.token}"
            prefix = "{self.settings.prefix}"
            main_days = {FOREVER}
            raw_days = {FOREVER}
            long_days = {FOREVER}
            batch_lines = {self.settings.batch_lines}
            timeout_s = 20
            [sinks]
            retry_s = 0.2
            retry_most_s = 0.5
            session_s = 6
            batch_messages = 500
            [status]
            influx_sink_port = 0
            """
        )
        self.process = None
        self._producer = None
        self._open = ExitStack()

    def start(self):
        self.process = Process("sink", "influx", "--settings", self.file)
        return self.process

    def send(self, messages):
        """Through one producer, since making one takes long."""
        if self._producer is None:
            self._producer = self._open.enter_context(producer_to(self.kafka))
        sent = [
            self._producer.send(
                self.kafka.topic(one.topic),
                key=one.key,
                value=one.value,
                headers=list(one.headers.items()),
                partition=sum(one.key or b"") % (4 if one.topic in ("feeds", "findings") else 16),
            )
            for one in messages
        ]
        for one in sent:
            one.get(timeout=30)

    def close(self):
        if self.process is not None:
            self.process.kill()
        self._open.close()

    def written(self, *topics):
        """How many messages of the topics are committed."""
        return sum(sum(committed(self.kafka, "sink-influx", topic).values()) for topic in topics)

    def content(self, *measurements):
        bench = Bench(self.settings, Ledger(self.directory / "none.db"), self.registry)
        return bench.content(*(measurements or RESULTS))

    def points(self, measurement, field):
        """How many points of the field there are."""
        flux = f"""
            from(bucket: "{bucket_of(measurement, self.settings.prefix)}")
              |> range(start: 0)
              |> filter(fn: (r) => r._measurement == "{measurement}" and r._field == "{field}")
              |> group() |> count()"""
        with InfluxConnection(self.settings) as connection:
            (row,) = PointReader(connection, self.settings).rows(flux)
        return int(row["_value"])

    def resident_mb(self):
        pages = subprocess.run(
            ["ps", "-o", "rss=", "-p", str(self.process.pid)], capture_output=True, text=True, check=True
        )
        return int(pages.stdout) / 1024


@pytest.fixture
def sink_process(tmp_path):
    made = []

    def make(kafka, influx, **more):
        made.append(SinkProcess(tmp_path, kafka, influx, **more))
        return made[-1]

    yield make
    for one in made:
        one.close()


def expected_of(influx, messages, directory, registry=REGISTRY):
    """What one undisturbed run over the messages leaves."""
    bench = Bench(settings_for(influx), Ledger(directory / f"expected{uuid4().hex}.db"), registry)
    bench.sink.open()
    bench.sink.write(messages)
    bench.sink.close()
    assert bench.refused() == []
    return bench.content(*RESULTS)


def body_of(events):
    return json.dumps(events).encode()
