"""Ports that a demonstration has chosen, kept from others that choose before its parts listen.

Each port is a byte of one file, locked by the process that chose it. Such locks end with the process, however it ends, and go on
where it replaces itself by another program (`btswatch.supervise.become`). They are between processes of one user: nothing
else on the machine asks for them.
"""

import fcntl
import os
import socket
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

# UDP ports come after the TCP ports.
_OFFSETS: Final = {socket.SOCK_STREAM: 0, socket.SOCK_DGRAM: 1 << 16}
# For the process itself its locks are no hindrance.
_ours: Final[set[tuple[socket.SocketKind, int]]] = set()


def claim(kind: socket.SocketKind, first: int, count: int = 1) -> bool:
    """Keep `count` ports from `first` on until this process ends; False where another one has one of them.

    Raises:
        OSError: the file of claims can't be used.
    """
    try:
        fcntl.lockf(_file(), fcntl.LOCK_EX | fcntl.LOCK_NB, count, _OFFSETS[kind] + first)
    except (BlockingIOError, PermissionError):
        return False
    _ours.update((kind, port) for port in range(first, first + count))
    return True


def is_ours(kind: socket.SocketKind, port: int) -> bool:
    """Whether this process has claimed it."""
    return (kind, port) in _ours


@cache
def _file() -> int:
    """Never closed: the first close of it, by whatever descriptor, would end all locks of the process."""
    path = Path(tempfile.gettempdir()) / f"btswatch-ports-{os.getuid()}"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    os.set_inheritable(descriptor, True)
    return descriptor
