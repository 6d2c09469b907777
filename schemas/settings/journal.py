"""Settings of the journal and the archive: how much they keep, and when they write."""

from typing import Self

from pydantic import Field, model_validator

from schemas.base import Contract

MIB = 1024 * 1024
DAY_S = 86_400


class JournalSettings(Contract):
    """What the journal keeps on disk before it refuses or forgets. A refusal is answered, never silent."""

    max_bytes: int = Field(
        default=8192 * MIB, ge=MIB, description="bound of the whole journal; at it, everything new is refused"
    )
    retention_s: int = Field(
        default=2 * DAY_S,
        ge=0,
        description="how long entries stay after all consumers have read them (the archive keeps them for good)",
    )
    identity_s: int = Field(
        default=10 * DAY_S,
        ge=DAY_S,
        description="how long at least an event's id is remembered: lateness and seven days",
    )
    max_pending_bytes: int = Field(
        default=32 * MIB, ge=MIB, description="what may wait in memory for the disk before senders wait too"
    )
    receipts: int = Field(default=200_000, ge=1, description="receipts kept; the oldest go first")
    receipts_bytes: int = Field(default=64 * MIB, ge=MIB, description="of all receipts together")
    refused: int = Field(
        default=20_000, ge=1, description="refused events kept for replay; the oldest go first"
    )
    refused_bytes: int = Field(default=64 * MIB, ge=MIB, description="of all refused events together")
    refused_body_bytes: int = Field(
        default=MIB, ge=1024, description="of one refused event; a longer one is cut and can't be replayed"
    )

    @model_validator(mode="after")
    def _a_refused_body_fits_its_list(self) -> Self:
        if self.refused_body_bytes > self.refused_bytes:
            raise ValueError("refused_body_bytes is above refused_bytes: one event would empty the list")
        return self
