"""The CloudEvents 1.0 envelope, and what the receiver adds to it."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Final, Literal

from pydantic import (
    AfterValidator,
    AllowInfNan,
    AwareDatetime,
    BeforeValidator,
    Field,
    Strict,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from schemas.base import Contract
from schemas.status import Track
from schemas.time import could_be_meant, to_ms

_DATE_TIME: Final = r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?"
_OFFSET: Final = r"([Zz]|[+-]\d{2}:\d{2})"
# The offset stays optional here: leaving it out is a mistake of its own, with its own code.
_RFC3339: Final = re.compile(f"{_DATE_TIME}{_OFFSET}?", re.ASCII)


def _rfc3339_only(value: object) -> object:
    """Refuse what pydantic would take for a time too: epoch numbers, dates, times without seconds."""
    if isinstance(value, datetime) or (isinstance(value, str) and _RFC3339.fullmatch(value)):
        return value
    raise PydanticCustomError(
        "rfc3339", "Input should be RFC 3339 text with an offset, such as 2026-11-02T05:00:57.427+07:00"
    )


Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_rfc3339_only),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": f"^{_DATE_TIME}{_OFFSET}$"}),
]


def _meant(value: datetime) -> datetime:
    if not could_be_meant(to_ms(value)):
        raise PydanticCustomError("moment", "Input should be between 1970-01-01 and 2999-12-31")
    return value


def _meant_day(value: date) -> date:
    _meant(datetime(value.year, value.month, value.day, tzinfo=UTC))
    return value


Moment = Annotated[Instant, AfterValidator(_meant)]
"""An instant of our own: what one message says of year 9999 must not stop whoever counts on from it."""
Day = Annotated[date, AfterValidator(_meant_day)]
"""A local day, as well."""
# Strict: "3.5" and true are no numbers.
Number = Annotated[float, Strict(), AllowInfNan(False)]
Count = Annotated[int, Strict(), Field(ge=0, le=10**15)]
Identifier = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\s\x00-\x1f]+$")]
# PostgreSQL text can't hold NUL.
Text = Annotated[str, Field(max_length=1000, pattern=r"^[^\x00]*$")]


class CloudEvent(Contract):
    """What every event carries. Identity is (reporter, source, id)."""

    specversion: Literal["1.0"]
    id: Identifier
    source: Identifier
    subject: Identifier = Field(description="element id, or the enterprise's id")
    time: Instant = Field(description="when it was observed, RFC 3339 with offset")
    datacontenttype: Literal["application/json"] | None = None


class Received(Contract):
    """What the receiver adds before an event goes to the journal; a sender can't set it."""

    receivedtime: Instant = Field(description="the receiver's clock when it had the event")
    track: Track = Field(description="from the sender's identity, never from the content")
    reporter: Identifier = Field(description="enterprise id, or the id of the poller or probe")
    origin: Literal["simulated", "imported"] | None = Field(
        default=None,
        description="absent on what was observed live; a production data directory refuses the others",
    )
