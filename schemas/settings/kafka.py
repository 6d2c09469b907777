"""Settings of the connection to Kafka, the same for everything that reads or writes it."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator

from schemas.base import Contract

SaslMechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


class KafkaSettings(Contract):
    """Where the brokers are, how they are spoken to, and how topics are made there. Used by the cluster only."""

    bootstrap: Annotated[str, Field(pattern=r"^[^\s,]+:\d+(,[^\s,]+:\d+)*$")] = Field(
        default="127.0.0.1:9092", description="brokers to begin with, host:port, parted by commas"
    )
    prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{0,100}$")] = Field(
        default="btswatch.", description="before every topic's and consumer group's name"
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="plain, TLS, with a login, or both"
    )
    sasl_mechanism: SaslMechanism = Field(
        default="SCRAM-SHA-512", description="how the login is proved where the protocol has one"
    )
    sasl_username: str = Field(default="", description="login")
    sasl_password: SecretStr = Field(
        default=SecretStr(""), description="its password; better as a secret file (`..._FILE`)"
    )
    tls_ca: Path | None = Field(
        default=None, description="file of the authorities that are trusted; absent: the system's"
    )
    tls_certificate: Path | None = Field(
        default=None, description="our certificate, where brokers want one (PEM)"
    )
    tls_key: Path | None = Field(default=None, description="its private key (PEM)")
    replication: Annotated[int, Field(ge=1, le=32_767)] = Field(
        default=1, description="copies of each topic; 3 where there are three brokers or more"
    )
    min_insync: Annotated[int, Field(ge=1)] = Field(
        default=1, description="copies that have a message before it counts as sent; 2 with three copies"
    )
    timeout_s: Annotated[float, Field(ge=1, le=300)] = Field(
        default=10.0, description="longest wait for a broker's answer before it counts as away"
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.has_login and not (self.sasl_username and self.sasl_password.get_secret_value()):
            raise ValueError(f"{self.security_protocol} needs sasl_username and sasl_password")
        if self.has_tls and (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key belong together")
        if self.min_insync > self.replication:
            raise ValueError("min_insync is above replication: nothing could ever be sent")
        return self

    @property
    def has_login(self) -> bool:
        """Whether the protocol has a login."""
        return self.security_protocol.startswith("SASL_")

    @property
    def has_tls(self) -> bool:
        """Whether the protocol is encrypted."""
        return self.security_protocol.endswith("SSL")

    def beneath(self, base: Path) -> Self:
        """With relative paths taken from `base`."""
        names = ("tls_ca", "tls_certificate", "tls_key")
        found = {name: base / path for name in names if (path := getattr(self, name)) is not None}
        return self.model_copy(update=found)

    def servers(self) -> list[str]:
        """The brokers to begin with."""
        return self.bootstrap.split(",")

    def topic(self, name: str) -> str:
        """The topic `name` of the catalogue as it is called on the brokers."""
        return self.prefix + name

    def group(self, name: str) -> str:
        """The consumer group `name` as it is called on the brokers."""
        return self.prefix + name
