"""BER as SNMP uses it (X.690, RFC 3416, RFC 3417 section 8): tags, lengths, numbers, names and values.

Strict where the meaning would be in doubt, lenient where real agents are sloppy and the meaning is clear: longer
forms of lengths and integers than needed, and unsigned numbers without their leading zero byte. Whatever the bytes
are, decoding ends in a value or in a `DecodeError`. The other direction is `ber_encode`.
"""

from collections.abc import Callable, Mapping
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

MAX_ARCS = 128
MAX_ARC = 0xFFFF_FFFF
_MAX_LENGTH_OCTETS = 4


class DecodeError(ValueError):
    """These bytes are no SNMP. `at` is the offset at which that was seen."""

    def __init__(self, detail: str, at: int) -> None:
        super().__init__(f"{detail} at byte {at}")
        self.detail = detail
        self.at = at


class Tag(IntEnum):
    """Tags of values, RFC 2578 section 2 and RFC 3416 section 3."""

    INTEGER = 0x02
    OCTET_STRING = 0x04
    NULL = 0x05
    OBJECT_IDENTIFIER = 0x06
    SEQUENCE = 0x30
    IP_ADDRESS = 0x40
    COUNTER32 = 0x41
    GAUGE32 = 0x42
    TIMETICKS = 0x43
    OPAQUE = 0x44
    COUNTER64 = 0x46
    NO_SUCH_OBJECT = 0x80
    NO_SUCH_INSTANCE = 0x81
    END_OF_MIB_VIEW = 0x82


EXCEPTIONS = frozenset({0x80, 0x81, 0x82})
# Plain numbers for the loops: looking a member of an enum up costs more than the comparison.
_INTEGER, _OCTETS, _OID, _SEQUENCE = 0x02, 0x04, 0x06, 0x30

Scalar = int | bytes | str | None
"""int: INTEGER and the unsigned types; bytes: OCTET STRING, Opaque; str: OBJECT IDENTIFIER, IpAddress; None: the others."""


class Binding(NamedTuple):
    """A variable binding: the name (no leading dot), the value's tag, the value."""

    oid: str
    tag: int
    value: Scalar


def header(data: bytes, at: int, end: int) -> tuple[int, int, int]:
    """The element at `at` inside `data[:end]`: its tag, and where its content starts and stops."""
    start = at + 2
    if start > end:
        raise DecodeError("truncated header", at)
    tag = data[at]
    length = data[at + 1]
    if length & 0x80:
        octets = length & 0x7F
        if not 0 < octets <= _MAX_LENGTH_OCTETS:
            raise DecodeError("indefinite or oversized length", at)
        start += octets
        if start > end:
            raise DecodeError("truncated length", at)
        length = int.from_bytes(data[at + 2 : start], "big")
    stop = start + length
    if stop > end:
        raise DecodeError("length passes the end", at)
    return tag, start, stop


def expect(data: bytes, at: int, end: int, wanted: int) -> tuple[int, int]:
    """Like `header`, for an element that must have this tag."""
    tag, start, stop = header(data, at, end)
    if tag != wanted:
        raise DecodeError(f"tag {tag:#04x} where {wanted:#04x} belongs", at)
    return start, stop


def integer(
    data: bytes, at: int, end: int, low: int = -0x8000_0000, high: int = 0x7FFF_FFFF
) -> tuple[int, int]:
    """An INTEGER between `low` and `high`, and where the next element starts."""
    start, stop = expect(data, at, end, _INTEGER)
    value = _integer_at(data, start, stop)
    if not low <= value <= high:
        raise DecodeError(f"INTEGER {value} out of range", at)
    return value, stop


def octets(data: bytes, at: int, end: int, longest: int = 0xFFFF) -> tuple[bytes, int]:
    """An OCTET STRING, and where the next element starts."""
    start, stop = expect(data, at, end, _OCTETS)
    if stop - start > longest:
        raise DecodeError(f"OCTET STRING longer than {longest}", at)
    return data[start:stop], stop


def oid(data: bytes, at: int, end: int) -> tuple[str, int]:
    """An OBJECT IDENTIFIER, and where the next element starts."""
    start, stop = expect(data, at, end, _OID)
    return _oid_at(data, start, stop), stop


def at_end(at: int, stop: int) -> None:
    """Nothing may follow inside the enclosing element."""
    if at != stop:
        raise DecodeError("unexpected bytes after the last element", at)


def bindings(data: bytes, at: int, end: int) -> tuple[tuple[Binding, ...], int]:
    """A list of variable bindings, and where the next element starts."""
    at, stop = expect(data, at, end, _SEQUENCE)
    found = []
    while at < stop:
        inner, inner_stop = expect(data, at, stop, _SEQUENCE)
        start, at = expect(data, inner, inner_stop, _OID)
        name = _oid_at(data, start, at)
        tag, start, at = header(data, at, inner_stop)
        found.append(Binding(name, tag, _value(data, tag, start, at)))
        at_end(at, inner_stop)
    return tuple(found), stop


def _value(data: bytes, tag: int, start: int, stop: int) -> Scalar:
    read = _READERS.get(tag)
    if read is None:
        raise DecodeError(f"unknown value tag {tag:#04x}", start)
    return read(data, start, stop)


def _octets_at(data: bytes, start: int, stop: int) -> bytes:
    return data[start:stop]


def _integer_at(data: bytes, start: int, stop: int) -> int:
    if not 0 < stop - start <= 8:
        raise DecodeError("INTEGER of no or too many octets", start)
    value = int.from_bytes(data[start:stop], "big", signed=True)
    if not -0x8000_0000 <= value <= 0x7FFF_FFFF:
        raise DecodeError("INTEGER out of range", start)
    return value


def _unsigned32_at(data: bytes, start: int, stop: int) -> int:
    return _unsigned_at(data, start, stop, 4)


def _unsigned64_at(data: bytes, start: int, stop: int) -> int:
    return _unsigned_at(data, start, stop, 8)


def _unsigned_at(data: bytes, start: int, stop: int, width: int) -> int:
    size = stop - start
    if not 0 < size <= width + 1 or (size > width and data[start]):
        raise DecodeError("unsigned number of no or too many octets", start)
    if size < width and data[start] & 0x80:
        raise DecodeError("unsigned number below zero", start)
    # A full width with the highest bit set is an unsigned number whose leading zero was left out.
    return int.from_bytes(data[start:stop], "big")


def _address_at(data: bytes, start: int, stop: int) -> str:
    if stop - start != 4:
        raise DecodeError("IpAddress that is not of 4 octets", start)
    return ".".join(map(str, data[start:stop]))


def _nothing_at(_data: bytes, start: int, stop: int) -> None:
    if start != stop:
        raise DecodeError("NULL with content", start)


def _oid_at(data: bytes, start: int, stop: int) -> str:
    name = _dotted(data[start:stop])
    if name is None:
        raise DecodeError("OBJECT IDENTIFIER that is empty, cut off, padded or too long", start)
    return name


_READERS: Mapping[int, Callable[[bytes, int, int], Scalar]] = {
    Tag.INTEGER: _integer_at,
    Tag.OCTET_STRING: _octets_at,
    Tag.NULL: _nothing_at,
    Tag.OBJECT_IDENTIFIER: _oid_at,
    Tag.IP_ADDRESS: _address_at,
    Tag.COUNTER32: _unsigned32_at,
    Tag.GAUGE32: _unsigned32_at,
    Tag.TIMETICKS: _unsigned32_at,
    Tag.OPAQUE: _octets_at,
    Tag.COUNTER64: _unsigned64_at,
    Tag.NO_SUCH_OBJECT: _nothing_at,
    Tag.NO_SUCH_INSTANCE: _nothing_at,
    Tag.END_OF_MIB_VIEW: _nothing_at,
}


@lru_cache(maxsize=16_384)
def _dotted(content: bytes) -> str | None:
    if not content or content[-1] & 0x80:
        return None
    arcs: list[int] = []
    arc = 0
    for byte in content:
        if byte == 0x80 and not arc:
            return None
        arc = arc << 7 | byte & 0x7F
        if arc > MAX_ARC + 80:
            return None
        if not byte & 0x80:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    arcs[:1] = [first, arcs[0] - first * 40]
    if len(arcs) > MAX_ARCS or max(arcs) > MAX_ARC:
        return None
    return ".".join(map(str, arcs))
