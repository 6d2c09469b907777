"""A finding on a quality indicator that is counted from measurements: never of time, which `verdict.v1` is about."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, Strict

from schemas.base import Contract
from schemas.canonical import Digest
from schemas.events.envelope import Count, Identifier, Number, Text
from schemas.figure_record import LocalInstant, PeriodName
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


class IndicatorVerdict(Contract):
    """A finding on a quality indicator from measurements (chỉ tiêu chất lượng đo kiểm). The product states it; a person decides.

    Radio availability (độ sẵn sàng của mạng vô tuyến) is one of these: a share of drive-test samples. Service availability
    D (độ khả dụng của dịch vụ) is time, and a `verdict`.
    """

    finding: Literal["indicator_verdict"] = "indicator_verdict"
    enterprise: Identifier
    service: Identifier
    indicator: Identifier
    method: Literal["samples", "ratio", "mean", "percentile"]
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
