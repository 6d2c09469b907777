"""An SNMP v1/v2c agent on loopback whose faults can be switched on, as real devices show them."""

import asyncio
import socket
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field

NO_SUCH_OBJECT, NO_SUCH_INSTANCE, END_OF_MIB_VIEW = 0x80, 0x81, 0x82
GET, GETNEXT, RESPONSE, GETBULK = 0xA0, 0xA1, 0xA2, 0xA5
TOO_BIG, NO_SUCH_NAME, GEN_ERR = 1, 2, 5


@dataclass(frozen=True)
class Tlv:
    """A value as it goes on the wire."""

    tag: int
    content: bytes = b""


def integer(value: int, tag: int = 0x02) -> Tlv:
    return Tlv(tag, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def counter32(value: int) -> Tlv:
    return integer(value, 0x41)


def gauge32(value: int) -> Tlv:
    return integer(value, 0x42)


def timeticks(value: int) -> Tlv:
    return integer(value, 0x43)


def counter64(value: int) -> Tlv:
    return integer(value, 0x46)


def octets(value: bytes) -> Tlv:
    return Tlv(0x04, value)


def object_id(oid: str) -> Tlv:
    parts = [int(part) for part in oid.split(".")]
    out = bytearray()
    for arc in (parts[0] * 40 + parts[1], *parts[2:]):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(arc & 0x7F | 0x80)
        out += bytes(reversed(groups))
    return Tlv(0x06, bytes(out))


NULL = Tlv(0x05)


def encode(tlv: Tlv) -> bytes:
    n = len(tlv.content)
    length = (
        bytes([n])
        if n < 128
        else bytes([0x80 | (n.bit_length() + 7) // 8]) + n.to_bytes((n.bit_length() + 7) // 8, "big")
    )
    return bytes([tlv.tag]) + length + tlv.content


def sequence(*parts: Tlv, tag: int = 0x30) -> Tlv:
    return Tlv(tag, b"".join(map(encode, parts)))


def decode(data: bytes) -> list[Tlv]:
    found, at = [], 0
    while at < len(data):
        tag, n = data[at], data[at + 1]
        at += 2
        if n & 0x80:
            width = n & 0x7F
            n = int.from_bytes(data[at : at + width], "big")
            at += width
        found.append(Tlv(tag, data[at : at + n]))
        at += n
    return found


def number(tlv: Tlv) -> int:
    return int.from_bytes(tlv.content, "big", signed=True)


def dotted(tlv: Tlv) -> str:
    arcs, arc = [], 0
    for byte in tlv.content:
        arc = arc << 7 | byte & 0x7F
        if not byte & 0x80:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - first * 40, *arcs[1:])))


def arcs_of(oid: str) -> tuple[int, ...]:
    return tuple(map(int, oid.split(".")))


@dataclass
class Faults:
    """What goes wrong, until it is switched off."""

    silent: bool = False
    drop_next: int = 0
    """Requests that get lost."""
    delay_s: float = 0.0
    duplicate: int = 0
    """So many more copies of each reply."""
    foreign_request_id_first: bool = False
    from_another_address: bool = False
    too_big_above: int | None = None
    """tooBig when a request has, or a GETBULK reply would have, more varbinds."""
    gen_err_above: int | None = None
    cut_bulk_to: int | None = None
    not_increasing: bool = False
    """GETNEXT and GETBULK answer with the same OIDs for ever."""
    garbage: bool = False
    silent_above: int | None = None
    """No answer at all to more varbinds: a reply that is fragmented and lost."""


@dataclass
class FaultAgent(asyncio.DatagramProtocol):
    """`async with FaultAgent({...}) as agent` serves on 127.0.0.1:agent.port; `requests` keeps what it was asked."""

    mib: Mapping[str, Tlv]
    community: bytes = b"public"
    faults: Faults = field(default_factory=Faults)
    requests: list[tuple[int, int, list[str]]] = field(default_factory=list)
    """(PDU tag, request id, OIDs)"""
    overlapping: int = 0

    async def __aenter__(self):
        self.asked = asyncio.Event()
        self._order = sorted(map(arcs_of, self.mib))
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        self.port = self._transport.get_extra_info("sockname")[1]
        self._stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._stranger.bind(("127.0.0.2", 0))
        return self

    async def __aexit__(self, *_):
        self._transport.close()
        self._stranger.close()

    def datagram_received(self, data, addr):
        (message,) = decode(data)
        version, community, pdu = decode(message.content)
        if community.content != self.community:
            return
        request_id, _, repetitions, bindings = decode(pdu.content)
        oids = [dotted(decode(binding.content)[0]) for binding in decode(bindings.content)]
        self.requests.append((pdu.tag, number(request_id), oids))
        self.asked.set()
        faults = self.faults
        if faults.silent or (faults.silent_above is not None and len(oids) > faults.silent_above):
            return
        if faults.drop_next:
            faults.drop_next -= 1
            return
        status, index, answers = self._answer(pdu.tag, number(version), oids, number(repetitions))
        reply_pdu = lambda ident: sequence(  # noqa: E731
            integer(ident),
            integer(status),
            integer(index),
            sequence(*(sequence(object_id(o), v) for o, v in answers)),
            tag=RESPONSE,
        )
        wire = lambda ident: encode(sequence(version, community, reply_pdu(ident)))  # noqa: E731
        replies = [wire(number(request_id))] * (1 + faults.duplicate)
        if faults.foreign_request_id_first:
            replies.insert(0, wire(number(request_id) ^ 0x55))
        if faults.garbage:
            replies = [b"\x30\x82\x01\x00not snmp at all"]
        for reply in replies:
            if faults.delay_s:
                asyncio.get_running_loop().call_later(faults.delay_s, self._send, reply, addr)
            else:
                self._send(reply, addr)

    def _send(self, reply, addr):
        if self.faults.from_another_address:
            self._stranger.sendto(reply, addr)
        elif not self._transport.is_closing():
            self._transport.sendto(reply, addr)

    def _answer(self, tag, version, oids, repetitions):
        faults, asked = self.faults, [(oid, NULL) for oid in oids]
        if faults.gen_err_above is not None and len(oids) > faults.gen_err_above:
            return GEN_ERR, 1, asked
        if (
            faults.too_big_above is not None
            and len(oids) * (repetitions if tag == GETBULK else 1) > faults.too_big_above
        ):
            # RFC 3416 4.2.1: the reply to a tooBig has an empty list; RFC 1157 4.1.2 repeats the request's.
            return TOO_BIG, 0, [] if version else asked
        if tag == GET:
            answers = [(oid, self._value(oid)) for oid in oids]
        elif tag == GETNEXT:
            answers = [self._next(oid) for oid in oids]
        else:
            answers, row = [], oids
            for _ in range(repetitions):
                fresh = [self._next(oid) for oid in row]
                answers += fresh
                row = [oid for oid, _ in fresh]
            answers = answers[: faults.cut_bulk_to] if faults.cut_bulk_to else answers
        if version == 0:
            missing = next((i for i, (_, v) in enumerate(answers, 1) if v.tag in {0x80, 0x81, 0x82}), 0)
            if missing:
                return NO_SUCH_NAME, missing, asked
        return 0, 0, answers

    def _value(self, oid):
        if oid in self.mib:
            return self.mib[oid]
        column = oid.rsplit(".", 1)[0]
        known = any(other.startswith(column + ".") for other in self.mib)
        return Tlv(NO_SUCH_INSTANCE if known else NO_SUCH_OBJECT)

    def _next(self, oid):
        if self.faults.not_increasing and oid in self.mib:
            return oid, self.mib[oid]
        at = bisect_right(self._order, arcs_of(oid))
        if at == len(self._order):
            return oid, Tlv(END_OF_MIB_VIEW)
        found = ".".join(map(str, self._order[at]))
        return found, self.mib[found]
