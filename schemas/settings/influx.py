"""Settings of InfluxDB: where it is, how it is written, how long it keeps what."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SecretStr, model_validator

from schemas.base import Contract
from schemas.influx import BUCKETS, Bucket, Role
from schemas.influx.model import DAY_S
from schemas.settings.header_secret import HeaderSecret

KIB = 1024
Days = Annotated[int, Field(ge=1, le=36_600)]


class ScrapeTarget(Contract):
    """A part of the product whose metrics go to InfluxDB."""

    part: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")] = Field(
        description="how it is called there"
    )
    url: Annotated[str, Field(pattern=r"^https?://[^\s/]+/\S*$")] = Field(description="of its metrics page")


class InfluxSettings(Contract):
    """The server that Grafana reads. Used by `btswatch sink influx` and `btswatch influx`."""

    url: Annotated[str, Field(pattern=r"^https?://[^\s/@]+(/\S*)?$")] = Field(
        default="http://127.0.0.1:8086", description="of its API"
    )
    org: Annotated[str, Field(min_length=1)] = Field(default="btswatch", description="organisation")
    token: HeaderSecret = Field(
        default=SecretStr(""),
        description="token that may read and write buckets and tasks; better as a secret file (`..._FILE`)",
    )
    prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,60}$")] = Field(
        default="btswatch",
        description="name of the main bucket; the others' and the tasks' names begin with it",
    )
    tls_ca: Path | None = Field(
        default=None, description="file of the authorities that are trusted; absent: the system's"
    )
    main_days: Days = Field(default=400, description="how long states, hours, feeds are kept")
    raw_days: Days = Field(default=31, description="how long numbers of each minute are kept")
    long_days: Days = Field(default=1_830, description="how long days are kept")
    batch_lines: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=5_000, description="lines of one request"
    )
    batch_bytes: Annotated[int, Field(ge=KIB, le=16 * KIB * KIB)] = Field(
        default=1_024 * KIB, description="bytes of one request, before compression"
    )
    gzip: bool = Field(default=True, description="compress requests; on one machine it gains nothing")
    timeout_s: Annotated[float, Field(ge=1, le=300)] = Field(
        default=30.0, description="longest wait for the server's answer before it counts as away"
    )
    max_series: Annotated[int, Field(ge=100)] = Field(
        default=50_000, description="series that one measurement may have; what would be above is refused"
    )
    max_values: Annotated[int, Field(ge=1)] = Field(
        default=64,
        description="values of one tag that the registry does not list (reporters, entrances, codes)",
    )
    scrape: tuple[ScrapeTarget, ...] = Field(default=(), description="parts whose metrics are taken")
    scrape_s: Annotated[int, Field(ge=1, le=3_600)] = Field(
        default=15, description="how often their metrics are taken"
    )

    @model_validator(mode="after")
    def _parts_differ(self) -> Self:
        parts = [one.part for one in self.scrape]
        if len(parts) != len(set(parts)):
            raise ValueError("influx.scrape: a part is named twice")
        return self

    def beneath(self, base: Path) -> Self:
        """With relative paths taken from `base`."""
        return self if self.tls_ca is None else self.model_copy(update={"tls_ca": base / self.tls_ca})

    def retention_s(self, bucket: Bucket) -> int:
        """How long the bucket keeps its points."""
        days = {Role.MAIN: self.main_days, Role.RAW: self.raw_days, Role.LONG: self.long_days}
        return days[bucket.role] * DAY_S

    def bucket(self, role: Role) -> str:
        """The bucket's name on the server."""
        return next(one for one in BUCKETS if one.role is role).name(self.prefix)
