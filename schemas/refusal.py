"""Why an event is refused: one code each, the same at every entrance, in answers, counters and the list of refused events."""

from enum import StrEnum


class Refusal(StrEnum):
    """Codes are stable; the text beside each says what the sender has to change."""

    MALFORMED = "malformed"  # not JSON, or not an object
    TOO_LARGE = "too_large"  # body, batch or event above the limit
    INVALID = "invalid"  # a field is missing, unknown, or has the wrong type or value
    UNSUPPORTED_TYPE = "unsupported_type"  # no such event type
    NOT_ALLOWED = "not_allowed"  # this reporter may not send this type or status
    WRONG_SOURCE = "wrong_source"  # `source` must begin with the reporter's id and a slash
    TIME_WITHOUT_ZONE = "time_without_zone"
    TIME_IN_FUTURE = "time_in_future"  # more than max_future after the receiver's clock
    TIME_TOO_OLD = "time_too_old"  # older than the identity memory: could not be deduplicated
    UNKNOWN_ELEMENT = "unknown_element"  # also another enterprise's: both answer alike
    CONFLICT = "conflict"  # the id was used with another content
