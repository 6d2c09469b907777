"""One socket of gufo-snmp per target, with its known faults mended (each has a test in tests/contract/snmp).

Below gufo's public session: it adds and removes a reader and a timer task for every request, which is half to two thirds of
its CPU. Its sockets (`gufo.snmp._fast`, with types in `gufo.snmp.protocol`) are used with a reader that stays.
The requirement is pinned to 0.13 and the contract suite would see a change.

What gufo does, and what is done about it:
- A GET that was answered with an error-status is an empty dict: "too large", the caller asks for less.
- noSuchObject, noSuchInstance and NULL are left out of the dict: NO_SUCH.
- A GETBULK that was answered with an error-status looks like the end of the MIB: the end is verified.
- The first request after an agent's restart fails as unauthenticated: repeated once.
- A changed engine ID never recovers: a new socket (`renew`).
- A timeout and an ICMP error are both TimeoutError: only an ICMP error comes from the socket itself.
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from gufo.snmp import NoSuchInstance, SnmpAuthError, SnmpError
from gufo.snmp._fast import GetIter, SnmpV1ClientSocket, SnmpV3ClientSocket

from ingest.snmp.engine import Report, Value, Varbind, VarbindKind
from ingest.snmp.gufo_socket import GufoSocket, open_socket, usm_user
from ingest.snmp.wire import (
    CredentialRefusedError,
    GarbledError,
    RefusedError,
    SilenceError,
    TooLargeError,
)
from schemas.credentials import Community, Credential, UsmUser

T = TypeVar("T")


class GufoWire:
    """The socket of one target."""

    sees_icmp = True

    def __init__(self, address: str, credential: Credential) -> None:
        self._address = address
        self._credential = credential
        self._loop = asyncio.get_running_loop()
        self._socket: GufoSocket | None = None
        self._fd = -1
        self._closed = False
        self._reader: Callable[[], None] | None = None
        self._absent: set[str] = set()
        self._discovered = isinstance(credential, Community)

    async def get(self, oids: Sequence[str], timeout_s: float) -> tuple[Varbind, ...]:
        """One GET."""
        wanted = list(oids)
        found = await self.request(
            lambda sock: sock.send_get_many(wanted), lambda sock: sock.recv_get_many(), timeout_s
        )
        if found or not oids:
            return tuple(
                Varbind(oid, VarbindKind.VALUE, found[oid])
                if oid in found
                else Varbind(oid, VarbindKind.NO_SUCH)
                for oid in oids
            )
        if self._absent.issuperset(oids):
            return tuple(Varbind(oid, VarbindKind.NO_SUCH) for oid in oids)
        if len(oids) > 1:
            raise TooLargeError("empty answer")
        return (await self._get_alone(oids[0], timeout_s),)

    async def _get_alone(self, oid: str, timeout_s: float) -> Varbind:
        """Of a single object gufo tells more: an exception is noSuch, None is NULL or an error-status."""
        found = await self.lone(oid, timeout_s)
        if found.value is None and isinstance(self._socket, SnmpV1ClientSocket):
            found = Varbind(oid, VarbindKind.NO_SUCH)
        if found.kind is VarbindKind.NO_SUCH:
            self._absent.add(oid)
        elif found.value is None:
            raise TooLargeError("error-status or NULL")
        return found

    async def lone(self, oid: str, timeout_s: float) -> Varbind:
        """GET of one object: NO_SUCH, or a value, which is None for NULL and for an error-status."""

        def receive(sock: GufoSocket) -> Varbind:
            try:
                return Varbind(oid, VarbindKind.VALUE, sock.recv_get())
            except NoSuchInstance:
                return Varbind(oid, VarbindKind.NO_SUCH)

        return await self.request(lambda sock: sock.send_get(oid), receive, timeout_s)

    def column(self, column: str, repetitions: int) -> "GufoColumn":
        """Walk a column, by GETBULK or on v1 by GETNEXT."""
        v1 = isinstance(self._credential, Community) and self._credential.version == "1"
        return GufoColumn(self, column, None if v1 else repetitions)

    async def request(
        self, send: Callable[[GufoSocket], None], receive: Callable[[GufoSocket], T], timeout_s: float
    ) -> T:
        """Send and receive once; on SNMPv3 discover first, and repeat once what fails as unauthenticated.

        Raises:
            WireError: no reply was read.
        """
        if not self._discovered:
            await self._discover(timeout_s)
        try:
            return await self._exchange(send, receive, timeout_s)
        except SnmpAuthError:
            # Its boots or time have moved on, or the credential is bad: the reply has just set gufo's clock.
            try:
                return await self._exchange(send, receive, timeout_s)
            except SnmpAuthError as error:
                self.renew()
                raise CredentialRefusedError(Report.UNSPECIFIED, str(error)) from error

    async def _discover(self, timeout_s: float) -> None:
        if not isinstance(self._credential, UsmUser):
            return
        user = usm_user(self._credential)
        await self._exchange(_send_refresh, _receive_refresh, timeout_s)
        sock = self._open()
        if isinstance(sock, SnmpV3ClientSocket):
            sock.set_keys(
                user.name,
                user.get_auth_alg(),
                user.get_auth_key(),
                user.get_priv_alg(),
                user.get_priv_key(),
            )
        if user.require_auth():
            await self._exchange(_send_refresh, _receive_refresh, timeout_s)
        self._discovered = True

    async def _exchange(
        self, send: Callable[[GufoSocket], None], receive: Callable[[GufoSocket], T], timeout_s: float
    ) -> T:
        sock = self._open()
        done: asyncio.Future[T] = self._loop.create_future()

        def readable() -> None:
            try:
                got = receive(sock)
            except BlockingIOError:
                return
            except Exception as error:  # noqa: BLE001 - it is raised where the request waits
                if not done.done():
                    done.set_exception(error)
            else:
                if not done.done():
                    done.set_result(got)

        timer = self._loop.call_later(timeout_s, _expire, done)
        self._reader = readable
        try:
            send(sock)
            return await done
        except SnmpAuthError:
            raise
        except (TimeoutError, OSError) as error:
            raise RefusedError(str(error)) from error
        except SnmpError as error:
            raise GarbledError(str(error)) from error
        finally:
            self._reader = None
            timer.cancel()

    def _open(self) -> GufoSocket:
        if self._closed:
            raise RefusedError("forgotten while it was asked")
        if self._socket is None:
            try:
                self._socket = open_socket(self._address, self._credential)
            except (OSError, SnmpError) as error:
                raise RefusedError(f"{self._address}: {error}") from error
            self._fd = self._socket.get_fd()
            self._loop.add_reader(self._fd, self._readable)
        return self._socket

    def _readable(self) -> None:
        if self._reader is not None:
            self._reader()
            return
        # A late or repeated reply to a request that is over; an ICMP error that nobody waits for.
        with suppress(OSError):
            os.read(self._fd, 65535)

    def renew(self) -> None:
        """A new socket, discovery and all."""
        self._drop()
        self._discovered = isinstance(self._credential, Community)
        self._absent.clear()

    def close(self) -> None:
        """Close the socket for good."""
        self._closed = True
        self._drop()

    def _drop(self) -> None:
        """Gufo closes a socket when its last reference goes."""
        if self._socket is not None:
            self._loop.remove_reader(self._fd)
            self._socket = None


class GufoColumn:
    """A walk down one column."""

    def __init__(self, wire: GufoWire, column: str, repetitions: int | None) -> None:
        self._wire = wire
        self._column = column
        self._repetitions = repetitions
        self._cursor = GetIter(column, repetitions)
        self._last = column

    async def read(self, timeout_s: float) -> tuple[list[tuple[str, Value]], bool]:
        """The next rows."""
        receive = self._receive_next if self._repetitions is None else self._receive_bulk
        got = await self._wire.request(self._send, receive, timeout_s)
        if got is None:
            await self._verify_the_end(timeout_s)
            return [], True
        pairs = [pair for pair in got if pair is not None]
        if pairs:
            self._last = pairs[-1][0]
        return pairs, len(pairs) < len(got) or not pairs

    def _send(self, sock: GufoSocket) -> None:
        if self._repetitions is None:
            sock.send_get_next(self._cursor)
        else:
            sock.send_get_bulk(self._cursor)

    def _receive_next(self, sock: GufoSocket) -> list[tuple[str, Value] | None] | None:
        return _until_stop(lambda: [sock.recv_get_next(self._cursor)])

    def _receive_bulk(self, sock: GufoSocket) -> list[tuple[str, Value] | None] | None:
        return _until_stop(lambda: sock.recv_get_bulk(self._cursor))

    async def _verify_the_end(self, timeout_s: float) -> None:
        """Gufo gives the end of the MIB and an error-status alike.

        One object after the last that was read: if there is any, the reply was too large. None: at the end a GET of what
        can't exist is noSuch, while an agent that fails doesn't say so. (SNMPv1 has one word for all of it.)
        """
        if self._repetitions is None:
            return
        cursor = GetIter(self._last, 1)
        following = await self._wire.request(
            lambda sock: sock.send_get_bulk(cursor),
            lambda sock: _until_stop(lambda: sock.recv_get_bulk(cursor)),
            timeout_s,
        )
        if following is None:
            beyond = await self._wire.lone(self._column, timeout_s)
        if following is not None or beyond.kind is not VarbindKind.NO_SUCH:
            raise TooLargeError("error-status or tooBig")


def _until_stop(
    receive: Callable[[], list[tuple[str, Value] | None]],
) -> list[tuple[str, Value] | None] | None:
    try:
        return receive()
    except StopAsyncIteration:
        return None


def _send_refresh(sock: GufoSocket) -> None:
    if isinstance(sock, SnmpV3ClientSocket):
        sock.send_refresh()


def _receive_refresh(sock: GufoSocket) -> None:
    if isinstance(sock, SnmpV3ClientSocket):
        sock.recv_refresh()


def _expire(done: "asyncio.Future[T]") -> None:
    if not done.done():
        done.set_exception(SilenceError())
