"""Addresses for thousands of agents without privileges.

On Linux all of 127.0.0.0/8 is this machine: one socket per port serves every address, told apart by IP_PKTINFO.
Elsewhere each agent has its own port on 127.0.0.1.
"""

import asyncio
import socket
import struct
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address

# linux/in.h; Python has no name for it.
_IP_PKTINFO = 8
_PKTINFO = struct.Struct("=i4s4s")
_FIRST = IPv4Address("127.100.0.1")
_DRAIN = 64
_LARGEST = 65_535
_BUFFER = 4 << 20
ONE_SOCKET = sys.platform == "linux"

Local = tuple[str, int]
Received = Callable[[Local, bytes, Local], None]
"""Called with the agent's address, the datagram and the sender's address."""


def loopback_addresses(count: int, port: int, *, one_socket: bool = ONE_SOCKET) -> list[Local]:
    """So many agents' addresses: one port and an address each, or one address and a port each.

    Raises:
        ValueError: there are not so many.
    """
    if one_socket:
        return [(str(_FIRST + number), port) for number in range(count)]
    if port + count > 65_536:
        raise ValueError(f"{count} agents from port {port} on: only {65_536 - port} ports are left")
    return [("127.0.0.1", port + number) for number in range(count)]


class AgentSockets:
    """Receives for all agents, and sends in their names."""

    def __init__(self, addresses: Iterable[Local], received: Received) -> None:
        self._addresses = frozenset(addresses)
        self._on_port = Counter(port for _, port in self._addresses)
        self._received = received
        self._shared: dict[int, socket.socket] = {}
        self._own: dict[Local, socket.socket] = {}

    def open(self) -> None:
        """Bind.

        Raises:
            OSError: an address can't be bound.
        """
        try:
            for address in sorted(self._addresses):
                self._open(address)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Unbind."""
        for opened in (*self._shared.values(), *self._own.values()):
            asyncio.get_running_loop().remove_reader(opened.fileno())
            opened.close()
        self._shared.clear()
        self._own.clear()

    def send(self, local: Local, data: bytes, remote: Local) -> None:
        """Send from an agent's address. What the kernel has no room for is lost, as on any network."""
        host, port = local
        try:
            if local in self._own:
                self._own[local].sendto(data, remote)
            elif port in self._shared:
                source = _PKTINFO.pack(0, socket.inet_aton(host), bytes(4))
                ancillary = [(socket.IPPROTO_IP, _IP_PKTINFO, source)]
                self._shared[port].sendmsg([data], ancillary, 0, remote)
        except (BlockingIOError, ConnectionRefusedError):
            return

    def _open(self, address: Local) -> None:
        host, port = address
        shared = ONE_SOCKET and host.startswith("127.") and self._on_port[port] > 1
        if shared and port in self._shared:
            return
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            opened.setblocking(False)
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER if shared else 1 << 16)
            if shared:
                opened.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
            # The wildcard hears other interfaces too; what doesn't go to an agent's loopback address is dropped.
            opened.bind(("0.0.0.0" if shared else host, port))  # noqa: S104
        except BaseException:
            opened.close()
            raise
        loop = asyncio.get_running_loop()
        if shared:
            self._shared[port] = opened
            loop.add_reader(opened.fileno(), self._drain_shared, opened, port)
        else:
            self._own[address] = opened
            loop.add_reader(opened.fileno(), self._drain_own, opened, address)

    def _drain_shared(self, opened: socket.socket, port: int) -> None:
        for _ in range(_DRAIN):
            try:
                data, ancillary, _, remote = opened.recvmsg(_LARGEST, socket.CMSG_SPACE(_PKTINFO.size))
            except (BlockingIOError, ConnectionRefusedError):
                return
            for level, kind, content in ancillary:
                if level == socket.IPPROTO_IP and kind == _IP_PKTINFO:
                    local = (socket.inet_ntoa(_PKTINFO.unpack(content[: _PKTINFO.size])[2]), port)
                    if local in self._addresses:
                        self._received(local, data, remote)

    def _drain_own(self, opened: socket.socket, address: Local) -> None:
        for _ in range(_DRAIN):
            try:
                data, remote = opened.recvfrom(_LARGEST)
            except (BlockingIOError, ConnectionRefusedError):
                return
            self._received(address, data, remote)
