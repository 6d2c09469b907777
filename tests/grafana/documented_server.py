"""A small HTTP server that answers as Grafana's documentation of its HTTP API says (folders, dashboards, data sources).

It is written from that documentation, and no Grafana was run. So tests with it show what we send and how we take the
documented answers; they don't show that a Grafana accepts our dashboards.
"""

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "glsa_of_a_test"


@dataclass
class State:
    """What the server keeps, and how it is told to misbehave."""

    folders: dict = field(default_factory=dict)
    dashboards: dict = field(default_factory=dict)
    datasources: dict = field(default_factory=dict)
    requests: list = field(default_factory=list)
    # (method, path) -> answers to give instead, used up from the front.
    instead: dict = field(default_factory=dict)
    # Grafana 13: the routes by numeric id are off.
    numeric_ids: bool = False

    def writes(self):
        return [(method, path) for method, path, _ in self.requests if method != "GET"]

    def bodies(self, method, path):
        return [body for m, p, body in self.requests if (m, p) == (method, path)]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self._answer()

    def do_POST(self):
        self._answer()

    def do_PUT(self):
        self._answer()

    def log_message(self, *_):
        pass

    def _answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        path = self.path.removeprefix(self.server.prefix)
        state = self.server.state
        state.requests.append((self.command, path, body))
        planned = state.instead.get((self.command, path), [])
        if planned:
            status, answer, *headers = planned.pop(0)
        elif not self.path.startswith(self.server.prefix + "/api/"):
            status, answer, headers = 404, "<html>no message here</html>", []
        elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
            status, answer, headers = 401, {"message": "Invalid API key"}, []
        else:
            status, answer = self._route(path.removeprefix("/api"), body)
            headers = []
        raw = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Type", "text/html" if isinstance(answer, str) else "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def _route(self, path, body):
        with self.server.lock:
            parts = path.strip("/").split("/")
            if parts[0] == "folders":
                return self._folders(parts[1:], body)
            if parts[:2] == ["dashboards", "uid"]:
                return self._dashboard(parts[2])
            if parts[:2] == ["dashboards", "db"]:
                return self._save(body)
            if parts[0] == "datasources":
                return self._datasources(parts[1:], body)
            return 404, {"message": "Not found"}

    def _folders(self, parts, body):
        folders = self.server.state.folders
        if self.command == "POST":
            if body["uid"] in folders:
                return 409, {"message": "a folder with the same uid already exists"}
            folders[body["uid"]] = {"uid": body["uid"], "title": body["title"], "version": 1}
            return 200, folders[body["uid"]]
        if parts[0] not in folders:
            return 404, {"message": "Folder not found", "status": "not-found"}
        there = folders[parts[0]]
        if self.command == "PUT":
            if not body.get("overwrite") and body.get("version") != there["version"]:
                return 412, {
                    "message": "The folder has been changed by someone else",
                    "status": "version-mismatch",
                }
            there.update(title=body["title"], version=there["version"] + 1)
        return 200, there

    def _dashboard(self, uid):
        there = self.server.state.dashboards.get(uid)
        if there is None:
            return 404, {"message": "Dashboard not found"}
        return 200, there

    def _save(self, body):
        state = self.server.state
        model, folder = body["dashboard"], body.get("folderUid", "")
        if folder and folder not in state.folders:
            return 400, {"message": "folder not found", "status": "not-found"}
        there = state.dashboards.get(model["uid"])
        if there and there["meta"].get("provisioned"):
            return 400, {"message": "Cannot save provisioned dashboard"}
        if there and not body.get("overwrite") and model.get("version") != there["dashboard"]["version"]:
            return 412, {
                "message": "The dashboard has been changed by someone else",
                "status": "version-mismatch",
            }
        version = there["dashboard"]["version"] + 1 if there else 1
        number = there["dashboard"]["id"] if there else len(state.dashboards) + 1
        state.dashboards[model["uid"]] = {
            "dashboard": {**model, "id": number, "version": version},
            "meta": {"folderUid": folder, "provisioned": False},
        }
        return 200, {"id": number, "uid": model["uid"], "status": "success", "version": version}

    def _datasources(self, parts, body):
        state = self.server.state
        if self.command == "POST" and not parts:
            if body["uid"] in state.datasources:
                return 409, {"message": "data source with the same uid already exists"}
            state.datasources[body["uid"]] = body
            return 200, {"id": len(state.datasources), "message": "Datasource added", "name": body["name"]}
        if parts and parts[0] == "uid":
            if parts[1] not in state.datasources:
                return 404, {"message": "Data source not found"}
            if self.command == "PUT":
                state.datasources[parts[1]] = body
                return 200, {"message": "Datasource updated", "name": body["name"]}
            return 200, {k: v for k, v in state.datasources[parts[1]].items() if k != "secureJsonData"}
        if not state.numeric_ids:
            return 404, {"message": "Not found"}
        return 200, {"message": "Datasource updated"}


@contextmanager
def serving(prefix=""):
    """The server's URL and its State."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.state, server.prefix, server.lock = State(), prefix, threading.Lock()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{prefix}", server.state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
