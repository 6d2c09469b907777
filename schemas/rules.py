"""A rule as dated data: a threshold with its legal basis, its confidence, and what follows when it is not met.

Vietnamese: quy định. A figure that nobody could verify stands here as such; no legal verdict is drawn from it.
"""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from schemas.base import Contract
from schemas.registry import Confidence, within

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
RuleId = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9-]*$", max_length=40)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00\n]*$")]
Share = Annotated[Decimal, Field(ge=0, le=1)]
DEFAULT_MEASURED_FLOOR = Decimal("0.8")
DEFAULT_PLANNED_CAP_S = 8 * 3600
SERVICE_AVAILABILITY = "service_availability"
"""D, the one indicator that is a share of time. Vietnamese: độ khả dụng của dịch vụ."""
_NO_CALENDAR = frozenset({"campaign", "event", "inspection", "always"})


class Kind(StrEnum):
    """Where a rule comes from. Vietnamese: quy định pháp luật, mức công bố, quy tắc vận hành."""

    LEGAL = "legal"
    DECLARED = "declared"
    OPERATIONAL = "operational"


class Comparator(StrEnum):
    """What the threshold asks for. The last three name what a finding is, not what is required."""

    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    EQUALS = "equals"
    ABOVE = "above"
    ALERT_FROM = "alert_from"

    def stricter(self, one: Decimal, other: Decimal) -> bool:
        """Whether `one` asks for more than `other`."""
        return one > other if self is Comparator.AT_LEAST else one < other


class Method(StrEnum):
    """How the indicator is computed; time and drive-test samples never mix."""

    TIME = "time"
    SAMPLES = "samples"
    RATIO = "ratio"
    MEAN = "mean"
    PERCENTILE = "percentile"
    DEADLINE = "deadline"
    AGE = "age"
    LIMIT = "limit"
    COUNT = "count"


class Consequence(Contract):
    """What the law says follows: a suggestion with its range, never a decision. Vietnamese: mức xử phạt gợi ý."""

    article: Line
    from_vnd: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="lower end, for organisations"
    )
    to_vnd: Annotated[int, Field(ge=0)] | None = None
    since: date | None = Field(
        default=None,
        description="first local day of the article: what ended before it falls under an earlier law; absent: always",
    )

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if (self.from_vnd is None) != (self.to_vnd is None) or (self.from_vnd or 0) > (self.to_vnd or 0):
            raise ValueError("give both ends of the range, the lower one first, or none")
        return self

    def __str__(self) -> str:
        amount = "" if self.from_vnd is None else f", {self.from_vnd:,} to {self.to_vnd:,} VND"
        return f"{self.article}{amount}"

    def applies_to(self, end: date) -> bool:
        """Whether it may follow from what lasted until the local day before `end` (Decree 174/2026/NĐ-CP Art. 115)."""
        return self.since is None or end > self.since


class Rule(Contract):
    """One version of one rule. Vietnamese: chỉ tiêu chất lượng, ngưỡng, căn cứ pháp lý."""

    id: RuleId = Field(description="unique, with the version in it, such as V36-22-D")
    rule: RuleId = Field(description="what its versions have in common, such as V36-D; they never overlap")
    version: Annotated[str, StringConstraints(pattern=r"^[^\s]{1,40}$")]
    title: Line
    title_vi: Line
    service: Slug
    indicator: Slug
    method: Method
    comparator: Comparator
    threshold: Decimal | None = Field(default=None, description="absent: not known, and so said")
    unit: Slug
    period: Literal["day", "month", "quarter", "year", "campaign", "event", "inspection", "always"]
    minimum_samples: Annotated[int, Field(ge=0)] = Field(default=0, description="0: not known, not enforced")
    weight: Literal["station", "cells", "subscribers"] | None = Field(default=None, description="of D")
    measured_floor: Share = Field(
        default=DEFAULT_MEASURED_FLOOR,
        description="least share of time with a known measured reading for a pass",
    )
    coverage_floor: Share | None = Field(default=None, description="least share of known time for a pass")
    percentile: Annotated[Decimal, Field(gt=0, lt=100)] | None = Field(
        default=None, description="which one, by nearest rank; of a percentile rule"
    )
    quantity: Literal["signal", "download", "upload"] | None = Field(
        default=None, description="of drive-test samples, whose percentile it is"
    )
    per: Literal["enterprise", "element"] = Field(default="enterprise", description="what a verdict is about")
    planned_cap_s: Annotated[int, Field(ge=0)] = Field(
        default=DEFAULT_PLANNED_CAP_S,
        description="planned time above it counts as down; per element and month",
    )
    in_force_from: date | None = Field(default=None, description="first local day; absent: always was")
    in_force_to: date | None = Field(default=None, description="first local day no longer; absent: in force")
    legal_basis: Line
    consequence: Consequence | None = None
    kind: Kind
    confidence: Confidence | Literal["missing"] = Field(
        description="of the threshold: high where it was read in the text or is known well, medium second hand, low a guess"
    )
    dates_confidence: Confidence = Confidence.HIGH
    note: Line = Field(description="where the figure was seen, and what is not known about it")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.threshold is None) != (self.confidence == "missing"):
            raise ValueError("confidence is `missing` exactly when there is no threshold")
        if self.in_force_from and self.in_force_to and self.in_force_to <= self.in_force_from:
            raise ValueError("in_force_to must be after in_force_from")
        if self.method is Method.TIME and self.weight is None:
            raise ValueError("an indicator over time needs a weight: station, cells or subscribers")
        if self.method is Method.TIME and self.period in _NO_CALENDAR:
            raise ValueError(
                "an indicator over time needs a period of the calendar: day, month, quarter or year"
            )
        if (self.indicator == SERVICE_AVAILABILITY) != (self.method is Method.TIME):
            raise ValueError("service_availability is a share of time, and nothing else is")
        if self.indicator == "radio_availability" and self.method is not Method.SAMPLES:
            raise ValueError("radio_availability is a share of samples")
        if (self.method is Method.PERCENTILE) != (self.percentile is not None):
            raise ValueError("`percentile` says which one, in a percentile rule and in no other")
        return self

    @property
    def may_judge(self) -> bool:
        """Whether a legal verdict may rest on it: a figure and dates that are sure. Otherwise findings are operational."""
        sure = {self.confidence, self.dates_confidence} == {Confidence.HIGH}
        return self.kind is not Kind.OPERATIONAL and sure

    def in_force_on(self, day: date) -> bool:
        """Whether it holds on the local day."""
        return within(self.in_force_from, day, self.in_force_to)

    def overlaps(self, other: "Rule") -> bool:
        """Whether both hold on some day."""
        starts = [one.in_force_from or date.min for one in (self, other)]
        ends = [one.in_force_to or date.max for one in (self, other)]
        return max(starts) < min(ends)


class RuleFile(Contract):
    """One file of processors/rules."""

    about: Line
    rules: Annotated[list[Rule], Field(min_length=1)]
