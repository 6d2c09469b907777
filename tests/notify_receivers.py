"""Receivers of notifications that answer on real sockets: a webhook, and a mail server."""

import json
import socketserver
import threading
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Webhook:
    """Keeps what is posted; `answers` are given first, then 200. `away` closes connections without a word."""

    answers: list = field(default_factory=list)
    got: list = field(default_factory=list)
    headers: list = field(default_factory=list)
    requests: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)
    away: bool = False

    def __enter__(self):
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with hook.changed:
                    hook.requests += 1
                    status, more = hook.answers.pop(0) if hook.answers else (200, {})
                    # Looked at once: who is told of this may change it before the answer.
                    away = hook.away
                    if status == 200 and not away:
                        hook.got.append(json.loads(body))
                        hook.headers.append(dict(self.headers))
                    hook.changed.notify_all()
                if away:
                    self.close_connection = True
                    return
                self.send_response(status)
                for name, value in {"Content-Length": "0", **more}.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        return self

    def __exit__(self, *error):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_address[1]}/alerts"

    @property
    def alerts(self):
        """(status, element or subject, fingerprint, startsAt) of every alert that was told."""
        return [
            (
                one["status"],
                one["labels"].get("element") or one["labels"]["subject"],
                one["fingerprint"],
                one["startsAt"],
            )
            for message in self.got
            for one in message["alerts"]
        ]

    def until(self, holds, timeout_s=60):
        with self.changed:
            assert self.changed.wait_for(lambda: holds(self), timeout_s), (self.requests, self.alerts)
        return self


@dataclass
class MailServer:
    """Just enough of SMTP (RFC 5321) to take a mail."""

    mails: list = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def __enter__(self):
        server = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                self.wfile.write(b"220 test\r\n")
                while line := self.rfile.readline():
                    verb = line.strip().upper()
                    if verb == b"DATA":
                        self.wfile.write(b"354 go on\r\n")
                        server.take(self._content())
                    elif verb == b"QUIT":
                        self.wfile.write(b"221 bye\r\n")
                        return
                    self.wfile.write(b"250 ok\r\n")

            def _content(self):
                lines = []
                while (line := self.rfile.readline()) != b".\r\n":
                    lines.append(line.removeprefix(b"."))
                return b"".join(lines)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        return self

    def __exit__(self, *error):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def port(self):
        return self._server.server_address[1]

    def take(self, content):
        with self.changed:
            self.mails.append(message_from_bytes(content, policy=policy.default))
            self.changed.notify_all()

    def until(self, holds, timeout_s=60):
        with self.changed:
            assert self.changed.wait_for(lambda: holds(self), timeout_s), self.mails
