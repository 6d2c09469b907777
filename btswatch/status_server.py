"""/healthz, /readyz and /metrics for parts that have no web server of their own."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest


class StatusServer:
    """Serves the process's probes and metrics in a thread.

    Args:
        host: address to bind.
        port: 0 takes any free one.
    """

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port that is listened on; the asked one before the start."""
        return self._server.server_port if self._server else self._address[1]

    def start(self, not_ready: Callable[[], str | None]) -> None:
        """Listen. `not_ready` says why the part can't work at the moment, None when it can.

        Raises:
            OSError: the address can't be bound.
        """
        host, port = self._address
        try:
            self._server = _Server(self._address, _Handler)
        except OSError as error:
            raise OSError(error.errno, error.strerror or str(error), f"{host}:{port}") from error
        self._server.not_ready = not_ready
        self._thread = threading.Thread(target=self._server.serve_forever, name="status", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    not_ready: Callable[[], str | None]


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        match self.path:
            case "/healthz":
                self._answer(200, b"alive\n")
            case "/readyz":
                reason = self.server.not_ready()
                self._answer(503 if reason else 200, f"{reason or 'ready'}\n".encode())
            case "/metrics":
                self._answer(200, generate_latest(), CONTENT_TYPE_LATEST)
            case _:
                self._answer(404, b"no such page; try /healthz, /readyz or /metrics\n")

    def _answer(self, status: int, body: bytes, kind: str = "text/plain; charset=utf-8") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Probes come every few seconds: no line for each."""
