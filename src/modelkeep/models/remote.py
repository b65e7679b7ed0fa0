"""A model behind an address: rows go out as JSON, scores come back.

Three schemes are spoken: the Open Inference Protocol (``https://host/v2/models/NAME``), the
scoring server of MLflow (``https://host/invocations``), and plain JSON (any other path:
``{"instances": rows}``, answered by ``{"predictions": scores}`` or a bare list).
Nothing is asked of an address that the user did not name. Every row sent counts against a
budget; requests are spaced, time out, and are repeated a few times at most. No redirect is
followed: it would take the rows, and the token, elsewhere.

Sources: Open Inference Protocol, version 2 (REST); MLflow scoring server documentation;
RFC 9110, sections 10.2.3 (Retry-After) and 15.
"""

from __future__ import annotations

import http.client
import json
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import SplitResult, urlsplit

import numpy as np

from modelkeep.core import InputError
from modelkeep.core.version import VERSION
from modelkeep.models.interface import InputSpec
from modelkeep.models.outputs import are_probabilities, to_probabilities

Scheme = Literal["open inference", "mlflow", "json"]
_MOST_ANSWER: Final = 64 << 20  # bytes
_AGAIN: Final = frozenset({429, 502, 503, 504})
_LONGEST_WAIT: Final = 10.0  # seconds before a request is repeated
_OK: Final = 200


class EndpointLostError(InputError):
    """An endpoint stopped answering, or its budget is spent; what was measured stays."""

    default_hint = "What was measured until then is reported; run again to go on."


@dataclass(frozen=True, slots=True)
class Terms:
    """How an endpoint may be used.

    Attributes:
        queries: most rows sent over the model's life.
        batch: most rows of one request.
        rate: most requests in a second; 0 for as many as it takes.
        timeout: seconds without an answer.
        retries: how often a request is repeated when the server is busy or gone.
        token: sent as a bearer token, over https or to this machine only.
    """

    queries: int = 100_000
    batch: int = 256
    rate: float = 0.0
    timeout: float = 30.0
    retries: int = 3
    token: str = field(default="", repr=False)


def scheme_of(address: str) -> Scheme:
    """Which scheme an address speaks, by its path."""
    path = urlsplit(address).path.rstrip("/")
    if "/v2/models/" in path:
        return "open inference"
    return "mlflow" if path.endswith("/invocations") else "json"


class RemoteModel:
    """A classifier that answers from an endpoint; a black box.

    Args:
        address: http or https; see the module's text for the schemes.
        terms: budget, pace and patience.
        classes: names in output order; numbers when left out.
        sleep: how time is waited out.

    Raises:
        InputError: an address that is none, or a token that would travel in the clear.
    """

    def __init__(
        self,
        address: str,
        terms: Terms | None = None,
        *,
        classes: tuple[str, ...] = (),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._parts = _checked(address, terms or Terms())
        self._terms = terms or Terms()
        self._scheme = scheme_of(address)
        self._classes = classes
        self._sleep = sleep
        self._logits: bool | None = None
        self._last = -np.inf
        self._open: http.client.HTTPConnection | None = None
        self.sent = 0

    @property
    def kind(self) -> str:
        """How it runs."""
        return f"remote ({self._scheme})"

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names, known after the first prediction where none were given."""
        return self._classes

    @property
    def spec(self) -> InputSpec:
        """An endpoint does not say what it takes."""
        return InputSpec()

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities of ``rows``.

        Raises:
            EndpointLostError: the budget is spent, or the endpoint no longer answers.
            InputError: it refuses the rows, or answers with something else than scores.
        """
        if not len(rows):
            return np.zeros((0, len(self._classes)))
        self._afford(len(rows))
        step = self._terms.batch
        parts = [self._scores(rows[at : at + step]) for at in range(0, len(rows), step)]
        scores = np.concatenate(parts)
        if self._logits is None and scores.shape[1] > 1:
            self._logits = not are_probabilities(scores)
        result = to_probabilities(scores, logits=self._logits)
        if not self._classes:
            self._classes = tuple(str(index) for index in range(result.shape[1]))
        if result.shape[1] != len(self._classes):
            raise InputError(f"{self._shown()}: answers {result.shape[1]} classes now")
        return result

    def close(self) -> None:
        """Close the connection."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def _afford(self, count: int) -> None:
        if self.sent + count > self._terms.queries:
            raise EndpointLostError(
                f"{self._shown()}: {count} rows would go over the budget of "
                f"{self._terms.queries} queries, of which {self.sent} are spent",
                "Raise the query budget, or lower --max-rows.",
            )

    def _scores(self, rows: np.ndarray) -> np.ndarray:
        path, body = _request(self._scheme, self._parts.path, rows)
        text = self._answered(path, body, len(rows))
        try:
            scores = _scores_of(self._scheme, json.loads(text))
        except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
            raise InputError(
                f"{self._shown()}: the answer holds no scores ({type(error).__name__})",
                "It must answer one list of class scores for each row.",
            ) from error
        if len(scores) != len(rows):
            raise InputError(f"{self._shown()}: {len(rows)} rows, {len(scores)} answers")
        return scores

    def _answered(self, path: str, body: bytes, count: int) -> bytes:
        """The body of a good answer; busy servers and broken connections are asked again.

        What is sent again counts again.
        """
        why = ""
        for attempt in range(self._terms.retries + 1):
            self._pace()
            self._afford(count)
            self.sent += count
            try:
                status, headers, text = self._once(path, body)
            except (http.client.HTTPException, OSError) as error:
                self.close()
                why, wait = str(error) or type(error).__name__, ""
            else:
                if status == _OK:
                    return text
                why, wait = f"the server says {status}", headers.get("retry-after", "")
                if status not in _AGAIN:
                    raise InputError(f"{self._shown()}: {why}", "Check the address and rows.")
            if attempt < self._terms.retries:
                self._sleep(_pause(attempt, wait))
        raise EndpointLostError(f"{self._shown()}: {why} after {self.sent} rows")

    def _once(self, path: str, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "User-Agent": f"modelkeep/{VERSION}",
        }
        if self._terms.token:
            headers["Authorization"] = f"Bearer {self._terms.token}"
        connection = self._connection()
        connection.request("POST", path, body=body, headers=headers)
        with connection.getresponse() as response:
            text = response.read(_MOST_ANSWER + 1)
            found = {name.lower(): value for name, value in response.getheaders()}
            status = response.status
        if len(text) > _MOST_ANSWER:
            self.close()
            raise InputError(f"{self._shown()}: an answer longer than {_MOST_ANSWER} bytes")
        return status, found, text

    def _connection(self) -> http.client.HTTPConnection:
        if self._open is None:
            host, port, timeout = (
                self._parts.hostname or "",
                self._parts.port,
                self._terms.timeout,
            )
            if self._parts.scheme == "https":
                context = ssl.create_default_context()
                self._open = http.client.HTTPSConnection(
                    host, port, timeout=timeout, context=context
                )
            else:
                self._open = http.client.HTTPConnection(host, port, timeout=timeout)
        return self._open

    def _pace(self) -> None:
        """Wait until the next request is due."""
        if self._terms.rate > 0:
            due = self._last + 1 / self._terms.rate - time.monotonic()
            if due > 0:
                self._sleep(due)
        self._last = time.monotonic()

    def _shown(self) -> str:
        """The address without query, user or password."""
        return f"{self._parts.scheme}://{self._parts.hostname}{self._parts.path}"


def _checked(address: str, terms: Terms) -> SplitResult:
    parts = urlsplit("")
    try:
        parts = urlsplit(address)
        bad = parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0
    except ValueError:  # a port that is no number, an odd bracket
        bad = True
    if bad:
        raise InputError(
            f"{address!r} is no http address", "Write https://host/v2/models/NAME."
        )
    local = parts.hostname in ("127.0.0.1", "::1", "localhost")
    if terms.token and parts.scheme != "https" and not local:
        raise InputError("the token would travel in the clear", "Use https.")
    return parts


def _request(scheme: Scheme, path: str, rows: np.ndarray) -> tuple[str, bytes]:
    """Path and body of one request."""
    listed = rows.tolist()
    if scheme == "mlflow":
        return path, json.dumps({"inputs": listed}).encode()
    if scheme == "json":
        return path or "/", json.dumps({"instances": listed}).encode()
    kind = "FP32" if rows.dtype.kind in "fiub" else "BYTES"
    tensor = {
        "name": "input",
        "shape": list(rows.shape),
        "datatype": kind,
        "data": rows.ravel().tolist(),
    }
    ready = path.rstrip("/")
    return (
        ready if ready.endswith("/infer") else f"{ready}/infer",
        json.dumps({"inputs": [tensor]}).encode(),
    )


def _scores_of(scheme: Scheme, answer: Any) -> np.ndarray:  # noqa: ANN401 - any JSON
    """Scores of an answer, shape ``(batch, classes)``."""
    if scheme == "open inference":
        outputs = answer["outputs"]
        numeric = [o for o in outputs if str(o["datatype"]).startswith("FP")]
        chosen = numeric[-1] if numeric else outputs[0]
        scores = np.array(chosen["data"], dtype=np.float64).reshape(chosen["shape"])
    else:
        listed = answer.get("predictions", answer) if isinstance(answer, dict) else answer
        scores = np.array(listed, dtype=np.float64)
    return scores[:, None] if scores.ndim == 1 else scores.reshape(len(scores), -1)


def _pause(attempt: int, asked: str) -> float:
    """Seconds to wait: what the server asked for, or ever longer; never more than the most."""
    wait = float(asked) if asked.isdecimal() else 0.25 * 2**attempt
    return min(wait, _LONGEST_WAIT)
