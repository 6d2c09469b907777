"""Real Kafka, InfluxDB and PostgreSQL for tests: one of each for the whole run, and own ones to be killed.

They come from `btswatch stack install`. Where they are absent, tests that ask for them are skipped with the reason, and
fail where services are required.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest

from btswatch.stack.influxdb import InfluxServer
from btswatch.stack.kafka import KafkaServer
from btswatch.stack.places import influxd, kafka_libraries, postgresql_programs, servers_directory
from btswatch.stack.postgresql import PostgresServer
from tests.absence import absent_because

ORG = "btswatch"
TOKEN = "a-token-that-is-for-tests-alone"


@dataclass
class Influx:
    """A server that is set up."""

    server: InfluxServer
    org: str = ORG
    token: str = TOKEN
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.Client(
            base_url=self.url, headers={"Authorization": f"Token {self.token}"}, timeout=30, trust_env=False
        )

    @property
    def url(self) -> str:
        return self.server.url

    def new_bucket(self, retention_s: int = 0) -> str:
        """The name of a bucket of the caller's own; 0 keeps forever."""
        name = f"b-{uuid4().hex[:12]}"
        (org,) = self.client.get("/api/v2/orgs", params={"org": self.org}).json()["orgs"]
        rules = [{"type": "expire", "everySeconds": retention_s}] if retention_s else []
        body = {"orgID": org["id"], "name": name, "retentionRules": rules}
        answer = self.client.post("/api/v2/buckets", json=body)
        assert answer.status_code == 201, answer.text
        return name

    def query(self, flux: str) -> str:
        """A Flux query's answer as CSV."""
        headers = {"Accept": "application/csv", "Content-Type": "application/vnd.flux"}
        answer = self.client.post(
            "/api/v2/query", params={"org": self.org}, content=flux.encode(), headers=headers
        )
        assert answer.status_code == 200, answer.text
        return answer.text

    def start(self) -> "Influx":
        self.server.start()
        self.server.set_up(
            org=self.org, bucket="btswatch", username="test", password="a-test-password", token=self.token
        )
        return self

    def close(self) -> None:
        self.client.close()
        self.server.stop()


@dataclass
class Postgres:
    """A server and its databases."""

    server: PostgresServer

    def new_database(self) -> str:
        """The URL (for SQLAlchemy) of an empty database of the caller's own."""
        name = f"d_{uuid4().hex[:12]}"
        with psycopg.connect(self.dsn(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.server.url(name)

    def dsn(self, database: str = "postgres") -> str:
        """For psycopg itself."""
        return self.server.url(database).replace("+psycopg", "")


def _require_kafka() -> Path:
    servers = servers_directory()
    if not kafka_libraries(servers).is_dir() or shutil.which("java") is None:
        absent_because(f"Kafka is not in {servers} (or there is no java): make servers")
    return servers


def _require_influx() -> Path:
    servers = servers_directory()
    if not influxd(servers).exists():
        absent_because(f"InfluxDB is not in {servers}: make servers")
    return servers


def _require_postgres() -> None:
    if postgresql_programs() is None:
        absent_because("PostgreSQL is not installed: apt-get install postgresql")


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    """One broker for all: who stops it, starts it again. Topics' names begin with `kafka_prefix`."""
    with KafkaServer(_require_kafka(), tmp_path_factory.mktemp("kafka")) as server:
        yield server


@pytest.fixture
def kafka_prefix() -> str:
    """Unique to the test."""
    return f"t{uuid4().hex[:10]}."


@pytest.fixture
def new_kafka(tmp_path: Path) -> Iterator[Callable[..., KafkaServer]]:
    """Makes a broker of the test's own (arguments of KafkaServer: sasl, tls, more ...), started."""
    servers = _require_kafka()
    with ExitStack() as stack:

        def make(**arguments: object) -> KafkaServer:
            directory = tmp_path / f"kafka-{uuid4().hex[:6]}"
            return stack.enter_context(KafkaServer(servers, directory, **arguments))

        yield make


@pytest.fixture(scope="session")
def influx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influx]:
    """One server for all, set up; `new_bucket()` for each who writes."""
    found = Influx(InfluxServer(_require_influx(), tmp_path_factory.mktemp("influx")))
    try:
        yield found.start()
    finally:
        found.close()


@pytest.fixture
def influx_server(tmp_path: Path) -> Iterator[Influx]:
    """An own one, to be killed, stopped and started (`.server`)."""
    found = Influx(InfluxServer(_require_influx(), tmp_path / "influx"))
    try:
        yield found.start()
    finally:
        found.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One server for all; `new_database()` for each who writes."""
    yield from _postgres()


@pytest.fixture
def postgres_server() -> Iterator[Postgres]:
    """An own one, to be killed, stopped and started (`.server`)."""
    yield from _postgres()


def _postgres() -> Iterator[Postgres]:
    _require_postgres()
    # Not below pytest's directory: as root the server runs as another user, who can't enter it.
    directory = Path(tempfile.mkdtemp(prefix="btswatch-test-"))
    try:
        directory.chmod(0o755)
        with PostgresServer(directory / "postgresql", password="a test's password") as server:
            yield Postgres(server)
    finally:
        shutil.rmtree(directory)
