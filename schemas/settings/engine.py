"""Settings of the embedded engine, its archive and the closing of days."""

from typing import Annotated

from pydantic import Field

from schemas.base import Contract

Seconds = Annotated[float, Field(gt=0, le=86_400)]


class EngineSettings(Contract):
    """How often the engine writes, and how much it takes at once. None of it changes a figure."""

    batch_events: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=2_000, description="journal entries read at once"
    )
    gather_s: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.05, description="pause after a ring, so that events that come together are read together"
    )
    tick_s: Seconds = Field(
        default=1.0, description="how long to wait for a ring before time alone is looked at"
    )
    checkpoint_s: Seconds = Field(
        default=10.0,
        description="how often evidence, figures and the position are written; transitions are written at once",
    )
    refresh_s: Seconds = Field(
        default=300.0, description="how often the figures of an element that is steadily up are made anew"
    )
    unsteady_s: Seconds = Field(
        default=60.0,
        description="how often those of the others, whose reading time alone may change (announced work, silent feeds)",
    )
    flush_s: Seconds = Field(
        default=300.0, description="longest time an accepted event waits for the archive"
    )
    flush_bytes: Annotated[int, Field(ge=65_536)] = Field(
        default=16 << 20, description="most that waits for the archive"
    )
    stop_s: Seconds = Field(default=8.0, description="deadline for draining at a stop")


class ClosingSettings(Contract):
    """When a day's official figures are made; the lateness itself belongs to the figures' conventions."""

    delay_s: Annotated[float, Field(ge=0, le=86_400)] = Field(
        default=300.0, description="pause after close(D), so that what was being received is in the archive"
    )
    batch_elements: Annotated[int, Field(ge=1)] = Field(
        default=200,
        description="elements written in one transaction: the live engine waits no longer than that",
    )
