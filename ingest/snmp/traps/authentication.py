"""From a datagram to a notification: whose it is, and how far it can be believed.

A reading depends on the datagram, the time it was received and what came before, never on the present: the decoder
may run seconds or, after a crash, hours behind the receiver.
"""

from collections.abc import Iterable, Mapping

from ingest.snmp.authoritative import TIME_WINDOW_S
from ingest.snmp.ber import DecodeError
from ingest.snmp.message import CommunityMessage, Flags, UsmParameters, V3Message, decode_message
from ingest.snmp.traps.clocks import Clocks, Timeliness
from ingest.snmp.traps.identity import Identity
from ingest.snmp.traps.notification import Notification, Passed, Quarantined, TrapRefusal, notification
from ingest.snmp.usm import DecryptionError, UserKeys, opened, verify
from schemas.credentials import Community, Credential, UsmUser

Reading = Notification | Quarantined | Passed


def users_of(credentials: Iterable[Credential]) -> dict[bytes, tuple[UserKeys, ...]]:
    """The USM users by user name: two credentials may share a name with different keys."""
    found: dict[bytes, tuple[UserKeys, ...]] = {}
    for each in credentials:
        if isinstance(each, UsmUser):
            name = each.user.encode()
            found[name] = (*found.get(name, ()), UserKeys(each))
    return found


class Authentication:
    """Reads datagrams in the order in which they were received."""

    def __init__(
        self,
        communities: Iterable[Credential],
        users: Mapping[bytes, tuple[UserKeys, ...]],
        identity: Identity,
        clocks: Clocks,
    ) -> None:
        self._communities = frozenset(c.community.encode() for c in communities if isinstance(c, Community))
        self._users = users
        self._identity = identity
        self._clocks = clocks

    def read(self, data: bytes, received_ms: int) -> Reading:
        """What the datagram says. Never raises for what it holds."""
        try:
            message = decode_message(data)
        except DecodeError as error:
            return Quarantined(TrapRefusal.MALFORMED, str(error))
        if isinstance(message, V3Message):
            return self._read_v3(data, message, received_ms)
        return self._read_community(message)

    def _read_community(self, message: CommunityMessage) -> Reading:
        if message.community not in self._communities:
            # Not quoted: it may be somebody's password, typed into the wrong field.
            return Quarantined(TrapRefusal.UNKNOWN_COMMUNITY, "credentials.toml has no such community")
        return notification(message.pdu)

    def _read_v3(self, data: bytes, message: V3Message, received_ms: int) -> Reading:
        usm = message.usm
        ours = usm.engine_id == self._identity.engine_id
        if message.flags & Flags.REPORTABLE and not ours:
            return Passed.DISCOVERY
        candidates = self._users.get(usm.user, ())
        if not candidates:
            return Quarantined(TrapRefusal.UNKNOWN_USER, f"user {usm.user.decode('utf-8', 'replace')!r}")
        level = message.flags & (Flags.AUTH | Flags.PRIV)
        fitting = [keys for keys in candidates if keys.level == level]
        if not fitting:
            return Quarantined(
                TrapRefusal.UNSUPPORTED_LEVEL, "its user is known with another level of security"
            )
        if not level & Flags.AUTH:
            return self._opened(fitting[0], message, None)
        keys = next((each for each in fitting if verify(each, data, message)), None)
        if keys is None:
            return Quarantined(TrapRefusal.WRONG_DIGEST, "no user of this name has its key")
        timeliness = self._time_of_inform(usm, received_ms) if ours else self._clocks.check(usm, received_ms)
        if timeliness is Timeliness.STALE:
            detail = f"boots {usm.boots}, time {usm.engine_time}: older than what this engine sent before"
            return Quarantined(TrapRefusal.NOT_IN_TIME_WINDOW, detail)
        if timeliness is Timeliness.REPEATED:
            return Passed.REPEATED
        return self._opened(keys, message, keys.user.name)

    def _time_of_inform(self, usm: UsmParameters, received_ms: int) -> Timeliness:
        """RFC 3414 section 3.2.7a, by our boot that ran when it came."""
        boot = self._identity.boot_at(received_ms)
        engine_time = (received_ms - boot.started_ms) // 1000
        if usm.boots != boot.number or abs(usm.engine_time - engine_time) > TIME_WINDOW_S:
            return Timeliness.STALE
        return self._clocks.once(usm, received_ms)

    @staticmethod
    def _opened(keys: UserKeys, message: V3Message, user: str | None) -> Reading:
        try:
            return notification(opened(keys, message).pdu, user)
        except DecryptionError as error:
            return Quarantined(TrapRefusal.DECRYPTION_ERROR, str(error))
