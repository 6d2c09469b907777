"""BER the other way round: values, names and variable bindings to bytes, in the shortest form."""

from functools import lru_cache

from ingest.snmp.ber import EXCEPTIONS, MAX_ARC, MAX_ARCS, Binding, Scalar

# Plain numbers, as in `ber`.
_INTEGER, _OCTETS, _NULL, _OID, _SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30
_IP, _OPAQUE = 0x40, 0x44
_UNSIGNED_OCTETS = {0x41: 4, 0x42: 4, 0x43: 4, 0x46: 8}


class EncodeError(ValueError):
    """This value has no SNMP encoding."""


def tlv(tag: int, content: bytes) -> bytes:
    """An element in the shortest form."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    width = (size.bit_length() + 7) // 8
    return bytes((tag, 0x80 | width)) + size.to_bytes(width, "big") + content


def encode_integer(value: int, tag: int = _INTEGER) -> bytes:
    """An INTEGER, or with another tag an unsigned number, in the shortest form."""
    shifted = value if value >= 0 else ~value
    return tlv(tag, value.to_bytes(shifted.bit_length() // 8 + 1, "big", signed=True))


@lru_cache(maxsize=16_384)
def encode_oid(name: str) -> bytes:
    """An OBJECT IDENTIFIER.

    Raises:
        EncodeError: not two to 128 numbers below 2^32 with dots between them, or the first two out of their range.
    """
    try:
        arcs = [int(part) for part in name.split(".")]
    except ValueError:
        raise EncodeError(f"{name!r} is no object identifier") from None
    if not 2 <= len(arcs) <= MAX_ARCS or min(arcs) < 0 or max(arcs) > MAX_ARC:
        raise EncodeError(f"{name!r} is no object identifier")
    if arcs[0] > 2 or (arcs[0] < 2 and arcs[1] > 39):
        raise EncodeError(f"{name!r}: no object identifier begins so")
    out = bytearray()
    for arc in (arcs[0] * 40 + arcs[1], *arcs[2:]):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(arc & 0x7F | 0x80)
        out += bytes(reversed(groups))
    return tlv(_OID, bytes(out))


def encode_value(tag: int, value: Scalar) -> bytes:
    """A value under its tag.

    Raises:
        EncodeError: the value does not fit the tag.
    """
    if isinstance(value, int):
        if tag == _INTEGER:
            low, high = -0x8000_0000, 0x7FFF_FFFF
        elif tag in _UNSIGNED_OCTETS:
            low, high = 0, (1 << 8 * _UNSIGNED_OCTETS[tag]) - 1
        else:
            raise EncodeError(f"tag {tag:#04x} holds no number")
        if not low <= value <= high:
            raise EncodeError(f"{value} is out of the range of tag {tag:#04x}")
        return encode_integer(value, tag)
    if isinstance(value, bytes) and tag in {_OCTETS, _OPAQUE}:
        return tlv(tag, value)
    if isinstance(value, str) and tag == _OID:
        return encode_oid(value)
    if isinstance(value, str) and tag == _IP:
        return tlv(tag, _address(value))
    if value is None and (tag == _NULL or tag in EXCEPTIONS):
        return bytes((tag, 0))
    raise EncodeError(f"tag {tag:#04x} does not hold {type(value).__name__}")


def _address(dotted: str) -> bytes:
    try:
        content = bytes(int(part) for part in dotted.split("."))
    except ValueError:
        content = b""
    if len(content) != 4:
        raise EncodeError(f"{dotted!r} is no IPv4 address")
    return content


def encode_bindings(listed: tuple[Binding, ...]) -> bytes:
    """A list of variable bindings."""
    return tlv(
        _SEQUENCE,
        b"".join(
            tlv(_SEQUENCE, encode_oid(each.oid) + encode_value(each.tag, each.value)) for each in listed
        ),
    )
