"""A finding on a quality indicator from measurements: counts, or the seconds of what no element here shows, never both."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, Strict, model_validator

from schemas.base import Contract
from schemas.canonical import Digest
from schemas.events.envelope import Count, Identifier, Number, Text
from schemas.figure_record import LocalInstant, PeriodName
from schemas.rules import SERVICE_AVAILABILITY
from schemas.verdict import SealedRules


class JudgedLevel(Contract):
    """The local days `[first, end)` that one version of a rule judges, and the threshold that counted on them."""

    rule: Identifier
    version: Identifier
    first: date
    end: date
    threshold: Number = Field(description="in the rule's unit")
    because: Text = Field(
        description="why it is this threshold: the regulation's, or the enterprise's declared level"
    )


class ReportedTime(Contract):
    """The seconds of a share of time. What of the period was not observed, or not sent, is unknown: down for `least`, up for `most`."""

    in_service_s: Count
    observed_s: Count
    period_s: Count = Field(description="of the days that a rule holds on")
    measured_s: Count = Field(
        description="observed by the Department; 0: it rests on the enterprise's word alone, and is never a pass"
    )
    least: Number | None = Field(description="A_min, a ratio")
    most: Number | None = Field(description="A_max, a ratio; below the threshold is a fail")


class IndicatorVerdict(Contract):
    """A finding on a quality indicator from measurements (chỉ tiêu chất lượng đo kiểm). The product states it; a person decides.

    Radio availability (độ sẵn sàng của mạng vô tuyến) is one of these: a share of drive-test samples. Service availability
    D (độ khả dụng của dịch vụ) is time, and a `verdict` where elements show it. Where none does, as of fixed broadband, it is
    one of these with the method `time`: then it has seconds in `time` and no counts, and no other indicator has seconds.
    """

    finding: Literal["indicator_verdict"] = "indicator_verdict"
    enterprise: Identifier
    service: Identifier
    indicator: Identifier
    method: Literal["samples", "ratio", "mean", "percentile", "time"]
    period: PeriodName
    from_: LocalInstant = Field(alias="from")
    to: LocalInstant
    campaign: Identifier | None = Field(
        default=None, description="the Department's, where it is about one: source of its measurements"
    )
    result: Literal["pass", "fail", "not_decidable", "not_applicable"]
    reason: Text | None = None
    rule: Identifier | None = Field(default=None, description="absent when not_applicable")
    rule_version: Identifier | None = None
    legal_basis: Text | None = None
    comparator: Literal["at_least", "at_most"] | None = None
    threshold: Number | None = Field(default=None, description="in `unit`; absent where days differ")
    unit: Identifier | None = None
    value: Number | None = Field(description="in `unit`; for reading only: what is compared is exact")
    numerator: Count | None = Field(default=None, description="summed; of a ratio or a share of samples")
    denominator: Count | None = None
    samples: Count | None = Field(default=None, description="summed; of a mean or a percentile")
    minimum_samples: Count = 0
    time: ReportedTime | None = Field(default=None, description="of a share of time that was judged, alone")
    track: Literal["measured", "declared"] = Field(
        description="measured by the Department, or the enterprise's own figures"
    )
    own_value: Number | None = Field(
        default=None, description="what the enterprise itself reported, where the Department measured"
    )
    measurements: Annotated[int, Strict(), Field(ge=0)] = Field(description="how many events were summed")
    registry: Digest
    rules: Digest
    inputs: Digest = Field(description="of the events that were summed")
    force: Literal["legal", "declared", "operational"] = Field(
        description="operational: no legal verdict, by its kind or since the figure is not sure enough"
    )
    judged: list[JudgedLevel] = Field(
        default=[], description="which version held for which days of the measurements"
    )
    suggestion: Text | None = Field(
        default=None,
        description="article and range that a failed legal threshold points to; deciding is a person's",
    )
    head: Digest | None = Field(default=None, description="the audit chain's head that it was told under")
    sealed_rules: SealedRules = None

    @model_validator(mode="after")
    def _time_is_no_count(self) -> Self:
        over_time = self.method == "time"
        if over_time != (self.indicator == SERVICE_AVAILABILITY):
            raise ValueError("service_availability is a share of time, and nothing else is")
        counts = (self.numerator, self.denominator, self.samples)
        if over_time and any(one is not None for one in counts):
            raise ValueError("a share of time has seconds, no counts")
        if not over_time and self.time is not None:
            raise ValueError("only a share of time has seconds")
        if over_time and self.result in ("pass", "fail") and self.time is None:
            raise ValueError("a share of time that is decided tells its seconds")
        if over_time and self.result == "pass" and self.track == "declared":
            raise ValueError("the enterprise's word alone passes nothing")
        return self
