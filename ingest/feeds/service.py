"""Serves the gateway inside an asyncio loop that has other work too: started and stopped by its owner, no signals taken."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Final

import structlog
import uvicorn
from starlette.types import ASGIApp

_BACKLOG: Final = 512
_KEEP_ALIVE_S: Final = 20


class GatewayBindError(OSError):
    """The address can't be bound.

    Attributes:
        host: as configured.
        port: as configured.
    """

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(f"the gateway can't listen on {host} port {port}: {reason}")
        self.host = host
        self.port = port


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers, and with a start that can be awaited."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the process, not to one of its parts."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so."""
        await super().startup(sockets)
        self.listening.set()

    def give_up_port(self) -> None:
        """Listen no more. uvicorn does so by itself only where it may end by itself, not where it is cancelled."""
        for one in getattr(self, "servers", ()):
            one.close()


class GatewayService:
    """An application on a TCP port.

    Args:
        app: the gateway.
        host: address to bind.
        port: 0 takes any free one; `port` tells which.
        trusted_proxies: addresses whose X-Forwarded-For is believed.
    """

    def __init__(self, app: ASGIApp, *, host: str, port: int, trusted_proxies: tuple[str, ...] = ()) -> None:
        self._app = app
        self._host = host
        self.port = port
        self._trusted = trusted_proxies
        self._server: _Server | None = None
        self._task: asyncio.Task[None] | None = None
        self._listener: socket.socket | None = None

    async def start(self) -> None:
        """Bind and serve; returns when connections are taken.

        Raises:
            GatewayBindError: the address is taken, not ours, or not allowed.
        """
        listener = self._listener = _bind(self._host, self.port)
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(
            self._app,
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=bool(self._trusted),
            forwarded_allow_ips=list(self._trusted),
            timeout_keep_alive=_KEEP_ALIVE_S,
            backlog=_BACKLOG,
        )
        self._server = _Server(config)
        self._task = asyncio.create_task(self._server.serve([listener]), name="gateway")
        waiting = asyncio.create_task(self._server.listening.wait())
        try:
            await asyncio.wait({self._task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if self._task.done():
            listener.close()
            await self._task
        structlog.get_logger().info("gateway listens", host=self._host, port=self.port)

    async def stop(self, deadline_s: float) -> bool:
        """Take no more connections, finish the requests under way; False where some were cut off at the deadline.

        What was cut off was not answered: its senders send it again.
        """
        server, task = self._server, self._task
        if server is None or task is None:
            return True
        self._server = self._task = None
        server.should_exit = True
        done, _ = await asyncio.wait({task}, timeout=deadline_s)
        if not done:
            # Connections first: whoever waits sees a break and sends again, not an error of the server.
            for connection in list(server.server_state.connections):
                connection.transport.abort()
            task.cancel()
            requests = list(server.server_state.tasks)
            for request in requests:
                request.cancel()
            await asyncio.wait({task, *requests})
        server.give_up_port()
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        return bool(done)


def _bind(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
        except BaseException:
            listener.close()
            raise
    except OSError as error:
        raise GatewayBindError(host, port, error.strerror or str(error)) from error
    return listener
