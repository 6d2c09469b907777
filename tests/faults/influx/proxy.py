"""An HTTP proxy before a real InfluxDB, which answers in its place what the real one won't answer on demand."""

import gzip
import http.client
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answer:
    """What is said instead of asking the server; `body` as the server would word it."""

    status: int
    message: str = "told by the test"
    headers: dict[str, str] = field(default_factory=dict)


class Proxy:
    """Passes everything on, but for writes that `instead` has an answer for.

    `instead(lines)` is asked for each write; `writes` counts them, `held` holds them back while it is not set.
    """

    def __init__(self, url):
        self._to = urlsplit(url)
        self.instead = lambda lines: None
        self.writes = 0
        self.lines = 0
        self.began = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()
        self._server = None
        self.port = 0

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        self._server = _Server(("127.0.0.1", self.port), _Handler)
        self._server.proxy = self
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def stop(self):
        """From now on nobody listens there, and what was open is cut."""
        if self._server is not None:
            self.go_on.set()
            self._server.shutdown()
            self._server.server_close()
            self._server.cut()
            self._server = None

    def passed(self, method, path, body, headers):
        connection = http.client.HTTPConnection(self._to.hostname, self._to.port, timeout=60)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, *arguments):
        self.allow_reuse_address = True
        self._open = set()
        super().__init__(*arguments)

    def process_request(self, request, client_address):
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        self._open.discard(request)
        super().shutdown_request(request)

    def cut(self):
        for one in list(self._open):
            self.shutdown_request(one)

    def handle_error(self, request, client_address):
        """Cut connections are what it is for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _handle(self):
        proxy = self.server.proxy
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if urlsplit(self.path).path == "/api/v2/write":
            plain = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
            lines = plain.decode().split("\n")
            proxy.writes += 1
            proxy.lines += len(lines)
            proxy.began.set()
            proxy.go_on.wait()
            told = proxy.instead(lines)
            if told is not None:
                content = b'{"code":"told","message":"%s"}' % told.message.encode()
                self._answer(told.status, told.headers.items(), content)
                return
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection")}
        try:
            self._answer(*proxy.passed(self.command, self.path, body, headers))
        except OSError:
            self.close_connection = True

    def __getattr__(self, name):
        # do_GET, do_POST and so on are all the same here.
        if name.startswith("do_"):
            return self._handle
        raise AttributeError(name)

    def _answer(self, status, headers, content):
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        """Quiet."""
