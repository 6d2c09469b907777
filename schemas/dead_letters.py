"""What became of a dead letter, as it stands beside the letters in their topic."""

from typing import Annotated, Final, Literal

from pydantic import Field, Strict

from schemas.base import Contract
from schemas.events.envelope import Instant, Text

REPLAY_TO: Final = "replay-to"
"""Header of a result that is put back into its topic: the one sink that takes it; the others had it the first time."""


class Settled(Contract):
    """A person has dealt with a dead letter. Vietnamese: bản tin bị từ chối đã xử lý."""

    control: Literal["settled"] = "settled"
    letter: Annotated[int, Strict(), Field(ge=0, description="the letter's offset in the topic")]
    action: Literal["replayed", "dropped"]
    at: Instant
    by: Annotated[str, Field(min_length=1, max_length=200)]
    note: Text = Field(description="the reason, or what came of it")
