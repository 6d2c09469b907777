"""Settings of the forwarder from the journal to Kafka."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.base import Contract

Seconds = Annotated[float, Field(gt=0, le=86_400)]


class ForwarderSettings(Contract):
    """How much the forwarder sends at once, and how it bears brokers that are away. Used by the cluster only."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,100}$")] = Field(
        default="forwarder", description="its name in messages, before the number of its journal"
    )
    batch_events: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=60_000,
        description="journal entries that are sent together at most; the more, the larger messages are in a backlog",
    )
    gather_s: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.05, description="pause after a ring, so that events that come together are sent together"
    )
    tick_s: Seconds = Field(
        default=1.0, description="how often it tells every partition how far it is: engine time follows it"
    )
    in_force_s: Seconds = Field(
        default=60.0, description="how often it tells again which registry and rules are in force"
    )
    retry_s: Seconds = Field(
        default=0.5, description="first pause after brokers took nothing; it doubles from try to try"
    )
    retry_most_s: Seconds = Field(default=15.0, description="longest pause between two tries")
    stop_s: Seconds = Field(default=8.0, description="deadline for sending the rest at a stop")

    @model_validator(mode="after")
    def _pauses_grow(self) -> Self:
        if self.retry_most_s < self.retry_s:
            raise ValueError("retry_most_s is below retry_s")
        return self

    def id_of(self, journal: int) -> str:
        """The forwarder of the journal of this number, as messages name it."""
        return f"{self.name}-{journal:08x}"
