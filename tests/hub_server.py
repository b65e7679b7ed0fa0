"""A small Hub on loopback: a listing in pages, files behind a redirect, ranges."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit


class Hub:
    """What the server has, and what it was asked for.

    ``twist`` may change an answer: a function of the path to ``(status, headers, body)``.
    """

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.sent = 0
        self.page = 1000
        self.twist: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.url = ""

    def answer(self, path: str, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body."""
        self.asked.append((path, headers))
        parts = urlsplit(path)
        for start, twisted in self.twist.items():
            if parts.path.startswith(start):
                return twisted
        if parts.path.startswith("/api/models/org/name/tree/main"):
            return self._listing(parts.query)
        if parts.path.startswith("/org/name/resolve/main/"):
            name = parts.path.removeprefix("/org/name/resolve/main/")
            return 302, {"Location": f"/cdn/{name}?signed=yes"}, b""
        data = self.files.get(unquote(parts.path.removeprefix("/cdn/")))
        if data is None:
            return 404, {}, b"{}"
        start, stop = (int(text) for text in headers["range"].removeprefix("bytes=").split("-"))
        body = data[start : stop + 1]
        etag = f'"{hashlib.sha256(data).hexdigest()}"'
        return (
            206,
            {
                "Content-Range": f"bytes {start}-{start + len(body) - 1}/{len(data)}",
                "ETag": etag,
            },
            body,
        )

    def _listing(self, query: str) -> tuple[int, dict[str, str], bytes]:
        at = int(query.partition("cursor=")[2] or 0)
        entries = [
            {"type": "file", "path": path, "size": len(data), "oid": "0" * 40}
            for path, data in self.files.items()
        ]
        folder = {"type": "directory", "path": "d", "size": 0}
        page = [*entries[at : at + self.page], folder]
        more = {}
        if at + self.page < len(entries):
            tree = f"{self.url}/api/models/org/name/tree/main?recursive=true&cursor="
            more = {"Link": f'<{tree}{at + self.page}>; rel="next"'}
        return 200, more, json.dumps(page).encode()


@contextmanager
def serving(files: dict[str, bytes]) -> Iterator[Hub]:
    """A hub on a port of its own."""
    hub = Hub(files)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, more, body = hub.answer(self.path, headers)
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            hub.sent += len(body)
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
