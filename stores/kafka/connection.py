"""How clients reach the brokers: one place for login, encryption and what every client of ours has in common."""

import ssl
from dataclasses import dataclass
from typing import Any, Final

from schemas.settings.kafka import KafkaSettings
from stores.kafka.last_words import heed_last_words
from stores.kafka.reasons import ClientWithReasons

# The library's own 30 s between two tries would leave a returned broker unused for as long.
_LONGEST_RECONNECT_MS: Final = 2_000
# A stop has to wait for it.
_LONGEST_BOOTSTRAP_MS: Final = 3_000


def connection(settings: KafkaSettings) -> dict[str, Any]:
    """Keyword arguments for kafka-python's clients.

    A constructor asks the brokers at once. Where none can be used it raises `kafka.errors.KafkaTimeoutError` with why, or
    what a broker refused us with (`stores.kafka.reasons.is_denied`).
    """
    heed_last_words()
    timeout_ms = int(settings.timeout_s * 1000)
    found: dict[str, Any] = {
        "kafka_client": ClientWithReasons,
        "bootstrap_servers": settings.servers(),
        "security_protocol": settings.security_protocol,
        "bootstrap_timeout_ms": timeout_ms,
        "request_timeout_ms": timeout_ms,
        "reconnect_backoff_max_ms": _LONGEST_RECONNECT_MS,
    }
    if settings.has_login:
        found |= {
            "sasl_mechanism": settings.sasl_mechanism,
            "sasl_plain_username": settings.sasl_username,
            "sasl_plain_password": settings.sasl_password.get_secret_value(),
        }
    if settings.has_tls:
        found["ssl_context"] = tls_context(settings)
    return found


def reading_connection(settings: KafkaSettings) -> dict[str, Any]:
    """`connection` for consumers and producers that are made again and again while no broker answers.

    Topics are made by `btswatch topics apply` alone.
    """
    bootstrap_ms = min(int(settings.timeout_s * 1000), _LONGEST_BOOTSTRAP_MS)
    return connection(settings) | {"allow_auto_create_topics": False, "bootstrap_timeout_ms": bootstrap_ms}


def tls_context(settings: KafkaSettings) -> ssl.SSLContext:
    """What TLS connections trust and show.

    Raises:
        OSError: a file can't be read, or is no certificate or key (`ssl.SSLError`).
    """
    context = ssl.create_default_context(cafile=settings.tls_ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.tls_certificate is not None:
        context.load_cert_chain(settings.tls_certificate, settings.tls_key)
    return context


@dataclass(frozen=True)
class Login:
    """For clients that take login and encryption apart (Faust over aiokafka); None where there is none.

    `password` is left out of the representation.
    """

    mechanism: str | None
    username: str | None
    password: str | None
    tls: ssl.SSLContext | None

    def __repr__(self) -> str:
        return f"Login({self.mechanism}, {self.username}, tls={self.tls is not None})"


def login(settings: KafkaSettings) -> Login:
    """Login and TLS context of the settings."""
    tls = tls_context(settings) if settings.has_tls else None
    if not settings.has_login:
        return Login(None, None, None, tls)
    return Login(
        settings.sasl_mechanism, settings.sasl_username, settings.sasl_password.get_secret_value(), tls
    )
