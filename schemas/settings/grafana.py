"""Settings of pushing dashboards to a Grafana server."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr

from schemas.base import Contract
from schemas.settings.header_secret import HeaderSecret

HttpUrl = Annotated[str, Field(pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?$")]


class GrafanaSettings(Contract):
    """Where `btswatch dashboards push|check` finds Grafana, and what Grafana is told of InfluxDB and the console.

    Only these commands and `dashboards provision` read it; the committed files as they are need none of it.
    """

    url: HttpUrl = Field(
        default="http://127.0.0.1:3000", description="where Grafana answers, with the path it is served under"
    )
    token: HeaderSecret = Field(
        default=SecretStr(""),
        description="of a service account that may write folders and dashboards (and data sources, for push --datasource)",
    )
    tls_ca: Path | None = Field(
        default=None, description="certificates that Grafana's is checked against; none: the system's"
    )
    timeout_s: Annotated[float, Field(gt=0, le=600)] = Field(
        default=10.0, description="longest wait for one answer"
    )
    console_url: HttpUrl = Field(
        default="http://127.0.0.1:8088",
        description="the console as readers' browsers reach it; stations link to it",
    )
    influx_url: HttpUrl = Field(
        default="http://127.0.0.1:8086", description="InfluxDB as Grafana reaches it; for push --datasource"
    )
    influx_organization: str = Field(default="btswatch", description="InfluxDB's organisation")
    influx_token: HeaderSecret = Field(
        default=SecretStr(""),
        description="of InfluxDB, which Grafana keeps; one that can only read, never the one that the sink writes with",
    )

    def beneath(self, base: Path) -> "GrafanaSettings":
        """The same, with a relative path taken from the settings file's directory."""
        return self if self.tls_ca is None else self.model_copy(update={"tls_ca": base / self.tls_ca})
