"""Ports that are free now, and such that stay so for other demonstrations.

Any other program may still take one before it is used: then that part says so and is started again.
"""

import socket
from random import Random
from typing import Final

from btswatch.demo.port_claims import claim, is_ours

_LOOPBACK: Final = "127.0.0.1"
# Below what systems give to outgoing connections, so that it stays ours over many starts.
_AGENTS: Final = range(20_000, 30_000)
_TRIES: Final = 50


class NoFreePortError(Exception):
    """No port could be found, or the asked one is taken."""


def free_tcp(wanted: int = 0) -> int:
    """A free TCP port on loopback: the wanted one, or any.

    Raises:
        NoFreePortError: the wanted one is taken.
    """
    return _free(socket.SOCK_STREAM, wanted)


def free_udp(wanted: int = 0) -> int:
    """The same for UDP."""
    return _free(socket.SOCK_DGRAM, wanted)


def kept_tcp(wanted: int = 0) -> int:
    """A free TCP port on loopback that no other demonstration takes while this process lives: the wanted one, or any.

    Raises:
        NoFreePortError: the wanted one is taken, or another demonstration has chosen it.
    """
    return _kept(socket.SOCK_STREAM, wanted)


def usual_tcp(wanted: int) -> int:
    """The wanted port where it can be kept, else any that can."""
    try:
        return kept_tcp(wanted)
    except NoFreePortError:
        return kept_tcp()


def kept_udp(wanted: int = 0) -> int:
    """The same for UDP."""
    return _kept(socket.SOCK_DGRAM, wanted)


def kept_agents_port(chance: Random, count: int) -> int:
    """A UDP port that is free on every address, and so are the `count - 1` after it; all are kept."""
    for first in chance.sample(_AGENTS, _TRIES):
        if keep_agents_port(first, count):
            return first
    raise NoFreePortError(f"no free UDP port between {_AGENTS.start} and {_AGENTS.stop}")


def keep_agents_port(first: int, count: int) -> bool:
    """Whether the agents can use these; then they are kept."""
    try:
        for port in range(first, first + count):
            _bound(socket.SOCK_DGRAM, "", port)
    except NoFreePortError:
        return False
    return claim(socket.SOCK_DGRAM, first, count)


def _kept(kind: socket.SocketKind, wanted: int) -> int:
    for _ in range(1 if wanted else _TRIES):
        port = _free(kind, wanted)
        if claim(kind, port):
            return port
    raise NoFreePortError(f"port {wanted}: another demonstration has chosen it" if wanted else "no free port")


def _free(kind: socket.SocketKind, wanted: int) -> int:
    """Any is one that this process keeps for nothing else: to whoever it is handed on it would be another's."""
    for _ in range(_TRIES):
        port = _bound(kind, _LOOPBACK, wanted)
        if wanted or not is_ours(kind, port):
            return port
    raise NoFreePortError("no free port")


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
