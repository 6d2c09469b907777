"""Ports that are free now. Somebody else may take one before it is used: then that part says so and is started again."""

import socket
from random import Random
from typing import Final

_LOOPBACK: Final = "127.0.0.1"
# Below what systems give to outgoing connections, so that it stays ours over many starts.
_AGENTS: Final = range(20_000, 30_000)


class NoFreePortError(Exception):
    """No port could be found, or the asked one is taken."""


def free_tcp(wanted: int = 0) -> int:
    """A free TCP port on loopback: the wanted one, or any.

    Raises:
        NoFreePortError: the wanted one is taken.
    """
    return _bound(socket.SOCK_STREAM, _LOOPBACK, wanted)


def free_udp(wanted: int = 0) -> int:
    """The same for UDP."""
    return _bound(socket.SOCK_DGRAM, _LOOPBACK, wanted)


def agents_port(chance: Random, count: int) -> int:
    """A UDP port that is free on every address, and so are the `count - 1` after it."""
    for first in chance.sample(_AGENTS, 50):
        try:
            for port in range(first, first + count):
                _bound(socket.SOCK_DGRAM, "", port)
        except NoFreePortError:
            continue
        return first
    raise NoFreePortError(f"no free UDP port between {_AGENTS.start} and {_AGENTS.stop}")


def agents_port_is_free(port: int) -> bool:
    """Whether the agents can use it again."""
    try:
        return _bound(socket.SOCK_DGRAM, "", port) == port
    except NoFreePortError:
        return False


def _bound(kind: socket.SocketKind, host: str, port: int) -> int:
    with socket.socket(socket.AF_INET, kind) as tried:
        if kind is socket.SOCK_STREAM:
            # As servers bind: what only waits for its last packets is free.
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((host, port))
        except OSError as error:
            raise NoFreePortError(f"port {port}: {error.strerror}") from error
        return int(tried.getsockname()[1])
