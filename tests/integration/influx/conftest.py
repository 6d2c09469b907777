"""A sink on a real server, with buckets of its own."""

from dataclasses import dataclass, field
from uuid import uuid4

import pytest
from pydantic import SecretStr

from processors.rules import Rules, load_rules
from processors.sinks.dead_letters import DeadLetters
from processors.sinks.influx.sink import InfluxSink
from schemas.influx import BUCKETS
from schemas.registry import Element, Enterprise, Kind, Registry, Unit
from schemas.settings.influx import InfluxSettings
from schemas.settings.kafka import KafkaSettings
from stores.influx.connection import InfluxConnection
from stores.influx.reading import PointReader
from stores.ledger import Ledger
from tests.contract.sinks.results import CALENDAR, START

REGISTRY = Registry(
    enterprises={name: Enterprise(name, name) for name in ("E1", "E2")},
    units={
        "U1": (Unit("U1", "Xã Một", "Xa Mot", "commune", lat=21.5, lon=106.5),),
        "U2": (Unit("U2", "Xã Hai", "Xa Hai", "commune", lat=22.0, lon=107.0, touches_border=True),),
    },
    elements={
        "S1": (Element("S1", Kind.STATION, "E1", "Trạm 1", "U1", 21.11, 106.22, ("4G", "5G")),),
        "S2": (Element("S2", Kind.STATION, "E2", "Trạm 2", "U2", 22.33, 107.44),),
        "L1": (Element("L1", Kind.LINK, "E1", "Tuyến 1"),),
    },
    digest="sha256:" + "0" * 64,
)
FOREVER = 36_600


def settings_for(influx, **more):
    """Points of any day stay, whatever the server's clock says."""
    return InfluxSettings(
        url=influx.url,
        org=influx.org,
        token=SecretStr(influx.token),
        prefix=f"t{uuid4().hex[:10]}",
        main_days=FOREVER,
        raw_days=FOREVER,
        long_days=FOREVER,
        gzip=False,
        timeout_s=10,
    ).model_copy(update=more)


@dataclass
class Bench:
    """A sink and what it wrote."""

    settings: InfluxSettings
    ledger: Ledger
    registry: Registry = field(default_factory=lambda: REGISTRY)
    now_ms: int = START + 3_600_000
    rules: Rules = field(default_factory=load_rules)

    def __post_init__(self):
        self.letters = DeadLetters("influx", KafkaSettings(), lambda: self.now_ms)
        self.sink = self.new_sink()

    def new_sink(self):
        return InfluxSink(
            self.settings,
            self.registry,
            CALENDAR,
            self.ledger,
            self.letters,
            lambda: self.now_ms,
            self.rules,
        )

    def settle(self):
        """All that is done while nothing comes."""
        for _ in range(20):
            self.sink.idle(self.now_ms)

    def refused(self):
        return [(one.topic, one.code) for one in self.letters._waiting]

    def content(self, *measurements):
        """Every value that is stored, by series, field and time."""
        found = {}
        with InfluxConnection(self.settings) as connection:
            reader = PointReader(connection, self.settings)
            for bucket in BUCKETS:
                name = bucket.name(self.settings.prefix)
                for row in reader.rows(
                    f'from(bucket: "{name}") |> range(start: 0) |> drop(columns: ["_start", "_stop"])'
                ):
                    if not measurements or row["_measurement"] in measurements:
                        tags = sorted(
                            f"{name}={value}"
                            for name, value in row.items()
                            if name and not name.startswith("_") and name not in ("result", "table") and value
                        )
                        key = row["_measurement"], ",".join(tags), row["_field"], row["_time"]
                        assert key not in found
                        found[key] = row["_value"]
        return found

    def values(self, measurement, field):
        return {
            (key[1], key[3]): value for key, value in self.content(measurement).items() if key[2] == field
        }


@pytest.fixture
def new_bench(influx, tmp_path):
    made = []

    def make(registry=REGISTRY, **more):
        found = Bench(settings_for(influx, **more), Ledger(tmp_path / f"ledger{len(made)}.db"), registry)
        made.append(found)
        found.sink.open()
        return found

    yield make
    for one in made:
        one.sink.close()


@pytest.fixture
def bench(new_bench):
    return new_bench()
