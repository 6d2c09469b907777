"""Asking for polls before their turn: what traps do. In one process by a call, from another by a datagram.

A datagram holds ids of devices (`host:port`) or elements, a line each. It is a hint: a lost one costs nothing but time,
the regular turn comes anyway.
"""

import asyncio
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from stores.doorbell import socket_address

_MAX_DATAGRAM = 64 * 1024
_MAX_SENT = 32 * 1024


class PollNow(Protocol):
    """Takes requests for polls."""

    def request(self, ids: Iterable[str]) -> int:
        """Poll these devices, or the devices that show these elements, soon; how many devices that were."""


class PollNowSocket:
    """Listens at `path` and passes what comes to `target`."""

    def __init__(self, path: Path, target: PollNow) -> None:
        self._path = path
        self._target = target
        self._socket: socket.socket | None = None

    def open(self) -> None:
        """Bind, taking over a socket that a killed process left behind; needs a running loop."""
        self._path.unlink(missing_ok=True)
        bound = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            bound.setblocking(False)
            with socket_address(self._path) as address:
                bound.bind(address)
            # Only the product's own user may make the poller send packets.
            self._path.chmod(0o600)
        except BaseException:
            bound.close()
            raise
        self._socket = bound
        asyncio.get_running_loop().add_reader(bound, self._read, bound)

    def close(self) -> None:
        """Unbind; requests then reach nobody."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None
            self._path.unlink(missing_ok=True)

    def _read(self, bound: socket.socket) -> None:
        try:
            datagram = bound.recv(_MAX_DATAGRAM)
        except BlockingIOError:
            return
        self._target.request(line for line in datagram.decode("utf-8", "replace").splitlines() if line)


def send_poll_now(path: Path, ids: Iterable[str]) -> bool:
    """Ask the poller that listens at `path`; False where nobody listens or its queue is full. Never blocks."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        try:
            with socket_address(path) as address:
                for datagram in _datagrams(ids):
                    sender.sendto(datagram, address)
        except (FileNotFoundError, ConnectionRefusedError, BlockingIOError):
            return False
    return True


def _datagrams(ids: Iterable[str]) -> Iterable[bytes]:
    gathered = b""
    for id_ in ids:
        gathered += id_.encode() + b"\n"
        if len(gathered) >= _MAX_SENT:
            yield gathered
            gathered = b""
    if gathered:
        yield gathered
