"""Is anybody there? One datagram that every SNMPv3 agent answers without credentials (discovery, RFC 3414 section 4).

Silence has several reasons, and they are different findings: the port is closed (ICMP), the agent is there and drops what
it can't decrypt, or nothing answers. This asks on a socket of its own, whichever engine met the silence.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

_BEFORE_ID, _BEFORE_REQUEST = bytes.fromhex("303e0201033011"), bytes.fromhex("301404000400a00e")
_NO_AUTH_REPORTABLE = bytes.fromhex("020300ffe3040104020103")
_EMPTY_USM = bytes.fromhex("0410300e0400020100020100040004000400")
_EMPTY_GET = bytes.fromhex("0201000201003000")


@dataclass(frozen=True, slots=True)
class Probed:
    """What came back: the engine ID of an SNMPv3 agent, or the network's refusal, or neither."""

    engine_id: bytes | None = None
    refused: str | None = None


async def probe(host: str, port: int, timeout_s: float, message_id: int) -> Probed:
    """Send discovery and wait at most `timeout_s`."""
    loop = asyncio.get_running_loop()
    found: asyncio.Future[Probed] = loop.create_future()
    try:
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Listener(found.set_result, found.done), remote_addr=(host, port)
        )
    except OSError as error:
        return Probed(refused=str(error))
    try:
        transport.sendto(_discovery(message_id))
        async with asyncio.timeout(timeout_s):
            return await found
    except TimeoutError:
        return Probed()
    finally:
        transport.close()


class _Listener(asyncio.DatagramProtocol):
    def __init__(self, report: Callable[[Probed], None], done: Callable[[], bool]) -> None:
        self._report = report
        self._done = done

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 - the protocol's signature
        engine_id = _engine_id(data)
        if engine_id and not self._done():
            self._report(Probed(engine_id=engine_id))

    def error_received(self, exc: Exception) -> None:
        if not self._done():
            self._report(Probed(refused=str(exc)))


def _discovery(message_id: int) -> bytes:
    number = bytes((2, 4)) + (message_id & 0x7FFFFFFF).to_bytes(4, "big")
    return b"".join(
        (_BEFORE_ID, number, _NO_AUTH_REPORTABLE, _EMPTY_USM, _BEFORE_REQUEST, number, _EMPTY_GET)
    )


def _engine_id(message: bytes) -> bytes | None:
    """The authoritative engine ID of an SNMPv3 message, None for anything else."""
    try:
        version, _, usm, *_ = _contents(_contents(message)[0])
        return _contents(_contents(usm)[0])[0] if version == b"\x03" else None
    except (IndexError, ValueError):
        return None


def _contents(data: bytes) -> list[bytes]:
    """The contents of the BER values in a row.

    Raises:
        IndexError: the data end within a value.
    """
    found, at = [], 0
    while at < len(data):
        length = data[at + 1]
        at += 2
        if length & 0x80:
            width = length & 0x7F
            length = int.from_bytes(data[at : at + width], "big")
            at += width
        if at + length > len(data):
            raise IndexError(at)
        found.append(data[at : at + length])
        at += length
    return found
