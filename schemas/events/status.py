"""btswatch.status.v1: what an element was seen to be."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.base import Contract
from schemas.events.envelope import CloudEvent, Number, Received, Text
from schemas.status import Cause, Status

MetricName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]


class StatusData(Contract):
    """The state, why, and what was measured with it. Vietnamese: trạng thái trạm, tuyến truyền dẫn."""

    status: Status
    cause: Cause | None = None
    metrics: Annotated[dict[MetricName, Number], Field(max_length=64)] | None = None
    detail: Text | None = None


class StatusEvent(CloudEvent):
    """Evidence about one element at one moment."""

    type: Literal["btswatch.status.v1"]
    data: StatusData


class ArchivedStatus(StatusEvent, Received):
    """A status event as archived."""
