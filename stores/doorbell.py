"""Doorbells: one process tells another that there is something to read, without polling and without a broker.

A bell is a UNIX datagram socket bound by the one who waits. A ring is an empty hint, never data: what counts
stands in the journal or the ledger, so a lost ring costs a waiter at most its timeout. Rings that come while
nobody is in `wait` are kept by the kernel; many of them are one.
"""

import asyncio
import errno
import os
import select
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

# sun_path holds 108 bytes on Linux and 104 on macOS, with the final NUL.
_LONGEST_PATH = 103


class DoorbellPathError(OSError):
    """The bell's path is longer than a UNIX socket's can be on this system."""


class Doorbell:
    """The bell at `path`.

    `ring` works from any process, at any time. To wait, `open` first (or use it as a context manager);
    one waiter per bell.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._socket: socket.socket | None = None

    def ring(self) -> bool:
        """Wake the waiter. False where nobody waits; never blocks."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ringer:
            ringer.setblocking(False)
            try:
                with socket_address(self.path) as address:
                    ringer.sendto(b"\x00", address)
            except BlockingIOError:
                return True  # its queue is full of rings: it will wake
            except (FileNotFoundError, ConnectionRefusedError):
                return False
            except OSError as error:
                if error.errno != errno.ENOBUFS:  # macOS's word for EAGAIN
                    raise
        return True

    def open(self) -> None:
        """Bind the bell; one left behind by a killed process is taken over."""
        if self._socket is not None:
            return
        self.path.unlink(missing_ok=True)
        waiter = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            waiter.setblocking(False)
            with socket_address(self.path) as address:
                waiter.bind(address)
        except BaseException:
            waiter.close()
            raise
        self._socket = waiter

    def close(self) -> None:
        """Unbind it. Rings then reach nobody."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
            self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def wait(self, timeout_s: float | None) -> bool:
        """Block until it rings; False after `timeout_s` seconds (None: no limit)."""
        waiter = self._bound()
        readable, _, _ = select.select([waiter], [], [], timeout_s)
        if readable:
            _drain(waiter)
        return bool(readable)

    async def wait_async(self, timeout_s: float | None) -> bool:
        """Like `wait`, without holding up the event loop."""
        waiter = self._bound()
        try:
            async with asyncio.timeout(timeout_s):
                await asyncio.get_running_loop().sock_recv(waiter, 16)
        except TimeoutError:
            return False
        _drain(waiter)
        return True

    def _bound(self) -> socket.socket:
        if self._socket is None:
            raise RuntimeError(f"the doorbell {self.path} is not open: call open() before waiting")
        return self._socket


def _drain(waiter: socket.socket) -> None:
    try:
        while True:
            waiter.recv(16)
    except BlockingIOError:
        return


@contextmanager
def socket_address(path: Path) -> Iterator[str]:
    """A name for the UNIX socket at `path` that is short enough to bind or send to.

    Raises:
        DoorbellPathError: the system has none for so long a path.
    """
    if len(os.fsencode(path)) <= _LONGEST_PATH:
        yield str(path)
        return
    if sys.platform != "linux":
        raise DoorbellPathError(
            f"{path} is too long for a UNIX socket: use a data directory with a shorter path"
        )
    # Reached through the directory's descriptor the path is short, however deep it lies.
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)
