"""A scoring server on this machine that can be made to misbehave."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np

import model_samples as samples

WEIGHTS = np.array([1.0, -2.0, 0.5])
ROWS = samples.normal(40, 3)
TRUTH = (ROWS @ WEIGHTS > 0).astype(int)
NEVER = 10**9


def answers(rows: np.ndarray) -> np.ndarray:
    return samples.two_classes(1 / (1 + np.exp(-(rows.astype(float) @ WEIGHTS))))


def outputs(found: np.ndarray) -> list[dict[str, Any]]:
    """Labels nobody asked for, and the scores."""
    n, shape = len(found), list(found.shape)
    return [
        {"name": "label", "datatype": "INT64", "shape": [n], "data": [0] * n},
        {"name": "p", "datatype": "FP32", "shape": shape, "data": found.ravel().tolist()},
    ]


def asked(body: dict[str, Any]) -> np.ndarray:
    """The rows of a request in any scheme."""
    if "instances" in body or not isinstance(body["inputs"][0], dict):
        return np.array(body.get("instances", body.get("inputs")))
    (tensor,) = body["inputs"]
    return np.array(tensor["data"]).reshape(tensor["shape"])


@dataclass
class Server:
    """What the server did, and how it behaves.

    ``dies_after``, ``hangs_after`` and ``garbles_after`` count rows answered.
    """

    base: str = ""
    rows: int = 0
    requests: list[dict[str, Any]] = field(default_factory=list)
    answer: Callable[[np.ndarray], np.ndarray] = answers
    dies_after: int = NEVER
    hangs_after: int = NEVER
    garbles_after: int = NEVER
    busy_after: int = NEVER
    statuses: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    garbled: bytes = b""
    authorization: str = ""
    over: threading.Event = field(default_factory=threading.Event)

    def status(self) -> int:
        if self.rows >= self.busy_after:
            return 429
        return self.statuses.pop(0) if self.statuses else 200


def handler(state: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            state.requests.append({"path": self.path, "body": body})
            state.authorization = self.headers.get("authorization", "")
            if state.rows >= state.hangs_after:
                state.over.wait(30)
            if state.rows >= min(state.dies_after, state.hangs_after):
                self.close_connection = True
                return
            status = state.status()
            self.reply(status, self.scored(body) if status == 200 else b"")

        def scored(self, body: dict[str, Any]) -> bytes:
            if state.garbled or state.rows >= state.garbles_after:
                return state.garbled or b"<html>out of order</html>"
            rows = asked(body)
            state.rows += len(rows)
            found = state.answer(rows)
            if self.path.endswith("/infer"):
                return json.dumps({"outputs": outputs(found)}).encode()
            return json.dumps({"predictions": found.tolist()}).encode()

        def reply(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            for name, value in state.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


@contextmanager
def served(**more: Any) -> Iterator[Server]:  # noqa: ANN401
    state = Server(**more)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(state))
    server.daemon_threads = True
    state.base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        state.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
        time.sleep(0.01)
