"""Why an event is refused: one code each, the same at every entrance, in answers, counters and the list of refused events."""

from enum import StrEnum
from typing import Final


class Refusal(StrEnum):
    """Codes are stable; `MEANING` says to the sender what has to change."""

    MALFORMED = "malformed"
    TOO_LARGE = "too_large"
    INVALID = "invalid"
    UNSUPPORTED_TYPE = "unsupported_type"
    NOT_ALLOWED = "not_allowed"
    WRONG_SOURCE = "wrong_source"
    TIME_WITHOUT_ZONE = "time_without_zone"
    TIME_IN_FUTURE = "time_in_future"
    TIME_TOO_OLD = "time_too_old"
    UNKNOWN_ELEMENT = "unknown_element"
    CONFLICT = "conflict"
    UNKNOWN_INDICATOR = "unknown_indicator"
    UNKNOWN_AREA = "unknown_area"


MEANING: Final[dict[Refusal, str]] = {
    Refusal.MALFORMED: "not JSON, or not an object",
    Refusal.TOO_LARGE: "the body, the batch or the event is above the limit",
    Refusal.INVALID: "a field is missing, unknown, or has the wrong type or value",
    Refusal.UNSUPPORTED_TYPE: "there is no such event type",
    Refusal.NOT_ALLOWED: "this reporter may not send this type or status",
    Refusal.WRONG_SOURCE: "`source` must begin with the reporter's id and a slash",
    Refusal.TIME_WITHOUT_ZONE: "a time has no offset, so nobody knows which instant it was",
    Refusal.TIME_IN_FUTURE: "`time`, or the end of what was measured or is reported, is after the receiver's clock",
    Refusal.TIME_TOO_OLD: "`time` is older than the memory of identities: it could not be told from a repetition",
    Refusal.UNKNOWN_ELEMENT: "no such element, or another enterprise's: both are answered alike",
    Refusal.CONFLICT: "the id was used with another content before",
    Refusal.UNKNOWN_INDICATOR: "no rule and no declared level knows this service and indicator",
    Refusal.UNKNOWN_AREA: "no such area, or one in which only others have stations: both are answered alike",
}
