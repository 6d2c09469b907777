"""Settings of the sinks: how much they take at once, and how they bear a target that is away."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.base import Contract

MIB = 1024 * 1024
Seconds = Annotated[float, Field(gt=0, le=86_400)]


class SinkSettings(Contract):
    """The same for every sink; what only one of them needs is in a section of its own."""

    batch_messages: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=2_000, description="messages that are written together at most"
    )
    batch_bytes: Annotated[int, Field(ge=65_536)] = Field(
        default=8 * MIB, description="bytes of messages that are written together, and that wait in memory"
    )
    gather_s: Annotated[float, Field(ge=0, le=10)] = Field(
        default=0.2, description="how long more is gathered once something has come"
    )
    retry_s: Seconds = Field(
        default=0.5, description="first pause after a target was out of reach; it doubles from try to try"
    )
    retry_most_s: Seconds = Field(default=30.0, description="longest pause between two tries")
    refused_retry_s: Seconds = Field(
        default=60.0,
        description="pause after a target refused us (login, missing bucket or table): a person has to act",
    )
    session_s: Annotated[float, Field(ge=6, le=300)] = Field(
        default=10.0,
        description="a sink that is silent for so long loses its partitions to others of its kind",
    )
    most_poll_s: Annotated[float, Field(ge=10, le=3_600)] = Field(
        default=300.0, description="longest time that one write may take"
    )

    @model_validator(mode="after")
    def _pauses_grow(self) -> Self:
        if self.retry_most_s < self.retry_s:
            raise ValueError("retry_most_s is below retry_s")
        return self
