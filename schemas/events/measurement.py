"""btswatch.measurement.v1: an indicator's value over a period. Vietnamese: chỉ tiêu chất lượng."""

from typing import Literal, Self

from pydantic import Field, model_validator

from schemas.base import Contract
from schemas.events.envelope import CloudEvent, Count, Identifier, Instant, Number, Received, Text


class Period(Contract):
    """The half-open interval `[from, to)`."""

    from_: Instant = Field(alias="from")
    to: Instant

    @model_validator(mode="after")
    def _is_not_empty(self) -> Self:
        if self.to <= self.from_:
            raise ValueError("the period is empty: `to` must be after `from`")
        return self


class MeasurementData(Contract):
    """A ratio as numerator and denominator, or a value with its number of samples; never both.

    A share of time is a ratio whose `counted_in` says seconds: without it no ratio is ever read as time.
    """

    service: Identifier = Field(description="as the rules name it, such as mobile_voice")
    indicator: Identifier = Field(description="as the rules name it, such as dropped_calls")
    unit: Identifier = Field(description="area code: commune, ward or province")
    period: Period
    numerator: Count | None = None
    denominator: Count | None = None
    counted_in: Literal["seconds"] | None = Field(
        default=None,
        description="numerator and denominator are seconds in service and seconds observed, of the area as a whole;"
        " absent: they count something else",
    )
    value: Number | None = None
    samples: Count | None = None
    replaces: Identifier | None = Field(default=None, description="id of the event that this one corrects")

    basis: Text | None = Field(default=None, description="what it was counted from, such as a file's digest")

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        ratio = self.numerator is not None and self.denominator is not None
        sampled = self.value is not None and self.samples is not None
        others = (self.value, self.samples) if ratio else (self.numerator, self.denominator)
        if ratio == sampled or any(field is not None for field in others):
            raise ValueError("give numerator and denominator, or value and samples")
        if ratio and (self.numerator or 0) > (self.denominator or 0):
            raise ValueError("numerator above denominator")
        return self

    @model_validator(mode="after")
    def _seconds_fit(self) -> Self:
        if self.counted_in is None:
            return self
        if self.denominator is None:
            raise ValueError("counted_in: only a numerator and a denominator are seconds")
        if self.period.from_.microsecond or self.period.to.microsecond:
            raise ValueError("counted_in: a period of seconds begins and ends on whole ones")
        if self.denominator > (self.period.to - self.period.from_).total_seconds():
            raise ValueError("denominator: more seconds than the period has")
        return self


class Measurement(CloudEvent):
    """One indicator; `subject` is the enterprise."""

    type: Literal["btswatch.measurement.v1"]
    data: MeasurementData


class ArchivedMeasurement(Measurement, Received):
    """A measurement as archived."""
