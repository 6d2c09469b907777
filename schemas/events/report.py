"""btswatch.report.v1: a report that a duty asks for. Vietnamese: báo cáo chất lượng dịch vụ định kỳ."""

import re
from datetime import date
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from schemas.base import Contract
from schemas.events.envelope import CloudEvent, Identifier, Number, Received

QUALITY_REPORT: Final = "quality_quarterly"
_QUARTER: Final = re.compile(r"(?!0000|9999-Q4)\d{4}-Q[1-4]", re.ASCII)


class ReportData(Contract):
    """The enterprise's own figures by indicator."""

    duty: Identifier
    period: Identifier = Field(description="such as 2026-Q3 or 2026-11")
    values: Annotated[dict[Identifier, Number], Field(max_length=1000)]
    attachment: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")] | None = Field(
        default=None, description="digest of the signed document"
    )

    @model_validator(mode="after")
    def _names_its_quarter(self) -> Self:
        # Under another name it would be received, and owed all the same.
        if self.is_quality_report and not _QUARTER.fullmatch(self.period):
            raise ValueError(f"period: {self.period} is no quarter: write it as 2026-Q3")
        return self

    @property
    def is_quality_report(self) -> bool:
        """Whether it is the quarterly quality report; hyphens in the duty's name are read as underscores."""
        return self.duty.replace("-", "_") == QUALITY_REPORT

    @property
    def quarter_end(self) -> date | None:
        """The first local day after the quarter of a quality report; None of other reports."""
        if not self.is_quality_report:
            return None
        year, quarter = map(int, self.period.split("-Q"))
        return date(year + quarter // 4, quarter % 4 * 3 + 1, 1)


class Report(CloudEvent):
    """A report; `subject` is the enterprise."""

    type: Literal["btswatch.report.v1"]
    data: ReportData


class ArchivedReport(Report, Received):
    """A report as archived."""
