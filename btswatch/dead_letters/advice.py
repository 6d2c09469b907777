"""What to do about a dead letter, by its code."""

from typing import Final

from btswatch.dead_letters.letter import Letter
from ingest.snmp.traps.notification import TrapRefusal
from schemas.refusal import MEANING, Refusal

_ASK: Final = "ask the reporter to correct it and send it again, under a new id; then drop it"
_TRAPS: Final[dict[str, str]] = {
    TrapRefusal.MALFORMED: "it is no SNMP: find out what sends to the trap port, then drop it",
    TrapRefusal.NOT_A_NOTIFICATION: "it is SNMP, but neither trap nor inform: point its sender elsewhere, then drop it",
    TrapRefusal.UNKNOWN_SENDER: "add the address as an agent to the registry, start the trap process again, then replay it; or drop it",
    TrapRefusal.UNKNOWN_COMMUNITY: "add the community to credentials.toml, start the trap process again, then replay it; or drop it",
    TrapRefusal.UNKNOWN_USER: "add the USM user to credentials.toml, start the trap process again, then replay it; or drop it",
    TrapRefusal.UNSUPPORTED_LEVEL: "give device and credentials.toml the same level of security, start the trap process again, then replay it",
    TrapRefusal.WRONG_DIGEST: "give device and credentials.toml the same authentication key, start the trap process again, then replay it",
    TrapRefusal.DECRYPTION_ERROR: "give device and credentials.toml the same privacy key, start the trap process again, then replay it",
    TrapRefusal.NOT_IN_TIME_WINDOW: "it is old, repeated on purpose, or its sender lost count of its boots: look at the device, then drop it",
    TrapRefusal.FAILED: "a fault of btswatch, which the log of the trap process shows; replay it after an upgrade",
}
_REFUSALS: Final[dict[str, str]] = {
    Refusal.UNKNOWN_ELEMENT: "if the element is the reporter's, add it to the registry with the right dates, then replay it; else drop it",
    Refusal.TIME_IN_FUTURE: "if the reporter's clock was ahead by little, replay it once its time has come; and have the clock set",
    Refusal.WRONG_SOURCE: _ASK,
    Refusal.NOT_ALLOWED: _ASK,
    Refusal.CONFLICT: "the id is taken by another event: the reporter has to send it under a new id; drop it",
    Refusal.TOO_LARGE: "the reporter has to send it in smaller parts; drop it",
    Refusal.TIME_TOO_OLD: "it can't be told from a repetition any more: take it in by hand, then drop it",
}
_MEANING: Final[dict[str, str]] = {code.value: meaning for code, meaning in MEANING.items()}


def advice_of(letter: Letter) -> str:
    """A line for the operator."""
    if letter.settled is not None:
        return "nothing: it is dealt with"
    if letter.truncated:
        return "only its beginning was kept: have it sent again, then drop it"
    if letter.entrance == "traps" and letter.code in _TRAPS:
        return _TRAPS[letter.code]
    meaning = _MEANING.get(letter.code)
    if meaning is not None:
        return f"{meaning}: {_REFUSALS.get(letter.code, _ASK)}"
    return "see the log of its entrance at that time; once the cause is gone, replay it"
