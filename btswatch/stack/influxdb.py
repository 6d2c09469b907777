"""InfluxDB 2 on loopback, set up with a token of our choice."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import httpx

from btswatch.demo.ports import kept_tcp
from btswatch.stack.places import influxd
from btswatch.stack.server import Server, StackError

_CHECK_RETENTION: Final = "30m0s"


class InfluxServer(Server):
    """One influxd in a directory.

    Args:
        servers: where `btswatch stack install` put it.
        directory: its data.
        port: 0 takes a free one; it is kept over restarts.
        check_retention: how often it looks for shards that are past their retention, as a Go duration.
        more: further options of influxd.
    """

    def __init__(
        self,
        servers: Path,
        directory: Path,
        *,
        port: int = 0,
        check_retention: str = _CHECK_RETENTION,
        more: Sequence[str] = (),
    ) -> None:
        super().__init__("influxd", directory)
        self._program = influxd(servers)
        self._port = port or kept_tcp()
        self._more = ("--storage-retention-check-interval", check_retention, *more)

    @property
    def url(self) -> str:
        """Of its API."""
        return f"http://127.0.0.1:{self._port}"

    def prepare(self) -> None:
        """Nothing but the program has to be there."""
        if not os.access(self._program, os.X_OK):
            raise StackError("influxdb is not installed: `btswatch stack install` gets it")

    def command(self) -> Sequence[str]:
        """Without telemetry, on loopback alone: both are not what it does by default."""
        return (
            *(str(self._program), "--reporting-disabled"),
            *("--http-bind-address", f"127.0.0.1:{self._port}"),
            *("--bolt-path", str(self.directory / "influxd.bolt")),
            *("--sqlite-path", str(self.directory / "influxd.sqlite")),
            *("--engine-path", str(self.directory / "engine")),
            *self._more,
        )

    def variables(self) -> Mapping[str, str]:
        """It would write its client configurations to the home directory."""
        return {"INFLUX_CONFIGS_PATH": str(self.directory / "configs")}

    def answers(self) -> bool:
        """Its health."""
        try:
            answer = httpx.get(f"{self.url}/health", timeout=2, trust_env=False)
            return bool(answer.is_success and answer.json().get("status") == "pass")
        except (httpx.HTTPError, ValueError):
            return False

    def set_up(self, *, org: str, bucket: str, username: str, password: str, token: str) -> bool:
        """The first set-up; False where it was done already.

        Raises:
            StackError: it was refused.
        """
        with httpx.Client(base_url=self.url, timeout=30, trust_env=False) as client:
            if not client.get("/api/v2/setup").json().get("allowed"):
                return False
            wanted = {
                "username": username,
                "password": password,
                "org": org,
                "bucket": bucket,
                "token": token,
                "retentionPeriodSeconds": 0,
            }
            answer = client.post("/api/v2/setup", json=wanted)
        if answer.status_code != httpx.codes.CREATED:
            raise StackError(f"influxdb refuses its set-up: {answer.status_code} {answer.text.strip()}")
        return True
