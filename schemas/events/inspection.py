"""btswatch.inspection.v1: findings on site, by the Department only. Vietnamese: kiểm tra, kiểm định trạm BTS."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.base import Contract
from schemas.events.envelope import CloudEvent, Identifier, Number, Received, Text


class InspectionData(Contract):
    """What an inspector found at a station."""

    station: Identifier
    kind: Literal["conformity", "emf", "earthing", "certificate", "complaint"]
    result: Literal["pass", "fail", "not_decided"]
    values: Annotated[dict[Identifier, Number], Field(max_length=100)] | None = None
    inspector: Text
    document: Text | None = None


class Inspection(CloudEvent):
    """A finding; `subject` is the station."""

    type: Literal["btswatch.inspection.v1"]
    data: InspectionData


class ArchivedInspection(Inspection, Received):
    """A finding as archived."""
