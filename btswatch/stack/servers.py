"""The cluster's three servers together, each in its directory, with the stack's secrets and names."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

import psycopg

from btswatch.demo.ports import usual_tcp
from btswatch.stack.influxdb import InfluxServer
from btswatch.stack.kafka import KafkaServer, Sasl
from btswatch.stack.postgresql import PostgresServer
from btswatch.stack.secrets import kafka_tls
from btswatch.stack.server import Server
from btswatch.stack.wiring import DATABASE, ORGANIZATION, SASL_MECHANISM, USER, Addresses

_PORTS: Final = {"kafka": 9092, "influxd": 8086, "postgresql": 5432}


class Servers:
    """Started in order, stopped in the reverse order.

    Args:
        servers: where `btswatch stack install` put their programs.
        directory: for their data; ports stand in `ports.json` there.
        secrets: what `make_secrets` made.
    """

    def __init__(self, servers: Path, directory: Path, secrets: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._secrets = secrets
        ports = _ports(directory / "ports.json")
        users = {USER: self._secret("btswatch/kafka_password")}
        # One listener, with password and TLS, as under compose.
        self.kafka = KafkaServer(
            servers,
            directory / "kafka",
            port=None,
            sasl=Sasl(users, SASL_MECHANISM),
            sasl_port=ports["kafka"],
            tls=kafka_tls(secrets),
        )
        self.influx = InfluxServer(servers, directory / "influxdb", port=ports["influxd"])
        self.postgres = PostgresServer(
            directory / "postgresql",
            password=self._secret("postgres/postgres_password"),
            port=ports["postgresql"],
        )
        self._running: list[Server] = []

    @property
    def addresses(self) -> Addresses:
        """For our processes."""
        return Addresses(
            kafka=self.kafka.sasl_bootstrap,
            postgres=f"127.0.0.1:{self.postgres.port}",
            influx=self.influx.url,
            secrets=self._secrets / "btswatch",
        )

    def start(self) -> Self:
        """All serve when it returns; if one can't, those before it are stopped again.

        Raises:
            StackError: one can't be started.
        """
        try:
            for server in (self.postgres, self.influx, self.kafka):
                self._running.append(server.start())
            self._first_set_up()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop all that run."""
        while self._running:
            self._running.pop().stop()

    def _first_set_up(self) -> None:
        self.influx.set_up(
            org=ORGANIZATION,
            bucket=ORGANIZATION,
            username=USER,
            password=self._secret("influxdb/influx_password"),
            token=self._secret("influxdb/influx_token"),
        )
        url = self.postgres.url().replace("+psycopg", "")
        with psycopg.connect(url, autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if known is None:
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def _secret(self, name: str) -> str:
        return (self._secrets / name).read_text("ascii").strip()


def _ports(path: Path) -> Mapping[str, int]:
    """The ports of the last time where they are free, the usual ones at the first."""
    wanted = _PORTS | (json.loads(path.read_text("ascii")) if path.exists() else {})
    found = {name: usual_tcp(port) for name, port in wanted.items()}
    path.write_text(json.dumps(found), "ascii")
    return found
