"""The states of an element and the codes of evidence (spec: availability, section 2)."""

from enum import IntEnum, StrEnum


class Status(StrEnum):
    """What an element was seen to be. Vietnamese: hoạt động, suy giảm, không trả lời, mất liên lạc."""

    UP = "up"
    DEGRADED = "degraded"
    NO_RESPONSE = "no_response"
    DOWN = "down"


class Code(IntEnum):
    """A status as a number; greater is worse, and an answer outranks silence."""

    NO_RESPONSE = 1
    UP = 2
    DEGRADED = 3
    DOWN = 4


CODE_OF = {Status(code.name.lower()): code for code in Code}


class Reading(IntEnum):
    """What a slot reads. PLANNED only occurs in the effective state."""

    UNKNOWN = 0
    UP = 1
    DEGRADED = 2
    DOWN = 3
    PLANNED = 4


class Track(StrEnum):
    """Who says so: the regulator's own measurement, or the enterprise's declaration."""

    MEASURED = "measured"
    DECLARED = "declared"


class Cause(StrEnum):
    """Why an element is not up, after the causes of 3GPP TS 32.405 4.35.1."""

    POWER = "power"
    TRANSPORT = "transport"
    FAULT = "fault"
    MANUAL = "manual"
    ENERGY_SAVING = "energy_saving"
    UNKNOWN = "unknown"


class Policy(StrEnum):
    """How the two tracks make the effective state (spec section 4)."""

    MEASURED_FIRST = "measured_first"
    DECLARED_FIRST = "declared_first"
    WORST = "worst"
    MEASURED_ONLY = "measured_only"
    DECLARED_ONLY = "declared_only"


class Feed(StrEnum):
    """How an enterprise reports: it repeats its states, or reports changes only with heartbeats."""

    PERIODIC = "periodic"
    TRANSITION = "transition"


class NoResponse(StrEnum):
    """What confirmed silence of a device means for the element."""

    DOWN = "down"
    UNKNOWN = "unknown"
