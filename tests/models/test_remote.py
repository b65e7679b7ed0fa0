"""An endpoint as a model: three schemes, a budget that holds, and an end that is said."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import numpy as np
import pytest

import model_samples as samples
from modelkeep.assess import BUILT_IN, assess_model
from modelkeep.core import InputError
from modelkeep.models.remote import EndpointLostError, RemoteModel, Terms
from modelkeep.models.remote_schemes import scheme_of

WEIGHTS = np.array([1.0, -2.0, 0.5])
ROWS = samples.normal(40, 3)
TRUTH = (ROWS @ WEIGHTS > 0).astype(int)


def answers(rows: np.ndarray) -> np.ndarray:
    return samples.two_classes(1 / (1 + np.exp(-(rows @ WEIGHTS))))


@dataclass
class Server:
    """What the server did, and how it behaves."""

    base: str = ""
    rows: int = 0
    requests: list[dict[str, Any]] = field(default_factory=list)
    dies_after: int = 10**9
    statuses: list[int] = field(default_factory=list)
    garbled: bytes = b""
    authorization: str = ""


def handler(state: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            state.requests.append({"path": self.path, "body": body})
            state.authorization = self.headers.get("authorization", "")
            if state.rows >= state.dies_after:
                self.close_connection = True
                return
            status = state.statuses.pop(0) if state.statuses else 200
            self.reply(status, state.garbled or self.scored(body) if status == 200 else b"")

        def scored(self, body: dict[str, Any]) -> bytes:
            if self.path.endswith("/infer"):
                tensor = body["inputs"][0]
                rows = np.array(tensor["data"]).reshape(tensor["shape"])
            else:
                rows = np.array(body.get("inputs", body.get("instances")))
            state.rows += len(rows)
            found = answers(rows)
            if self.path.endswith("/infer"):
                flat = found.ravel().tolist()
                outputs = [
                    {"name": "label", "datatype": "INT64", "shape": [len(rows)], "data": [0]},
                    {"name": "p", "datatype": "FP32", "shape": [len(rows), 2], "data": flat},
                ]
                return json.dumps({"outputs": outputs}).encode()
            return json.dumps({"predictions": found.tolist()}).encode()

        def reply(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


@contextmanager
def served(**more: Any) -> Iterator[Server]:  # noqa: ANN401
    state = Server(**more)
    server = HTTPServer(("127.0.0.1", 0), handler(state))
    state.base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def model(state: Server, path: str = "/score", **terms: Any) -> Iterator[RemoteModel]:  # noqa: ANN401
    found = RemoteModel(
        f"{state.base}{path}", Terms(timeout=5, **terms), sleep=lambda _seconds: None
    )
    try:
        yield found
    finally:
        found.close()


@pytest.mark.parametrize(
    ("path", "scheme", "asked"),
    [
        ("/v2/models/m", "open inference", "/v2/models/m/infer"),
        ("/invocations", "mlflow", "/invocations"),
        ("/score", "json", "/score"),
    ],
)
def test_each_scheme_is_spoken(path: str, scheme: str, asked: str) -> None:
    with served() as state, model(state, path, batch=15) as found:
        assert found.predict(ROWS) == pytest.approx(answers(ROWS), abs=1e-5)
        assert scheme_of(f"{state.base}{path}") == scheme
        assert found.classes == ("0", "1")
        assert [request["path"] for request in state.requests] == [asked] * 3
        assert state.rows == found.sent == 40


def test_a_budget_is_never_exceeded_and_nothing_is_sent_beyond_it() -> None:
    with served() as state, model(state, queries=50) as found:
        found.predict(ROWS)
        with pytest.raises(EndpointLostError, match="budget of 50 queries, of which 40"):
            found.predict(ROWS)
        assert state.rows == 40
    with served(statuses=[503] * 9) as state, model(state, queries=100, retries=9) as found:
        with pytest.raises(EndpointLostError, match="budget of 100"):
            found.predict(ROWS)
        assert len(state.requests) == 2, "what is sent again counts again"


def test_a_busy_server_is_asked_again_and_a_refusal_is_not() -> None:
    with served(statuses=[503, 429]) as state, model(state) as found:
        assert len(found.predict(ROWS)) == 40
        assert len(state.requests) == 3
    with served(statuses=[404] * 9) as state, model(state) as found:
        with pytest.raises(InputError, match="says 404"):
            found.predict(ROWS)
        assert len(state.requests) == 1
    with served(statuses=[503] * 9) as state, model(state, retries=2) as found:
        with pytest.raises(EndpointLostError, match="says 503"):
            found.predict(ROWS)
        assert len(state.requests) == 3


def test_a_redirect_is_not_followed() -> None:
    with served(statuses=[302]) as state, model(state) as found:  # noqa: SIM117 - one line each
        with pytest.raises(InputError, match="says 302"):
            found.predict(ROWS)


def test_an_endpoint_that_dies_midway_leaves_what_was_measured() -> None:
    data = samples.table(ROWS, TRUTH)
    with served(dies_after=600) as state, model(state, retries=1) as found:
        result = assess_model(samples.context(found, data, data, epsilon_linf=0.2), BUILT_IN)
    names = [m.name for m in result.all_measurements()]
    assert "test_accuracy" in names
    assert "clean_accuracy" in names
    stopped = [m.why for m in result.not_checked if m.why.startswith("stopped")]
    assert stopped
    assert all("after" in why and "What was measured" in why for why in stopped)


@pytest.mark.parametrize(
    "body", [b"{}", b"[1, 2", b'{"predictions": [[1, 2]]}', b'"text"', b"[" * 100_000]
)
def test_answers_without_scores_are_named(body: bytes) -> None:
    with served(garbled=body) as state, model(state) as found:  # noqa: SIM117 - one line each
        with pytest.raises(InputError, match=r"scores|answers"):
            found.predict(ROWS)


def test_a_token_goes_to_this_machine_or_over_https_only() -> None:
    with served() as state, model(state, token="secret") as found:
        found.predict(ROWS[:1])
        assert state.authorization == "Bearer secret"
    with pytest.raises(InputError, match="in the clear"):
        RemoteModel("http://models.example/score", Terms(token="secret"))
    assert "secret" not in repr(Terms(token="secret"))


def test_requests_are_spaced() -> None:
    waited: list[float] = []
    with served() as state:
        found = RemoteModel(
            f"{state.base}/score", Terms(batch=10, rate=2.0), sleep=waited.append
        )
        found.predict(ROWS)
        found.close()
    assert len(waited) == 3
    assert all(0.3 < seconds <= 0.5 for seconds in waited)


@pytest.mark.parametrize("address", ["", "ftp://host/x", "host/v2", "http://", "http://h:x/"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(InputError, match="no http address"):
        RemoteModel(address)
