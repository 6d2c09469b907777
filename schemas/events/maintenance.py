"""btswatch.maintenance.v1: announced work. Vietnamese: thông báo bảo trì, nâng cấp có kế hoạch."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.base import Contract
from schemas.events.envelope import CloudEvent, Identifier, Instant, Received, Text


class MaintenanceData(Contract):
    """The half-open window `[from, to)`; a changed plan is a new notice."""

    action: Literal["announce", "withdraw"]
    notice: Identifier
    elements: Annotated[list[Identifier], Field(max_length=10_000)]
    from_: Instant = Field(alias="from")
    to: Instant
    reason: Text | None = None

    @model_validator(mode="after")
    def _window_is_not_empty(self) -> Self:
        if self.to <= self.from_:
            raise ValueError("the window is empty: `to` must be after `from`")
        return self


class Maintenance(CloudEvent):
    """An announcement or its withdrawal; `subject` is the enterprise."""

    type: Literal["btswatch.maintenance.v1"]
    data: MaintenanceData


class ArchivedMaintenance(Maintenance, Received):
    """A notice as archived."""
