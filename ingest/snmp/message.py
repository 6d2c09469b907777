"""SNMP messages: v1 and v2c (RFC 1157, RFC 3416), v3 with USM parameters (RFC 3412, RFC 3414)."""

from enum import IntEnum, IntFlag
from typing import NamedTuple

from ingest.snmp.ber import (
    Binding,
    DecodeError,
    Tag,
    at_end,
    bindings,
    expect,
    header,
    integer,
    octets,
    oid,
)
from ingest.snmp.ber_encode import (
    EncodeError,
    encode_bindings,
    encode_integer,
    encode_oid,
    encode_value,
    tlv,
)

V1, V2C, V3 = 0, 1, 3
_USM = 3
_MAX_INT = 0x7FFF_FFFF
# RFC 3411: SnmpEngineID; a message to an engine that is not known yet leaves it empty.
_MAX_ENGINE_ID = 32
_MIN_SIZE = 484


class PduType(IntEnum):
    """Tags of the PDUs, RFC 1157 section 4.1 and RFC 3416 section 3."""

    GET = 0xA0
    GETNEXT = 0xA1
    RESPONSE = 0xA2
    SET = 0xA3
    TRAP_V1 = 0xA4
    GETBULK = 0xA5
    INFORM = 0xA6
    TRAP = 0xA7
    REPORT = 0xA8


class Flags(IntFlag):
    """msgFlags, RFC 3412 section 6.4."""

    AUTH = 1
    PRIV = 2
    REPORTABLE = 4


class Pdu(NamedTuple):
    """Any PDU but the v1 trap. In a GETBULK the two numbers are non-repeaters and max-repetitions."""

    type: int
    request_id: int
    error_status: int
    error_index: int
    bindings: tuple[Binding, ...]


class TrapV1(NamedTuple):
    """The v1 trap PDU; `timestamp` is in hundredths of a second."""

    enterprise: str
    agent_address: str
    generic: int
    specific: int
    timestamp: int
    bindings: tuple[Binding, ...]


class CommunityMessage(NamedTuple):
    """A v1 or v2c message."""

    version: int
    community: bytes
    pdu: Pdu | TrapV1


class ScopedPdu(NamedTuple):
    """A v3 PDU in its context."""

    context_engine_id: bytes
    context: bytes
    pdu: Pdu


class UsmParameters(NamedTuple):
    """msgSecurityParameters of the User-based Security Model. `engine_time` is in seconds since the engine's boot."""

    engine_id: bytes = b""
    boots: int = 0
    engine_time: int = 0
    user: bytes = b""
    mac: bytes = b""
    salt: bytes = b""


class V3Message(NamedTuple):
    """A v3 message. `scoped` is bytes while it is encrypted; `mac_at` is where the MAC stands in the datagram."""

    msg_id: int
    max_size: int
    flags: int
    usm: UsmParameters
    scoped: ScopedPdu | bytes
    mac_at: int = 0


def decode_message(data: bytes) -> CommunityMessage | V3Message:
    """A datagram as a message.

    Raises:
        DecodeError: whatever is wrong with it.
    """
    at, end = expect(data, 0, len(data), Tag.SEQUENCE)
    at_end(end, len(data))
    version, at = integer(data, at, end)
    if version == V3:
        return _decode_v3(data, at, end)
    if version not in {V1, V2C}:
        raise DecodeError(f"unknown SNMP version {version}", 0)
    community, at = octets(data, at, end)
    pdu, at = _decode_pdu(data, at, end)
    at_end(at, end)
    if isinstance(pdu, TrapV1) and version != V1:
        raise DecodeError("a v1 trap in a v2c message", 0)
    return CommunityMessage(version, community, pdu)


def decode_scoped(data: bytes, *, padded: bool = False) -> ScopedPdu:
    """A plain scoped PDU; `padded`: decrypted, so that a cipher's padding may follow.

    Raises:
        DecodeError: whatever is wrong with it.
    """
    at, end = expect(data, 0, len(data), Tag.SEQUENCE)
    if not padded:
        at_end(end, len(data))
    return _scoped(data, at, end)


def _decode_pdu(data: bytes, at: int, end: int) -> tuple[Pdu | TrapV1, int]:
    tag, start, stop = header(data, at, end)
    if tag == 0xA4:
        return _decode_trap_v1(data, start, stop), stop
    if not 0xA0 <= tag <= 0xA8:
        raise DecodeError(f"unknown PDU {tag:#04x}", at)
    request_id, start = integer(data, start, stop)
    status, start = integer(data, start, stop)
    index, start = integer(data, start, stop)
    listed, start = bindings(data, start, stop)
    at_end(start, stop)
    return Pdu(tag, request_id, status, index, listed), stop


def _decode_trap_v1(data: bytes, at: int, stop: int) -> TrapV1:
    enterprise, at = oid(data, at, stop)
    start, at = expect(data, at, stop, Tag.IP_ADDRESS)
    if at - start != 4:
        raise DecodeError("agent address that is not of 4 octets", start)
    address = ".".join(map(str, data[start:at]))
    generic, at = integer(data, at, stop, 0)
    specific, at = integer(data, at, stop)
    start, at = expect(data, at, stop, Tag.TIMETICKS)
    if not 0 < at - start <= 5:
        raise DecodeError("time stamp of no or too many octets", start)
    ticks = int.from_bytes(data[start:at], "big") & 0xFFFF_FFFF
    listed, at = bindings(data, at, stop)
    at_end(at, stop)
    return TrapV1(enterprise, address, generic, specific, ticks, listed)


def _decode_v3(data: bytes, at: int, end: int) -> V3Message:
    at, stop = expect(data, at, end, Tag.SEQUENCE)
    msg_id, at = integer(data, at, stop, 0)
    max_size, at = integer(data, at, stop, _MIN_SIZE)
    flags, at = octets(data, at, stop, 1)
    model, at = integer(data, at, stop, 1)
    at_end(at, stop)
    if len(flags) != 1 or flags[0] & 3 == Flags.PRIV:
        raise DecodeError("message flags that mean nothing", stop)
    if model != _USM:
        raise DecodeError(f"security model {model}, not USM", stop)
    usm, mac_at, at = _usm(data, stop, end)
    if flags[0] & Flags.PRIV:
        encrypted, at = octets(data, at, end)
        at_end(at, end)
        return V3Message(msg_id, max_size, flags[0], usm, encrypted, mac_at)
    at, stop = expect(data, at, end, Tag.SEQUENCE)
    at_end(stop, end)
    return V3Message(msg_id, max_size, flags[0], usm, _scoped(data, at, stop), mac_at)


def _usm(data: bytes, at: int, end: int) -> tuple[UsmParameters, int, int]:
    at, after = expect(data, at, end, Tag.OCTET_STRING)
    at, stop = expect(data, at, after, Tag.SEQUENCE)
    at_end(stop, after)
    engine_id, at = octets(data, at, stop, _MAX_ENGINE_ID)
    boots, at = integer(data, at, stop, 0)
    engine_time, at = integer(data, at, stop, 0)
    user, at = octets(data, at, stop, 32)
    mac, at = octets(data, at, stop, 64)
    mac_at = at - len(mac)
    salt, at = octets(data, at, stop, 8)
    at_end(at, stop)
    return UsmParameters(engine_id, boots, engine_time, user, mac, salt), mac_at, after


def _scoped(data: bytes, at: int, stop: int) -> ScopedPdu:
    engine_id, at = octets(data, at, stop, _MAX_ENGINE_ID)
    context, at = octets(data, at, stop)
    pdu, at = _decode_pdu(data, at, stop)
    at_end(at, stop)
    if isinstance(pdu, TrapV1):
        raise DecodeError("a v1 trap in a v3 message", at)
    return ScopedPdu(engine_id, context, pdu)


def encode_pdu(pdu: Pdu | TrapV1) -> bytes:
    """A PDU as it stands in a message."""
    if isinstance(pdu, TrapV1):
        content = (
            encode_oid(pdu.enterprise)
            + encode_value(Tag.IP_ADDRESS, pdu.agent_address)
            + encode_value(Tag.INTEGER, pdu.generic)
            + encode_value(Tag.INTEGER, pdu.specific)
            + encode_value(Tag.TIMETICKS, pdu.timestamp)
        )
        return tlv(PduType.TRAP_V1, content + encode_bindings(pdu.bindings))
    numbers = (pdu.request_id, pdu.error_status, pdu.error_index)
    content = b"".join(encode_value(Tag.INTEGER, number) for number in numbers)
    return tlv(pdu.type, content + encode_bindings(pdu.bindings))


def encode_community(message: CommunityMessage) -> bytes:
    """A v1 or v2c message as a datagram."""
    return tlv(
        Tag.SEQUENCE,
        encode_integer(message.version) + tlv(Tag.OCTET_STRING, message.community) + encode_pdu(message.pdu),
    )


def encode_scoped(scoped: ScopedPdu) -> bytes:
    """A scoped PDU, as it is encrypted or sent plain."""
    return tlv(
        Tag.SEQUENCE,
        tlv(Tag.OCTET_STRING, scoped.context_engine_id)
        + tlv(Tag.OCTET_STRING, scoped.context)
        + encode_pdu(scoped.pdu),
    )


def encode_v3(message: V3Message) -> tuple[bytes, int]:
    """A v3 message as a datagram, and where the MAC stands in it. The given MAC is written as it is."""
    usm = message.usm
    if not 0 <= message.msg_id <= _MAX_INT:
        raise EncodeError(f"message id {message.msg_id} is out of range")
    head = tlv(
        Tag.SEQUENCE,
        encode_integer(message.msg_id)
        + encode_integer(message.max_size)
        + tlv(Tag.OCTET_STRING, bytes((message.flags,)))
        + encode_integer(_USM),
    )
    salt = tlv(Tag.OCTET_STRING, usm.salt)
    security = tlv(
        Tag.OCTET_STRING,
        tlv(
            Tag.SEQUENCE,
            tlv(Tag.OCTET_STRING, usm.engine_id)
            + encode_integer(usm.boots)
            + encode_integer(usm.engine_time)
            + tlv(Tag.OCTET_STRING, usm.user)
            + tlv(Tag.OCTET_STRING, usm.mac)
            + salt,
        ),
    )
    scoped = message.scoped
    payload = tlv(Tag.OCTET_STRING, scoped) if isinstance(scoped, bytes) else encode_scoped(scoped)
    data = tlv(Tag.SEQUENCE, encode_integer(V3) + head + security + payload)
    return data, len(data) - len(payload) - len(salt) - len(usm.mac)
