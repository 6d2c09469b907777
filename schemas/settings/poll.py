"""Settings of the SNMP pollers."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.base import Contract

Seconds = Annotated[float, Field(gt=0, le=86_400)]
EngineChoice = Literal["gufo", "pysnmp"]


class GroupSettings(Contract):
    """Devices that are polled in another way. The first group whose conditions all hold applies."""

    match: str = Field(
        default="*", description="shell pattern of the agent's address, such as 10.1.*:161 (* matches all)"
    )
    enterprise: str | None = Field(default=None, description="only devices of this enterprise")
    profile: str | None = Field(default=None, description="only devices with an element of this profile")
    engine: EngineChoice | None = Field(
        default=None, description="SNMP engine; pysnmp is slower and more exact"
    )
    interval_s: Seconds | None = Field(default=None, description="time between polls")
    timeout_s: Seconds | None = Field(default=None, description="wait for the answer to one try")
    retries: Annotated[int, Field(ge=0, le=10)] | None = Field(
        default=None, description="further tries of a request"
    )
    deadline_s: Seconds | None = Field(default=None, description="longest time of one whole poll")


class CanarySettings(Contract):
    """An agent that should always answer: its silence tells about the poller's own path."""

    agent: str = Field(description="host or host:port")
    credential: str = Field(description="name in credentials.toml")
    enterprise: str | None = Field(
        default=None, description="whose network it stands in; none: it only tells of the poller's own uplink"
    )


class VantageSettings(Contract):
    """When silence is the poller's own blindness."""

    settle_s: Seconds = Field(default=10.0, description="how long a silence waits for other agents' polls")
    lookback_s: Seconds = Field(
        default=90.0, description="how far back polls of others count where too few came after the silence"
    )
    min_peers: Annotated[int, Field(ge=1)] = Field(
        default=4, description="agents on the same path needed for a judgement"
    )
    silent_share: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.8, description="share of silent agents from which on the path counts as blind"
    )
    canary_interval_s: Seconds = Field(default=10.0, description="time between two questions to a canary")
    canaries: tuple[CanarySettings, ...] = Field(default=(), description="agents that should always answer")


class PollSettings(Contract):
    """How devices are polled. Times of one device: see also the registry's `measured_valid_for_s`."""

    vantage: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")] = Field(
        default="poller", description="this poller's name: reporter and first part of `source` of its events"
    )
    engine: EngineChoice = Field(default="gufo", description="SNMP engine; pysnmp where gufo has no wheel")
    interval_s: Seconds = Field(
        default=60.0, description="time between polls; never more than half of what evidence is valid for"
    )
    timeout_s: Seconds = Field(default=1.0, description="wait for the answer to one try")
    retries: Annotated[int, Field(ge=0, le=10)] = Field(
        default=2, description="further tries of a request; at 2 % loss two leave 8 polls in a million lost"
    )
    deadline_s: Seconds = Field(default=10.0, description="longest time of one whole poll of a device")
    confirm_s: Seconds = Field(
        default=15.0, description="time from a first silence to the next try; longer than a slot of the grid"
    )
    optional_tables_s: Seconds = Field(
        default=900.0, description="time between readings of tables that the status doesn't need"
    )
    max_in_flight: Annotated[int, Field(ge=4, le=60_000)] = Field(
        default=1000, description="devices polled at the same time; each holds a socket (see ulimit -n)"
    )
    max_rows: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=2000, description="rows read of one table"
    )
    max_loop_lag_s: Seconds = Field(
        default=0.5, description="a poll during which the program stood still longer than this was not done"
    )
    request_gap_s: Seconds = Field(
        default=5.0, description="shortest time between two polls of a device that traps ask for"
    )
    requests_per_s: Seconds = Field(default=100.0, description="polls that traps may ask for, all devices")
    max_pending_events: Annotated[int, Field(ge=1)] = Field(
        default=50_000, description="events kept while the journal is full; beyond it the oldest are dropped"
    )
    groups: tuple[GroupSettings, ...] = Field(default=(), description="devices polled in another way")
    health: VantageSettings = Field(default=VantageSettings(), description="could the poller see at all?")

    @model_validator(mode="after")
    def _deadlines_fit(self) -> Self:
        for name, deadline, interval in (
            ("deadline_s", self.deadline_s, self.interval_s),
            *(
                (f"groups.{n}.deadline_s", g.deadline_s or self.deadline_s, g.interval_s or self.interval_s)
                for n, g in enumerate(self.groups, start=1)
            ),
        ):
            if deadline > interval:
                raise ValueError(f"{name} {deadline:g} is longer than the interval of {interval:g} s")
        return self
