"""Figures as others read them, and the record that says what each was made from.

`Figure` is exactly one object of `btswatch replay --format json`. Seconds are integers; ratios are rounded to nine
decimals for reading only: whoever compares with a threshold takes the seconds.
"""

from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import Field, PlainSerializer, Strict, model_validator

from schemas.base import Contract
from schemas.canonical import Digest, canonical_json
from schemas.events.envelope import Identifier, Moment
from schemas.registry import Kind

LocalInstant = Annotated[Moment, PlainSerializer(lambda t: t.isoformat(timespec="seconds"), return_type=str)]
Seconds = Annotated[int, Strict(), Field(ge=0)]
Ratio = Annotated[float, Strict(), Field(ge=0, le=1)]
MeanSeconds = Annotated[float, Strict(), Field(ge=0)]
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
    as_of: Moment = Field(description="the `now` it was computed for")
    registry: Digest
    rules: Digest | None = Field(default=None, description="absent while no rules are in force")
    inputs: Digest | None = Field(default=None, description="the archive's digest; final figures only")
    adjusted: AdjustedFigure | None = Field(
        default=None,
        description="what counts after upheld objections; `figure` is what was closed, before them",
    )
