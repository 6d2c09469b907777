"""Results as others read them: figures, transitions, live states, verdicts, dead letters, control messages.

`Figure` is exactly one object of `btswatch replay --format json`. Seconds are integers; ratios are rounded to nine
decimals for reading only: whoever compares with a threshold takes the seconds.
"""

import json
from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import Base64Bytes, Field, PlainSerializer, Strict, model_validator

from schemas.base import Contract
from schemas.events.envelope import Identifier, Instant, Text
from schemas.refusal import Refusal
from schemas.registry import Kind
from schemas.status import Cause

LocalInstant = Annotated[Instant, PlainSerializer(lambda t: t.isoformat(timespec="seconds"), return_type=str)]
Seconds = Annotated[int, Strict(), Field(ge=0)]
Ratio = Annotated[float, Strict(), Field(ge=0, le=1)]
MeanSeconds = Annotated[float, Strict(), Field(ge=0)]
Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
Known = Literal["up", "degraded", "down", "unknown"]
State = Literal["up", "degraded", "down", "planned", "unknown"]
Scope = Literal["element", "enterprise", "unit", "province", "technology"]
PeriodName = Literal["hour", "day", "month", "quarter", "year"]


class SecondsByState(Contract):
    """The counted time; the five parts add up to `total`, exactly."""

    up: Seconds
    degraded: Seconds
    down: Seconds
    planned: Seconds
    unknown: Seconds
    total: Seconds

    @model_validator(mode="after")
    def _parts_make_the_whole(self) -> Self:
        if self.up + self.degraded + self.down + self.planned + self.unknown != self.total:
            raise ValueError("the parts do not add up to total")
        return self


class Ratios(Contract):
    """Null where the denominator is 0 (spec: availability, section 5). Vietnamese: độ khả dụng của dịch vụ."""

    A: Ratio | None = Field(description="ok / (ok + down)")
    A_up: Ratio | None = Field(description="up / (ok + down)")
    A_gross: Ratio | None = Field(description="ok / (ok + down + planned)")
    A_min: Ratio | None = Field(description="ok / (total - planned): all unknown time was down")
    A_max: Ratio | None = Field(description="(ok + unknown) / (total - planned): all unknown time was up")
    coverage: Ratio | None = Field(description="(total - unknown) / total")

    @model_validator(mode="after")
    def _bounds_hold(self) -> Self:
        bounds = [a for a in (self.A_min, self.A, self.A_max) if a is not None]
        if bounds != sorted(bounds):
            raise ValueError("A_min <= A <= A_max does not hold")
        return self


class Outages(Contract):
    """Maximal runs of adjacent down slots, cut at the period's edges. Vietnamese: số lần gián đoạn."""

    count: Annotated[int, Strict(), Field(ge=0)]
    longest_s: Seconds | None
    mttr_s: MeanSeconds | None = Field(description="down / count")
    mtbf_s: MeanSeconds | None = Field(description="ok / count")

    @model_validator(mode="after")
    def _null_exactly_without_outages(self) -> Self:
        if any((part is None) != (self.count == 0) for part in (self.longest_s, self.mttr_s, self.mtbf_s)):
            raise ValueError("longest_s, mttr_s and mtbf_s are null exactly when count is 0")
        return self


class SecondsByReading(Contract):
    """A row of the reconciliation: seconds by the declared reading."""

    up: Seconds
    degraded: Seconds
    down: Seconds
    unknown: Seconds


class Reconciliation(Contract):
    """`reconciliation[measured][declared]`; (down, up) is undeclared outage time. Vietnamese: đối soát."""

    up: SecondsByReading
    degraded: SecondsByReading
    down: SecondsByReading
    unknown: SecondsByReading

    def total(self) -> int:
        """All sixteen cells."""
        rows = (self.up, self.degraded, self.down, self.unknown)
        return sum(row.up + row.degraded + row.down + row.unknown for row in rows)


class Figure(Contract):
    """One element's or scope's figure of one period `[from, to)`, in the configured zone's offset."""

    scope: Scope
    id: str
    period: PeriodName
    from_: LocalInstant = Field(alias="from")
    to: LocalInstant
    seconds: SecondsByState
    ratios: Ratios
    outages: Outages
    reconciliation: Reconciliation
    state: Literal["provisional", "final"]

    @model_validator(mode="after")
    def _reconciliation_covers_the_total(self) -> Self:
        if self.reconciliation.total() != self.seconds.total:
            raise ValueError("the reconciliation does not add up to seconds.total")
        return self


def figures_json(figures: Iterable[Figure]) -> str:
    """What `replay --format json` prints: one sorted, canonical line."""
    ordered = sorted(figures, key=lambda figure: (figure.id, figure.from_))
    rows = [figure.model_dump(mode="json", by_alias=True) for figure in ordered]
    return canonical_json(rows) + "\n"


def canonical_json(value: Any) -> str:
    """Keys sorted, no blanks, ASCII: the form that digests and comparisons use."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


class DayDetail(Contract):
    """What a provisional element-day has beside its figure, so that a reader can show the day and join days.

    Instants here are milliseconds since the epoch, on the grid.
    """

    technologies: str = Field(max_length=200, description="as in the registry, separated by `;`")
    head_s: Seconds = Field(description="down time that the day starts with")
    tail_s: Seconds = Field(description="down time that the day ends with")
    from_ms: Annotated[int, Strict()] = Field(description="start of what is counted")
    to_ms: Annotated[int, Strict()] = Field(description="end of what is counted so far")
    runs: list[tuple[int, int, Annotated[int, Field(ge=0, le=4)]]] = Field(
        description="[start_ms, end_ms, reading] of the effective state, adjacent and in order; 0 unknown, 1 up, "
        "2 degraded, 3 down, 4 planned"
    )


class AdjustedFigure(Contract):
    """A day's figure after upheld objections; the official one stays beside it. Vietnamese: số liệu sau khiếu nại."""

    objections: list[Annotated[int, Strict(), Field(ge=1)]] = Field(
        description="whose rulings moved something of it"
    )
    seconds: SecondsByState
    ratios: Ratios


class FigureRecord(Contract):
    """A figure with what it was made from; a restatement is a further revision, the former stays."""

    figure: Figure
    kind: Kind
    enterprise: Identifier | None = Field(default=None, description="the owner; absent on wider scopes")
    unit: Identifier | None = Field(default=None, description="the element's area code")
    detail: DayDetail | None = Field(
        default=None, description="provisional figures of elements and days only"
    )
    revision: Annotated[int, Strict(), Field(ge=1)]
    as_of: Instant = Field(description="the `now` it was computed for")
    registry: Digest
    rules: Digest | None = Field(default=None, description="absent while no rules are in force")
    inputs: Digest | None = Field(default=None, description="the archive's digest; final figures only")
    adjusted: AdjustedFigure | None = Field(
        default=None,
        description="what counts after upheld objections; `figure` is what was closed, before them",
    )


class Transition(Contract):
    """An element's effective state changed. Live and provisional. Vietnamese: chuyển trạng thái.

    A reader replaces the whole (element, day) set: late evidence moves transitions.
    """

    element: Identifier
    kind: Kind
    enterprise: Identifier
    unit: Identifier | None = None
    day: date = Field(description="the local day that holds `at`")
    at: Instant = Field(
        description="the evidence's own time where one made the change, else the slot's start"
    )
    from_: State = Field(alias="from")
    to: State
    measured: Known
    declared: Known
    cause: Cause | None = None
    origin: Literal["simulated", "imported"] | None = None


class ElementState(Contract):
    """How an element stands now. Vietnamese: trạng thái hiện tại."""

    element: Identifier
    kind: Kind
    enterprise: Identifier
    state: State
    measured: Known
    declared: Known
    since: Instant | None = Field(
        default=None, description="start of the state; absent if before what is kept"
    )
    as_of: Instant = Field(description="engine time: everything received until then is in it")
    last_measured: Instant | None = None
    last_declared: Instant | None = None
    cause: Cause | None = None
    unit: Identifier | None = Field(default=None, description="the element's area code")
    measured_code: Annotated[int, Strict(), Field(ge=1, le=4)] | None = Field(
        default=None, description="the status of the newest measured evidence: 1 no_response .. 4 down"
    )
    declared_code: Annotated[int, Strict(), Field(ge=1, le=4)] | None = None
    detail: Text | None = Field(default=None, description="the newest evidence's own words")
    metrics: dict[str, float] | None = Field(default=None, description="the newest evidence's numbers")


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
    as_of: Instant | None = Field(default=None, description="of a running verdict: the `now` it holds for")
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


class DeadLetter(Contract):
    """What could not be taken or handled, kept with its reason. Vietnamese: bản tin bị từ chối."""

    at: Instant
    entrance: Identifier
    reporter: str = Field(max_length=200, description="empty where the sender is not known")
    code: Refusal | Identifier = Field(description="a refusal's code, or a processor's own")
    detail: Text
    topic: Identifier | None = None
    partition: Annotated[int, Strict(), Field(ge=0)] | None = None
    offset: Annotated[int, Strict(), Field(ge=0)] | None = None
    body: Base64Bytes = Field(description="what came, as it came")


class Tick(Contract):
    """Copied to every partition each second: engine time advances with it and with nothing else."""

    control: Literal["tick"] = "tick"
    received_through: Instant = Field(description="everything received before it has been sent")
    forwarder: Identifier


class InForce(Contract):
    """Copied to every partition: which registry and rules the forwarder works with."""

    control: Literal["in_force"] = "in_force"
    registry: Digest
    rules: Digest | None = None
    forwarder: Identifier
