"""btswatch.heartbeat.v1: the enterprise's feed is alive."""

from typing import Literal

from schemas.base import Contract
from schemas.events.envelope import CloudEvent, Received


class HeartbeatData(Contract):
    """Nothing but the fact."""


class Heartbeat(CloudEvent):
    """A sign of life; `subject` is the enterprise."""

    type: Literal["btswatch.heartbeat.v1"]
    data: HeartbeatData = HeartbeatData()


class ArchivedHeartbeat(Heartbeat, Received):
    """A heartbeat as archived."""
