"""Verdicts on availability as others read them: what was found, by which rule, on what figures."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, Strict

from schemas.base import Contract
from schemas.canonical import Digest
from schemas.events.envelope import Identifier, Moment, Text
from schemas.figure_record import LocalInstant, PeriodName, Ratio, Ratios, Seconds, SecondsByState
from schemas.registry import Kind


class JudgedDays(Contract):
    """The local days `[first, end)` that one version of a rule judges, and the threshold that counted on them."""

    rule: Identifier
    version: Identifier
    first: date
    end: date
    threshold: Ratio
    because: Text = Field(
        description="why it is this threshold: the regulation's, or the enterprise's declared level"
    )


SealedRules = Annotated[
    Digest | None,
    Field(
        description="only where the period was sealed or signed under these rules and the ledger keeps them no more: "
        "the verdict is by `rules`, which are others, and is not the sealed one"
    ),
]


class Verdict(Contract):
    """A finding against a threshold (spec: availability, section 6). The product states it; a person decides.

    Vietnamese: kết quả đánh giá, không phải kết luận vi phạm.
    """

    finding: Literal["verdict"] = "verdict"
    enterprise: Identifier
    subject: Identifier = Field(description="element, or the enterprise itself")
    period: PeriodName
    from_: LocalInstant = Field(alias="from")
    to: LocalInstant
    result: Literal["pass", "fail", "not_decidable", "not_applicable"]
    reason: Text | None = None
    rule: Identifier | None = Field(default=None, description="absent when not_applicable")
    rule_version: Identifier | None = None
    legal_basis: Text | None = None
    threshold: Ratio | None = None
    seconds: SecondsByState
    coverage: Ratio | None
    on_enterprise_word: Ratio | None = Field(
        description="share of the known time known only from its reports"
    )
    kind: Kind | None = Field(default=None, description="which elements were judged together")
    as_of: Moment | None = Field(default=None, description="of a running verdict: the `now` it holds for")
    budget_s: Seconds | None = Field(
        default=None,
        description="down time that the threshold leaves for the time counted so far; `seconds.down` is spent of it",
    )
    registry: Digest
    rules: Digest
    inputs: Digest | None = None
    force: Literal["legal", "declared", "operational"] | None = Field(
        default=None,
        description="operational: no legal verdict, by its kind or since the figure is not sure enough",
    )
    label: Text | None = Field(default=None, description="such as: provincial estimate")
    ratios: Ratios | None = Field(
        default=None, description="A without planned work, A_gross with it as not available"
    )
    elements: Annotated[int, Strict(), Field(ge=0)] | None = Field(
        default=None, description="how many were judged"
    )
    adjusted_days: Annotated[int, Strict(), Field(ge=0)] | None = Field(
        default=None, description="element-days of which an upheld objection moved seconds"
    )
    judged: list[JudgedDays] = Field(
        default=[], description="which version held for which days of the period"
    )
    suggestion: Text | None = Field(
        default=None,
        description="article and range that a failed legal threshold points to; deciding is a person's",
    )
    head: Digest | None = Field(
        default=None, description="the audit chain's head that it was told under; absent on running verdicts"
    )
    sealed_rules: SealedRules = None
