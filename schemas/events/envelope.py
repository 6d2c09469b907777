"""The CloudEvents 1.0 envelope, and what the receiver adds to it."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from schemas.base import Contract
from schemas.status import Track

Identifier = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\s\x00-\x1f]+$")]
Text = Annotated[str, Field(max_length=1000)]


class CloudEvent(Contract):
    """What every event carries. Identity is (reporter, source, id)."""

    specversion: Literal["1.0"]
    id: Identifier
    source: Identifier
    subject: Identifier = Field(description="element id, or the enterprise's id")
    time: AwareDatetime = Field(description="when it was observed, RFC 3339 with offset")
    datacontenttype: Literal["application/json"] | None = None


class Received(Contract):
    """What the receiver adds before an event goes to the journal; a sender can't set it."""

    receivedtime: AwareDatetime = Field(description="the receiver's clock when it had the event")
    track: Track = Field(description="from the sender's identity, never from the content")
    reporter: Identifier = Field(description="enterprise id, or the id of the poller or probe")
    origin: Literal["simulated", "imported"] | None = Field(
        default=None,
        description="absent on what was observed live; a production data directory refuses the others",
    )
