"""The receiver's socket: a large kernel buffer, and what the kernel dropped all the same."""

import errno
import os
import socket
import sys
from pathlib import Path

# Linux, asm-generic/socket.h. It passes net.core.rmem_max and needs CAP_NET_ADMIN; Python has no name for it.
_SO_RCVBUFFORCE = 33
_PROC = (Path("/proc/net/udp"), Path("/proc/net/udp6"))


def open_socket(host: str, port: int, receive_buffer_bytes: int) -> socket.socket:
    """A bound, non-blocking UDP socket. An IPv6 host takes IPv4 too where it is `::`.

    Raises:
        OSError: the address can't be bound.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_DGRAM)
    try:
        opened.setblocking(False)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        _enlarge(opened, receive_buffer_bytes)
        opened.bind((host, port))
    except OSError as error:
        opened.close()
        raise OSError(error.errno, error.strerror or str(error), f"{host}:{port}") from error
    except BaseException:
        opened.close()
        raise
    return opened


def _enlarge(opened: socket.socket, wanted: int) -> None:
    if sys.platform == "linux":
        try:
            opened.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, wanted)
        except PermissionError:
            pass  # not ours to force: the system's limit holds, and `granted_bytes` tells
        else:
            return
    # macOS refuses what is more than kern.ipc.maxsockbuf instead of cutting it.
    while True:
        try:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, wanted)
        except OSError as error:
            if error.errno != errno.ENOBUFS or wanted <= 4096:
                raise
            wanted //= 2
        else:
            return


def granted_bytes(opened: socket.socket) -> int:
    """The buffer that the kernel granted, in the unit of the request (Linux reports the double)."""
    size = opened.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    return size // 2 if sys.platform == "linux" else size


def kernel_drops(opened: socket.socket) -> int | None:
    """Datagrams dropped because this socket's buffer was full, since it was opened; None where that isn't told."""
    inode = str(os.fstat(opened.fileno()).st_ino)
    for path in _PROC:
        try:
            lines = path.read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[9] == inode:
                return int(fields[12])
    return None
