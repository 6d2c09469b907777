"""Archived lines to what the core needs of them, and nothing else.

The entrance has checked every field; here only those that figures depend on are read, a batch at a time, since
decoding is most of the work. A line that can't be read is refused alone.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal, NotRequired

from pydantic import AwareDatetime, ConfigDict, Field, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from schemas.refusal import Refusal

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)
_LEAN = ConfigDict(strict=True, extra="ignore")

StatusType = Literal["btswatch.status.v1"]
MaintenanceType = Literal["btswatch.maintenance.v1"]
OtherType = Literal[
    "btswatch.heartbeat.v1", "btswatch.measurement.v1", "btswatch.report.v1", "btswatch.inspection.v1"
]


@with_config(_LEAN)
class _StatusData(TypedDict):
    status: Literal["up", "degraded", "no_response", "down"]


@with_config(_LEAN)
class DecodedStatus(TypedDict):
    """The part of a status event that figures depend on."""

    type: StatusType
    id: str
    subject: str
    time: AwareDatetime
    receivedtime: AwareDatetime
    track: Literal["measured", "declared"]
    reporter: str
    data: _StatusData


_MaintenanceData = TypedDict(
    "_MaintenanceData",
    {
        "action": Literal["announce", "withdraw"],
        "notice": str,
        "elements": NotRequired[list[str]],
        "from": NotRequired[AwareDatetime],
        "to": NotRequired[AwareDatetime],
    },
)


@with_config(_LEAN)
class DecodedMaintenance(TypedDict):
    """The part of a notice that figures depend on."""

    type: MaintenanceType
    id: str
    subject: str
    time: AwareDatetime
    receivedtime: AwareDatetime
    track: Literal["measured", "declared"]
    reporter: str
    data: _MaintenanceData


@with_config(_LEAN)
class DecodedOther(TypedDict):
    """Any other event: to the core it is a sign of life."""

    type: OtherType
    id: str
    time: AwareDatetime
    receivedtime: AwareDatetime
    track: Literal["measured", "declared"]
    reporter: str


Decoded = DecodedStatus | DecodedMaintenance | DecodedOther
_ONE: Final[TypeAdapter[Decoded]] = TypeAdapter(
    Annotated[DecodedStatus | DecodedMaintenance | DecodedOther, Field(discriminator="type")]
)
_BATCH: Final[TypeAdapter[list[Decoded]]] = TypeAdapter(
    list[Annotated[DecodedStatus | DecodedMaintenance | DecodedOther, Field(discriminator="type")]]
)
_ANY: Final[TypeAdapter[dict[str, Any]]] = TypeAdapter(dict[str, Any])


class UndecodableError(Exception):
    """A line that is no archived event; `code` and `detail` say why."""

    def __init__(self, code: Refusal, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


def microseconds(moment: datetime) -> int:
    """Microseconds since the epoch, rounded down."""
    return (moment - _EPOCH) // _US


# The same codes as at the other entrances, by what pydantic calls the error.
_CODES: Final = {
    "json_invalid": Refusal.MALFORMED,
    "dict_type": Refusal.MALFORMED,
    "timezone_aware": Refusal.TIME_WITHOUT_ZONE,
    "union_tag_invalid": Refusal.UNSUPPORTED_TYPE,
}


def decode(lines: Sequence[bytes]) -> Sequence[Decoded | UndecodableError]:
    """Each line's event in order; a bad line has its refusal in its place."""
    try:
        events = _BATCH.validate_json(b"[" + b",".join(lines) + b"]")
    except ValidationError:
        events = []
    return events if len(events) == len(lines) else [decode_one(line) for line in lines]


def decode_array(array: bytes) -> Sequence[Decoded] | None:
    """The events of a JSON array of archived events; None where one of them is none: `decode` then says which."""
    try:
        return _BATCH.validate_json(array)
    except ValidationError:
        return None


def decode_one(line: bytes) -> Decoded | UndecodableError:
    """One line's event, or why it is none."""
    try:
        return _ONE.validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        code = _CODES.get(first["type"], Refusal.INVALID)
        where = ".".join(str(part) for part in first["loc"])
        return UndecodableError(code, f"{where}: {first['msg']}" if where else first["msg"])


def parse_any(line: bytes) -> dict[str, Any]:
    """The whole event, for what needs all of it (canonical JSON of a notice)."""
    return _ANY.validate_json(line)
