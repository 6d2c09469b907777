"""One kept connection to the server's API, for what is written often. Management goes through the client library."""

import http.client
import socket
import ssl
import struct
from types import TracebackType
from typing import Self
from urllib.parse import urlencode, urlsplit

from schemas.settings.influx import InfluxSettings
from stores.influx.errors import InfluxUnavailableError, failure_of


class InfluxConnection:
    """Sends requests one after the other, from one thread. Opened by the first, and anew after a failure."""

    def __init__(self, settings: InfluxSettings) -> None:
        self._settings = settings
        parts = urlsplit(settings.url)
        self._tls = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port
        self._base = parts.path.rstrip("/")
        self._authorization = f"Token {settings.token.get_secret_value()}"
        self._connection: http.client.HTTPConnection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connection back; the next request opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def post(self, path: str, query: dict[str, str], body: bytes, headers: dict[str, str]) -> bytes:
        """The body of a good answer.

        Raises:
            InfluxError: any other answer, or none. Everything that is sent here may be sent twice.
        """
        target = f"{self._base}{path}?{urlencode(query)}"
        sent = {"Authorization": self._authorization, **headers}
        kept = self._connection is not None
        try:
            return self._exchange(target, body, sent)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            # The server may have closed the kept connection meanwhile: that says nothing of how it is now.
            if not (kept and isinstance(error, ConnectionError)):
                raise self._away(error) from error
        try:
            return self._exchange(target, body, sent)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise self._away(error) from error

    def _exchange(self, target: str, body: bytes, headers: dict[str, str]) -> bytes:
        connection = self._connection = self._connection or self._opened()
        try:
            connection.request("POST", target, body, headers)
            answer = connection.getresponse()
            content = answer.read()
        except BlockingIOError as error:
            raise TimeoutError(f"no answer in {self._settings.timeout_s:g} s") from error
        if answer.will_close:
            self.close()
        if answer.status >= http.HTTPStatus.MULTIPLE_CHOICES:
            raise failure_of(answer.status, dict(answer.getheaders()), content)
        return content

    def _opened(self) -> http.client.HTTPConnection:
        timeout_s = self._settings.timeout_s
        if not self._tls:
            plain = http.client.HTTPConnection(self._host, self._port, timeout=timeout_s)
            plain.connect()
            _wait_in_the_kernel(plain.sock, timeout_s)
            return plain
        trusted = ssl.create_default_context(cafile=self._settings.tls_ca)
        return http.client.HTTPSConnection(self._host, self._port, timeout=timeout_s, context=trusted)

    def _away(self, error: Exception) -> InfluxUnavailableError:
        told = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return InfluxUnavailableError(f"InfluxDB at {self._settings.url}: {told}")


def _wait_in_the_kernel(sock: socket.socket, timeout_s: float) -> None:
    """Let the kernel keep the timeout; when it is over, sending and receiving raise `BlockingIOError`.

    Python's own makes a large body many short sends, and each of them waits until the thread that makes the next lines
    gives the interpreter away.
    """
    whole = int(timeout_s)
    limit = struct.pack("@ll", whole, int((timeout_s - whole) * 1_000_000))
    sock.settimeout(None)
    for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
        sock.setsockopt(socket.SOL_SOCKET, option, limit)
