"""How our processes find the cluster's servers: the same variables under compose and in `btswatch stack demo`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Final

from btswatch.settings import StatusSettings

ORGANIZATION: Final = "btswatch"
USER: Final = "btswatch"
DATABASE: Final = "btswatch"
SASL_MECHANISM: Final = "PLAIN"


@dataclass(frozen=True)
class Addresses:
    """Where the servers are, as our processes see them.

    Attributes:
        kafka: host:port.
        postgres: host:port.
        influx: URL.
        secrets: directory of `kafka_password`, `kafka_ca.pem`, `postgres_password`, `influx_token`.
    """

    kafka: str
    postgres: str
    influx: str
    secrets: Path


def variables(where: Addresses) -> dict[str, str]:
    """The environment of each of our processes."""
    return {
        "BTSWATCH_FORM": "cluster",
        # Workers store at the next tick and leave their group, sinks write what they hold: that takes servers' answers.
        "BTSWATCH_STOP_S": "60",
        "BTSWATCH_KAFKA__BOOTSTRAP": where.kafka,
        "BTSWATCH_KAFKA__SECURITY_PROTOCOL": "SASL_SSL",
        "BTSWATCH_KAFKA__SASL_MECHANISM": SASL_MECHANISM,
        "BTSWATCH_KAFKA__SASL_USERNAME": USER,
        "BTSWATCH_KAFKA__SASL_PASSWORD_FILE": str(where.secrets / "kafka_password"),
        "BTSWATCH_KAFKA__TLS_CA": str(where.secrets / "kafka_ca.pem"),
        "BTSWATCH_LEDGER__URL": f"postgresql://{USER}@{where.postgres}/{DATABASE}",
        "BTSWATCH_LEDGER__PASSWORD_FILE": str(where.secrets / "postgres_password"),
        "BTSWATCH_INFLUX__URL": where.influx,
        "BTSWATCH_INFLUX__ORG": ORGANIZATION,
        "BTSWATCH_INFLUX__TOKEN_FILE": str(where.secrets / "influx_token"),
    }


def shell(chosen: Mapping[str, str]) -> str:
    """The variables as a file that a person's shell reads, for commands on the same servers."""
    return "".join(f"export {name}={quote(value)}\n" for name, value in chosen.items())


# Part, by the name that its metrics have in InfluxDB, and the setting of the port that shows them.
SCRAPED: Final = {
    "ingest": "ingest_port",
    "forward": "forwarder_port",
    "worker": "worker_port",
    "sink-ledger": "ledger_sink_port",
    "sink-influx": "influx_sink_port",
    "sink-archive": "archive_sink_port",
    "sink-notify": "notify_sink_port",
    "engine": "engine_port",
}


def scrape_settings(host_of: Callable[[str], str], status: StatusSettings) -> str:
    """The settings of what is scraped into InfluxDB, as TOML.

    Args:
        host_of: where a part is.
        status: the ports.
    """
    return "".join(
        f'\n[[influx.scrape]]\npart = "{part}"\nurl = "http://{host_of(part)}:{getattr(status, port)}/metrics"\n'
        for part, port in SCRAPED.items()
    )
