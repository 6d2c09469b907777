"""Where the servers are kept: one directory for this user, outside every checkout, so that a fresh clone finds them."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

VARIABLE: Final = "BTSWATCH_SERVERS"
KAFKA: Final = "4.1.0"
INFLUXDB: Final = "2.7.12"


def servers_directory(environment: Mapping[str, str] = os.environ) -> Path:
    """$BTSWATCH_SERVERS, else btswatch/servers in the user's cache directory."""
    if environment.get(VARIABLE):
        return Path(environment[VARIABLE]).absolute()
    cache = environment.get("XDG_CACHE_HOME") or str(
        Path(environment.get("HOME") or "~").expanduser() / ".cache"
    )
    return Path(cache) / "btswatch" / "servers"


def kafka_libraries(servers: Path) -> Path:
    """Directory of Kafka's jars."""
    return servers / f"kafka-{KAFKA}" / "libs"


def influxd(servers: Path) -> Path:
    """InfluxDB's program."""
    return servers / f"influxdb-{INFLUXDB}" / "influxd"


def postgresql_programs(root: Path = Path("/usr/lib/postgresql")) -> Path | None:
    """Directory with `initdb` and `postgres` of the newest PostgreSQL on this machine."""
    found = [entry / "bin" for entry in root.glob("[0-9]*") if (entry / "bin" / "initdb").exists()]
    if found:
        return max(found, key=lambda path: int(path.parent.name.partition(".")[0]))
    for entry in os.environ.get("PATH", "").split(os.pathsep):
        if entry and (Path(entry) / "initdb").exists() and (Path(entry) / "postgres").exists():
            return Path(entry)
    return None
