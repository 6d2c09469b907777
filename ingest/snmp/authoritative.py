"""The authoritative side of SNMPv3 (RFC 3414 section 3.2): an engine that is asked, or that informs are sent to.

It answers discovery and everything that it refuses with a Report, and takes only messages of its own engine ID, boot
and time. The inform receiver and the simulated agents are such engines.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from ingest.snmp.ber import Binding, Tag
from ingest.snmp.message import Flags, Pdu, PduType, ScopedPdu, UsmParameters, V3Message
from ingest.snmp.usm import DecryptionError, UserKeys, opened, sealed, verify

# RFC 3414 section 2.2.3.
TIME_WINDOW_S = 150
MAX_BOOTS = 0x7FFF_FFFF
MAX_SIZE = 65_507


class Stat(StrEnum):
    """The counters of RFC 3414 section 5, by which a Report says what was wrong: the object's OID."""

    UNSUPPORTED_LEVEL = "1.3.6.1.6.3.15.1.1.1.0"
    NOT_IN_TIME_WINDOW = "1.3.6.1.6.3.15.1.1.2.0"
    UNKNOWN_USER = "1.3.6.1.6.3.15.1.1.3.0"
    UNKNOWN_ENGINE_ID = "1.3.6.1.6.3.15.1.1.4.0"
    WRONG_DIGEST = "1.3.6.1.6.3.15.1.1.5.0"
    DECRYPTION_ERROR = "1.3.6.1.6.3.15.1.1.6.0"


class Accepted(NamedTuple):
    """A message that is what it says: the user's keys, the plain scoped PDU, and the message for its answer."""

    keys: UserKeys
    scoped: ScopedPdu
    message: V3Message


class Rejected(NamedTuple):
    """A message that is not taken, and the Report to send back (None where it must not be answered)."""

    stat: Stat
    report: bytes | None


@dataclass
class AuthoritativeEngine:
    """One engine.

    `users` by user name; several may share one (two enterprises), then the MAC tells whose a message is. `boots` counts
    the starts; `started_ms` and `now_ms` are of one clock.
    """

    engine_id: bytes
    boots: int
    started_ms: int
    users: Mapping[bytes, tuple[UserKeys, ...]]
    now_ms: Callable[[], int]
    salt: int
    """Where its salts begin: random, so that a lost boots counter does not repeat an IV."""
    stats: dict[Stat, int] = field(default_factory=dict)

    @property
    def engine_time(self) -> int:
        """Seconds since this boot."""
        return max(0, self.now_ms() - self.started_ms) // 1000

    def accept(self, data: bytes, message: V3Message) -> Accepted | Rejected:
        """Check a message in the order of RFC 3414 section 3.2."""
        usm = message.usm
        if usm.engine_id != self.engine_id:
            return self._reject(Stat.UNKNOWN_ENGINE_ID, message)
        candidates = self.users.get(usm.user, ())
        if not candidates:
            return self._reject(Stat.UNKNOWN_USER, message)
        level = message.flags & (Flags.AUTH | Flags.PRIV)
        fitting = [
            keys for keys in candidates if not level & ~keys.level and not keys.level & ~level & Flags.AUTH
        ]
        if not fitting:
            return self._reject(Stat.UNSUPPORTED_LEVEL, message)
        signed = fitting if not level & Flags.AUTH else [k for k in fitting if verify(k, data, message)]
        if not signed:
            return self._reject(Stat.WRONG_DIGEST, message)
        keys = signed[0]
        if level & Flags.AUTH and not self._timely(usm):
            return self._reject(Stat.NOT_IN_TIME_WINDOW, message, keys)
        if level != keys.level:
            # Only the clock may be asked for without privacy (RFC 3414 section 4).
            return self._reject(Stat.UNSUPPORTED_LEVEL, message)
        try:
            return Accepted(keys, opened(keys, message), message)
        except DecryptionError:
            return self._reject(Stat.DECRYPTION_ERROR, message)

    def respond(self, accepted: Accepted, pdu: Pdu) -> bytes:
        """The answer, at the level of the question and in its context (RFC 3412 section 7.1)."""
        flags = accepted.message.flags & (Flags.AUTH | Flags.PRIV)
        return self._seal(accepted.keys, accepted.message, flags, accepted.scoped._replace(pdu=pdu))

    def notify(self, keys: UserKeys, pdu: Pdu, msg_id: int) -> bytes:
        """A trap of this engine: the sender of a trap is the authoritative side."""
        asked = V3Message(msg_id, MAX_SIZE, keys.level, UsmParameters(user=keys.user.user.encode()), b"")
        return self._seal(keys, asked, keys.level, ScopedPdu(self.engine_id, keys.user.context.encode(), pdu))

    def _timely(self, usm: UsmParameters) -> bool:
        return (
            usm.boots == self.boots < MAX_BOOTS and abs(usm.engine_time - self.engine_time) <= TIME_WINDOW_S
        )

    def _reject(self, stat: Stat, message: V3Message, keys: UserKeys | None = None) -> Rejected:
        self.stats[stat] = self.stats.get(stat, 0) + 1
        if not message.flags & Flags.REPORTABLE:
            return Rejected(stat, None)
        request_id = 0 if isinstance(message.scoped, bytes) else message.scoped.pdu.request_id
        counter = Binding(stat, Tag.COUNTER32, self.stats[stat] & 0xFFFF_FFFF)
        pdu = Pdu(PduType.REPORT, request_id, 0, 0, (counter,))
        # Only the time report is signed (3.2.7a): the asker sets its clock by it.
        flags = Flags.AUTH if keys is not None else 0
        return Rejected(stat, self._seal(keys, message, flags, ScopedPdu(self.engine_id, b"", pdu)))

    def _seal(self, keys: UserKeys | None, asked: V3Message, flags: int, scoped: ScopedPdu) -> bytes:
        self.salt += 1
        usm = UsmParameters(self.engine_id, self.boots, self.engine_time, asked.usm.user)
        return sealed(keys, V3Message(asked.msg_id, MAX_SIZE, flags, usm, scoped), self.salt)
