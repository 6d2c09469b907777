"""Control messages: what the forwarder copies to every partition of the evidence beside it."""

from typing import Literal

from pydantic import Field

from schemas.base import Contract
from schemas.canonical import Digest
from schemas.events.envelope import Identifier, Instant


class Tick(Contract):
    """Copied to every partition each second: engine time advances with it and with nothing else."""

    control: Literal["tick"] = "tick"
    received_through: Instant = Field(description="everything received before it has been sent")
    forwarder: Identifier


class InForce(Contract):
    """Copied to every partition: which registry and rules the forwarder works with."""

    control: Literal["in_force"] = "in_force"
    registry: Digest
    rules: Digest | None = None
    forwarder: Identifier
