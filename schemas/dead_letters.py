"""Dead letters, and what became of them, as both stand in their topic."""

from typing import Annotated, Final, Literal

from pydantic import Base64Bytes, Field, Strict

from schemas.base import Contract
from schemas.events.envelope import Identifier, Instant, Text
from schemas.refusal import Refusal

REPLAY_TO: Final = "replay-to"
"""Header of a result that is put back into its topic: the one sink that takes it; the others had it the first time."""


class DeadLetter(Contract):
    """What could not be taken or handled, kept with its reason. Vietnamese: bản tin bị từ chối."""

    at: Instant
    entrance: Identifier
    reporter: str = Field(max_length=200, description="empty where the sender is not known")
    code: Refusal | Identifier = Field(description="a refusal's code, or a processor's own")
    detail: Text
    topic: Identifier | None = None
    partition: Annotated[int, Strict(), Field(ge=0)] | None = None
    offset: Annotated[int, Strict(), Field(ge=0)] | None = None
    body: Base64Bytes = Field(description="what came, as it came")


class Settled(Contract):
    """A person has dealt with a dead letter. Vietnamese: bản tin bị từ chối đã xử lý."""

    control: Literal["settled"] = "settled"
    letter: Annotated[int, Strict(), Field(ge=0, description="the letter's offset in the topic")]
    action: Literal["replayed", "dropped"]
    at: Instant
    by: Annotated[str, Field(min_length=1, max_length=200)]
    note: Text = Field(description="the reason, or what came of it")
