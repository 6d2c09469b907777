"""Answers to informs, and to those who ask who we are. Given only once the datagram is in the journal."""

from ingest.snmp.authoritative import Accepted, AuthoritativeEngine
from ingest.snmp.ber import DecodeError, expect, header, integer, octets
from ingest.snmp.message import (
    V2C,
    V3,
    CommunityMessage,
    Flags,
    Pdu,
    PduType,
    V3Message,
    decode_message,
    encode_community,
)


class Informs:
    """Decides what a datagram is answered with.

    A community that is not ours is not answered: the sender shall notice. A v3 message that can't be taken is answered
    with the Report that RFC 3414 asks for.
    """

    def __init__(self, engine: AuthoritativeEngine, communities: frozenset[bytes]) -> None:
        self._engine = engine
        self._communities = communities

    def answer(self, data: bytes) -> bytes | None:
        """The datagram to send back, None for what wants no answer. Never raises for what it holds."""
        try:
            message = decode_message(data) if _may_want_answer(data) else None
        except DecodeError:
            return None
        if message is None:
            return None
        if isinstance(message, V3Message):
            return self._answer_v3(data, message)
        pdu = message.pdu
        wanted = message.version == V2C and message.community in self._communities
        if not wanted or not isinstance(pdu, Pdu) or pdu.type != PduType.INFORM:
            return None
        return encode_community(CommunityMessage(V2C, message.community, _response(pdu)))

    def _answer_v3(self, data: bytes, message: V3Message) -> bytes | None:
        checked = self._engine.accept(data, message)
        if not isinstance(checked, Accepted):
            return checked.report
        pdu = checked.scoped.pdu
        return self._engine.respond(checked, _response(pdu)) if pdu.type == PduType.INFORM else None


def _response(inform: Pdu) -> Pdu:
    return Pdu(PduType.RESPONSE, inform.request_id, 0, 0, inform.bindings)


def _may_want_answer(data: bytes) -> bool:
    """A look at the first bytes: most datagrams are traps, and those are decoded only once, by the decoder."""
    at, end = expect(data, 0, len(data), 0x30)
    version, at = integer(data, at, end)
    if version != V3:
        _, at = octets(data, at, end)
        return header(data, at, end)[0] == PduType.INFORM
    at, end = expect(data, at, end, 0x30)
    _, at = integer(data, at, end)
    _, at = integer(data, at, end)
    flags, _ = octets(data, at, end)
    return bool(flags and flags[0] & Flags.REPORTABLE)
