"""One pysnmp engine for up to 500 targets, used through its native API (`entity.config`, `rfc3413.cmdgen`).

Why so: an engine per call costs half a second; the high-level API costs twice as much as the native one; and each target
that is added after replies came makes pysnmp rebuild a map over all of them, which is quadratic. So targets are
registered together where they are known, and a shard is small enough for the rest not to hurt.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from pyasn1.error import PyAsn1Error
from pysnmp.carrier.asyncio.dgram import udp, udp6
from pysnmp.entity import config
from pysnmp.entity.engine import SnmpEngine as PysnmpEngine
from pysnmp.entity.rfc3413 import cmdgen
from pysnmp.error import PySnmpError
from pysnmp.proto import errind
from pysnmp.proto.rfc1902 import Null, ObjectName

from ingest.snmp.engine import Report, Target
from ingest.snmp.wire import CredentialRefusedError, GarbledError, SilenceError
from schemas.credentials import AuthProtocol, Credential, PrivProtocol, UsmUser

SHARD_SIZE = 500
_AUTH = {
    None: config.USM_AUTH_NONE,
    AuthProtocol.SHA: config.USM_AUTH_HMAC96_SHA,
    AuthProtocol.SHA_224: config.USM_AUTH_HMAC128_SHA224,
    AuthProtocol.SHA_256: config.USM_AUTH_HMAC192_SHA256,
    AuthProtocol.SHA_384: config.USM_AUTH_HMAC256_SHA384,
    AuthProtocol.SHA_512: config.USM_AUTH_HMAC384_SHA512,
}
# Of the two ways to lengthen a short key Blumenthal's is what net-snmp and gufo take.
_PRIV = {
    None: config.USM_PRIV_NONE,
    PrivProtocol.AES_128: config.USM_PRIV_CFB128_AES,
    PrivProtocol.AES_192: config.USM_PRIV_CFB192_AES_BLUMENTHAL,
    PrivProtocol.AES_256: config.USM_PRIV_CFB256_AES_BLUMENTHAL,
}
_REPORTS = {
    errind.UnknownUserName: Report.UNKNOWN_USER,
    errind.WrongDigest: Report.WRONG_DIGEST,
    errind.UnknownEngineID: Report.UNKNOWN_ENGINE_ID,
    errind.NotInTimeWindow: Report.NOT_IN_TIME_WINDOW,
    errind.UnsupportedSecurityLevel: Report.UNSUPPORTED_SECURITY_LEVEL,
    errind.DecryptionError: Report.DECRYPTION_ERROR,
    errind.AuthenticationFailure: Report.UNSPECIFIED,
}
Pair = tuple[ObjectName, Any]


class _KnownSendersOnly(udp.UdpTransport):  # type: ignore[misc] # pysnmp's types are Any
    """Pysnmp takes a reply from whoever sends it: only targets are heard here."""

    def __init__(self, known: Callable[[tuple[str, int]], bool]) -> None:
        super().__init__()
        self._known = known

    def datagram_received(self, datagram: bytes, address: Any) -> None:
        if self._known((address[0], address[1])):
            super().datagram_received(datagram, address)


class _KnownSendersOnly6(udp6.Udp6Transport):  # type: ignore[misc] # pysnmp's types are Any
    def __init__(self, known: Callable[[tuple[str, int]], bool]) -> None:
        super().__init__()
        self._known = known

    def datagram_received(self, datagram: bytes, address: Any) -> None:
        if self._known((address[0], address[1])):
            super().datagram_received(datagram, address)


class Shard:
    """One pysnmp engine and the targets that it knows."""

    def __init__(self) -> None:
        self._engine = PysnmpEngine()
        self._targets: dict[str, tuple[str, int]] = {}
        self._senders: set[tuple[str, int]] = set()
        self._users: dict[str, Credential] = {}
        self._prepared: set[str] = set()
        self._names: dict[Credential, str] = {}
        self._get = cmdgen.GetCommandGenerator()
        self._bulk = cmdgen.BulkCommandGeneratorSingleRun()
        self._next = cmdgen.NextCommandGeneratorSingleRun()
        config.add_transport(self._engine, udp.DOMAIN_NAME, _KnownSendersOnly(self._knows).open_client_mode())
        self._has_ipv6 = False

    def __len__(self) -> int:
        return len(self._targets)

    def accepts(self, credential: Credential) -> bool:
        """Whether there is room. Two keys of one user name can't live in one engine."""
        clash = isinstance(credential, UsmUser) and self._users.get(credential.user) not in {
            None,
            credential,
        }
        return len(self) < SHARD_SIZE and not clash

    def add(self, target: Target, address: str) -> None:
        """Register the target."""
        ipv6 = ":" in address
        if ipv6 and not self._has_ipv6:
            transport = _KnownSendersOnly6(self._knows).open_client_mode()
            config.add_transport(self._engine, udp6.DOMAIN_NAME, transport)
            self._has_ipv6 = True
        config.add_target_address(
            self._engine,
            _key(target.id),
            udp6.DOMAIN_NAME if ipv6 else udp.DOMAIN_NAME,
            (address, target.port),
            self._prepare(target.credential),
            # Hundredths of a second. Our own timer is exact, pysnmp's ticks every half a second.
            timeout=round(target.timeout_s * 100),
            retryCount=0,
        )
        self._targets[target.id] = (address, target.port)
        self._senders.add((address, target.port))

    def remove(self, target_id: str) -> None:
        """Unregister the target."""
        if self._targets.pop(target_id, None):
            config.delete_target_address(self._engine, _key(target_id))
            self._senders = set(self._targets.values())

    def close(self) -> None:
        """Close sockets and timers."""
        self._engine.close_dispatcher()

    async def get(self, target: Target, oids: Sequence[str]) -> tuple[str, int, Sequence[Pair]]:
        """GET: error-status ("" for none), error-index, varbinds.

        Raises:
            WireError: no answer of the agent.
        """
        return await self._ask(target, self._get.send_varbinds, (), oids)

    async def get_bulk(self, target: Target, oid: str, repetitions: int) -> tuple[str, int, Sequence[Pair]]:
        """GETBULK of one column; on SNMPv1 GETNEXT."""
        if isinstance(target.credential, UsmUser) or target.credential.version != "1":
            return await self._ask(target, self._bulk.send_varbinds, (0, repetitions), (oid,))
        return await self._ask(target, self._next.send_varbinds, (), (oid,))

    async def _ask(
        self, target: Target, send: Callable[..., object], counts: tuple[int, ...], oids: Sequence[str]
    ) -> tuple[str, int, Sequence[Pair]]:
        context = target.credential.context if isinstance(target.credential, UsmUser) else ""
        done: asyncio.Future[tuple[str, int, Sequence[Pair]]] = asyncio.get_running_loop().create_future()

        def answered(
            _engine: object, _handle: object, indication: Any, status: Any, index: Any, pairs: Any, _: object
        ) -> None:
            if done.done():
                return
            if indication:
                done.set_exception(_error(indication))
            else:
                done.set_result((status.prettyPrint() if status else "", int(index), pairs))

        try:
            names = [(ObjectName(oid), Null("")) for oid in oids]
            send(self._engine, _key(target.id), None, context, *counts, names, answered)
        except (PySnmpError, PyAsn1Error) as error:
            raise GarbledError(" ".join(str(error).split())) from error
        try:
            async with asyncio.timeout(target.timeout_s):
                return await done
        except TimeoutError as error:
            raise SilenceError from error

    def _knows(self, sender: tuple[str, int]) -> bool:
        return sender in self._senders

    def _prepare(self, credential: Credential) -> str:
        """Register the credential once; its name among the target parameters."""
        if credential in self._names:
            return self._names[credential]
        name = f"c{len(self._names)}"
        if isinstance(credential, UsmUser):
            config.add_v3_user(
                self._engine,
                credential.user,
                _AUTH[credential.auth_protocol],
                credential.auth_key,
                _PRIV[credential.priv_protocol],
                credential.priv_key,
            )
            level = "authPriv" if credential.priv_protocol else "authNoPriv"
            level = level if credential.auth_protocol else "noAuthNoPriv"
            config.add_target_parameters(self._engine, name, credential.user, level, 3)
            self._users[credential.user] = credential
        else:
            # One entry per community string: two would make pysnmp guess which of them a reply is from.
            community = f"s{credential.community}"
            if community not in self._prepared:
                config.add_v1_system(self._engine, community, credential.community)
                self._prepared.add(community)
            model = 0 if credential.version == "1" else 1
            config.add_target_parameters(self._engine, name, community, "noAuthNoPriv", model)
        self._names[credential] = name
        return name


def _key(target_id: str) -> str:
    """Names in SNMP-TARGET-MIB are at most 32 octets long."""
    return target_id if len(target_id.encode()) <= 32 else f"{hash(target_id):x}"


def _error(indication: Any) -> Exception:
    kind = type(indication)
    if kind is errind.RequestTimedOut:
        return SilenceError()
    if kind in _REPORTS:
        return CredentialRefusedError(_REPORTS[kind], str(indication))
    return GarbledError(str(indication))
