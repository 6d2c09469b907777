"""Events: CloudEvents 1.0 as senders submit them and as the receiver archives them.

`Submitted` is what an enterprise or poller sends. `Archived` adds what the receiver knows: when it came, whose it is,
which track it belongs to. Everything downstream of the journal reads `Archived`.
"""

from typing import Annotated, Final

from pydantic import Field, TypeAdapter

from schemas.events.envelope import CloudEvent, Received
from schemas.events.heartbeat import ArchivedHeartbeat, Heartbeat
from schemas.events.inspection import ArchivedInspection, Inspection
from schemas.events.maintenance import ArchivedMaintenance, Maintenance
from schemas.events.measurement import ArchivedMeasurement, Measurement
from schemas.events.report import ArchivedReport, Report
from schemas.events.status import ArchivedStatus, StatusEvent

Submitted = Annotated[
    StatusEvent | Measurement | Maintenance | Heartbeat | Report | Inspection, Field(discriminator="type")
]
Archived = Annotated[
    ArchivedStatus
    | ArchivedMeasurement
    | ArchivedMaintenance
    | ArchivedHeartbeat
    | ArchivedReport
    | ArchivedInspection,
    Field(discriminator="type"),
]
SUBMITTED: Final[TypeAdapter[Submitted]] = TypeAdapter(Submitted)
ARCHIVED: Final[TypeAdapter[Archived]] = TypeAdapter(Archived)
ARCHIVED_BATCH: Final[TypeAdapter[list[Archived]]] = TypeAdapter(list[Archived])

__all__ = [
    "ARCHIVED",
    "ARCHIVED_BATCH",
    "SUBMITTED",
    "Archived",
    "ArchivedHeartbeat",
    "ArchivedInspection",
    "ArchivedMaintenance",
    "ArchivedMeasurement",
    "ArchivedReport",
    "ArchivedStatus",
    "CloudEvent",
    "Heartbeat",
    "Inspection",
    "Maintenance",
    "Measurement",
    "Received",
    "Report",
    "StatusEvent",
    "Submitted",
]
