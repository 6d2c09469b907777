"""A notification in one form, whatever its version (RFC 3584 section 3.1), or why it is none."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ingest.snmp.ber import Binding, Tag
from ingest.snmp.engine import Value
from ingest.snmp.message import Pdu, PduType, TrapV1

SNMP_TRAP_OID = "1.3.6.1.6.3.1.1.4.1.0"
SYS_UP_TIME = "1.3.6.1.2.1.1.3.0"
_GENERIC = "1.3.6.1.6.3.1.1.5"
_ENTERPRISE_SPECIFIC = 6
# net-snmp wraps floats into Opaque (draft-perkins-opaque): 9f 78 04 and 9f 79 08.
_OPAQUE_FLOATS: Mapping[bytes, str] = {b"\x9f\x78\x04": ">f", b"\x9f\x79\x08": ">d"}


class TrapRefusal(StrEnum):
    """Why a datagram is in quarantine; the text beside each says what to look at."""

    MALFORMED = "malformed"  # no SNMP at all, or cut off
    NOT_A_NOTIFICATION = "not_a_notification"  # SNMP, but neither trap nor inform
    UNKNOWN_SENDER = "unknown_sender"  # its address is no agent of the registry
    UNKNOWN_COMMUNITY = "unknown_community"  # credentials.toml has no such community
    UNKNOWN_USER = "unknown_user"  # credentials.toml has no such USM user
    UNSUPPORTED_LEVEL = "unsupported_level"  # less or more security than the user's
    WRONG_DIGEST = "wrong_digest"  # another authentication key
    DECRYPTION_ERROR = "decryption_error"  # another privacy key
    NOT_IN_TIME_WINDOW = "not_in_time_window"  # an old message, or a sender that lost its boots
    FAILED = "failed"  # our fault: see the log


@dataclass(frozen=True, slots=True)
class Notification:
    """What was said. `user` is the credential's name where a USM user signed it, else None: it may be forged."""

    oid: str
    bindings: tuple[Binding, ...]
    user: str | None = None

    def values(self) -> dict[str, Value]:
        """The varbinds as polling would have read them, by OID."""
        return {each.oid: _value(each) for each in self.bindings if not each.tag >= Tag.NO_SUCH_OBJECT}


@dataclass(frozen=True, slots=True)
class Quarantined:
    """No notification that we may act on."""

    code: TrapRefusal
    detail: str


class Passed(StrEnum):
    """What belongs to the protocol and says nothing of a device."""

    DISCOVERY = "discovery"
    """A sender of informs asks who we are, or has our earlier engine ID; it was answered with a Report."""
    REPEATED = "repeated"
    """The same signed message again: an inform whose answer was lost, a datagram doubled, or a replay."""


def notification(pdu: Pdu | TrapV1, user: str | None = None) -> Notification | Quarantined:
    """The notification in a PDU."""
    if isinstance(pdu, TrapV1):
        if pdu.generic < _ENTERPRISE_SPECIFIC:
            return Notification(f"{_GENERIC}.{pdu.generic + 1}", pdu.bindings, user)
        return Notification(f"{pdu.enterprise}.0.{pdu.specific}", pdu.bindings, user)
    if pdu.type not in {PduType.TRAP, PduType.INFORM}:
        return Quarantined(TrapRefusal.NOT_A_NOTIFICATION, f"a PDU with tag {pdu.type:#04x}")
    # RFC 3416 4.2.6: sysUpTime.0 and snmpTrapOID.0 first. Some agents leave the uptime out.
    for each in pdu.bindings[:2]:
        if each.oid == SNMP_TRAP_OID and isinstance(each.value, str) and each.tag == Tag.OBJECT_IDENTIFIER:
            return Notification(each.value, pdu.bindings, user)
    return Quarantined(TrapRefusal.MALFORMED, "snmpTrapOID.0 is not among the first two varbinds")


def _value(binding: Binding) -> Value:
    value = binding.value
    if binding.tag == Tag.OPAQUE and isinstance(value, bytes):
        form = _OPAQUE_FLOATS.get(value[:3])
        if form and len(value) == 3 + struct.calcsize(form):
            return float(struct.unpack(form, value[3:])[0])
    return value
