"""Settings of the HTTP gateway for enterprises."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.base import Contract

MIB = 1024 * 1024
DAY_S = 86_400

Positive = Annotated[int, Field(gt=0)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]


class GatewaySettings(Contract):
    """Where the gateway listens and what it takes from one sender. A limit that is passed is answered, never silent."""

    host: str = Field(
        default="127.0.0.1", description="address to bind; loopback unless a proxy is elsewhere"
    )
    port: int = Field(default=8080, ge=0, le=65_535, description="TCP port; 0 takes any free one")
    trusted_proxies: tuple[str, ...] = Field(
        default=(), description="addresses of reverse proxies whose X-Forwarded-For is believed"
    )

    durability: Literal["disk", "kafka"] = Field(
        default="disk",
        description="when a sender is answered: once its events are on this disk, or once all copies in Kafka have "
        "them as well (cluster only)",
    )
    kafka_wait_s: Annotated[float, Field(gt=0, le=60)] = Field(
        default=5.0,
        description="how long an answer waits for Kafka at most (durability kafka); after it the receipt says disk",
    )

    max_body_bytes: Positive = Field(
        default=4 * MIB, description="largest body of one event or a batch, after decompression"
    )
    max_stream_bytes: Positive = Field(
        default=256 * MIB, description="largest NDJSON stream, after decompression"
    )
    max_event_bytes: Positive = Field(default=256 * 1024, description="largest single event")
    max_batch_events: Positive = Field(default=10_000, description="events in one batch")
    max_stream_events: Positive = Field(default=500_000, description="events in one NDJSON stream")
    max_listed: Positive = Field(
        default=10_000, description="refusals and repetitions listed in one answer; all are counted"
    )

    requests_per_minute: Positive = Field(default=6_000, description="requests of one key")
    events_per_minute: Positive = Field(default=600_000, description="events of one key")
    failed_logins_per_minute: Positive = Field(
        default=30, description="unknown or wrong keys tried from one address before it has to wait"
    )
    max_requests: Positive = Field(default=64, description="requests served at the same time")
    max_requests_per_key: Positive = Field(
        default=16,
        description="requests of one key served at the same time: one sender never takes all places",
    )

    idle_timeout_s: Seconds = Field(default=10.0, description="longest pause inside a body")
    body_timeout_s: Seconds = Field(default=60.0, description="longest time for the body of a batch")
    stream_timeout_s: Seconds = Field(default=900.0, description="longest time for an NDJSON stream")

    max_future_s: int = Field(
        default=60,
        ge=0,
        description="how far an event's time may be ahead of ours; told from availability.max_future_s, not set here",
    )
    max_age_s: Positive = Field(
        default=400 * DAY_S,
        description="how old an event's time may be; what is later than its day's close is a proposal only",
    )
    anchor_s: Seconds = Field(
        default=3_600.0,
        description="how long a receipt waits at most until the audit chain anchors it; each anchor is an entry",
    )
    key_refresh_s: Annotated[float, Field(gt=0, le=10)] = Field(
        default=2.0, description="how soon a revoked key is refused, at the latest"
    )
