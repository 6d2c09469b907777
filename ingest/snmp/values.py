"""Reading a varbind's value as the profile says, with what devices get wrong told apart from what they don't measure."""

import math
import re
import struct
from dataclasses import dataclass

from ingest.snmp.engine import Value
from ingest.snmp.profile_model import COUNTERS, Object, ReadAs

Field = bool | int | float | str
_NUMBER = re.compile(r"\s*([-+]?[0-9]+(?:[.,][0-9]+)?)")
# SNMP knows no larger number than Counter64.
_WIDEST = 2**64
_MAX_TEXT = 255


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The device sent something else than the profile says."""

    why: str


def read(described: Object, value: Value) -> Field | Unreadable | None:
    """The value in the profile's terms; None where the device has no reading (ASN.1 NULL, a `no_reading` number)."""
    if value is None:
        return None
    if described.kind is ReadAs.TEXT:
        return _text(value)
    number = _number(described, value)
    if number is None:
        return Unreadable(f"{value!r:.60} is no {described.kind}")
    if number in described.no_reading:
        return None
    if described.kind is ReadAs.ENUM:
        return described.values.get(int(number), Unreadable(f"{number} is not among the profile's values"))
    if described.kind is ReadAs.TRUTH:
        return {1: True, 2: False}.get(int(number), Unreadable(f"{number} is no TruthValue"))
    if described.kind in COUNTERS and number < 0:
        return Unreadable(f"{number} is no counter")
    scale = 0.01 * described.scale if described.kind is ReadAs.TIMETICKS else described.scale
    # Rounded, so that 584 tenths read 58.4 and not 58.400000000000006.
    return number if scale == 1 else round(number * scale, 9)


def _text(value: Value) -> str:
    raw = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return raw.strip("\x00 \r\n")[:_MAX_TEXT]


def _number(described: Object, value: Value) -> int | float | None:
    """Agents send numbers as text, whatever their MIB says: digits are read, a unit only where the profile expects one."""
    if isinstance(value, int):
        return value
    if isinstance(value, bytes):
        value = _opaque(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    match = _NUMBER.match(_text(value))
    if match is None or (described.kind is not ReadAs.NUMBER_TEXT and match.end() != len(_text(value))):
        return None
    digits = match[1].replace(",", ".")
    number = float(digits) if "." in digits else int(digits)
    return number if abs(number) < _WIDEST else None


def _opaque(content: bytes) -> bytes | float:
    """Float and Double as net-snmp packs them into Opaque; the engines hand Opaque out as it came."""
    for head, form in ((b"\x9fx\x04", ">f"), (b"\x9fy\x08", ">d")):
        if content.startswith(head) and len(content) == len(head) + struct.calcsize(form):
            return float(struct.unpack(form, content[len(head) :])[0])
    return content
