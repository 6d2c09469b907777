"""btswatch.report.v1: a report that a duty asks for. Vietnamese: báo cáo chất lượng dịch vụ định kỳ."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.base import Contract
from schemas.events.envelope import CloudEvent, Identifier, Number, Received


class ReportData(Contract):
    """The enterprise's own figures by indicator."""

    duty: Identifier
    period: Identifier = Field(description="such as 2026-Q3 or 2026-11")
    values: Annotated[dict[Identifier, Number], Field(max_length=1000)]
    attachment: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")] | None = Field(
        default=None, description="digest of the signed document"
    )


class Report(CloudEvent):
    """A report; `subject` is the enterprise."""

    type: Literal["btswatch.report.v1"]
    data: ReportData


class ArchivedReport(Report, Received):
    """A report as archived."""
