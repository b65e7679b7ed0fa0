"""A model behind an address: rows go out as JSON, scores come back.

The schemes are those of ``remote_schemes``. Nothing is asked of an address that the user did
not name. Every row sent counts against a budget; requests are spaced, time out as a whole, and
are repeated a few times at most. No redirect is followed: it would take the rows, and the
token, elsewhere. A server that asks to be left alone for longer than a moment is left alone.

Source: RFC 9110, sections 10.2.3 (Retry-After) and 15.
"""

from __future__ import annotations

import http.client
import json
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, urlsplit

import numpy as np

from modelkeep.core import InputError
from modelkeep.core.version import VERSION
from modelkeep.models.deadline import deadline
from modelkeep.models.interface import InputSpec
from modelkeep.models.outputs import are_probabilities, to_probabilities
from modelkeep.models.remote_schemes import read_scores, scheme_of, write_request

_MOST_ANSWER: Final = 64 << 20  # bytes
_AGAIN: Final = frozenset({429, 502, 503, 504})
_LONGEST_WAIT: Final = 10.0  # seconds before a request is repeated
_OK: Final = 200
_REMEDY: Final = "Check the address and rows."
_REMEDIES: Final = {
    401: "It wants a token: --bearer-file FILE.",
    403: "It wants another token: --bearer-file FILE.",
}


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
        timeout: seconds until the whole answer of one request is there.
        retries: how often a request is repeated when the server is busy or gone.
        token: sent as a bearer token, over https or to this machine only.
    """

    queries: int = 100_000
    batch: int = 256
    rate: float = 0.0
    timeout: float = 30.0
    retries: int = 3
    token: str = field(default="", repr=False)


class RemoteModel:
    """A classifier that answers from an endpoint; a black box.

    Args:
        address: http or https; see ``remote_schemes``.
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
        self._most = self._terms.queries
        self._lost = ""
        self.sent = 0

    @property
    def kind(self) -> str:
        """How it runs."""
        return f"remote ({self._scheme})"

    @property
    def address(self) -> str:
        """Where it answers; an address holds no secret, see ``_checked``."""
        return self._shown()

    @property
    def budget(self) -> int:
        """Most rows sent over its life."""
        return self._terms.queries

    @property
    def left(self) -> int:
        """Rows that may still be sent, of the share that ``allot`` gave."""
        return max(0, min(self._most, self._terms.queries) - self.sent)

    def allot(self, share: float) -> None:
        """Let the next step send a share of what the whole budget has left, in [0, 1]."""
        self._most = self.sent + int((self._terms.queries - self.sent) * share)

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
        if self._lost:  # patience was shown once; every later attack ends at once
            raise EndpointLostError(self._lost)
        self._afford(len(rows))
        step = self._terms.batch
        parts = [self._scores(rows[at : at + step]) for at in range(0, len(rows), step)]
        scores = np.concatenate(parts)
        if self._logits is None:
            self._logits = _are_logits(scores)
        elif not self._logits and _are_logits(scores):
            raise InputError(
                f"{self._shown()}: answers looked like probabilities at first and do not now"
            )
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
        if count <= self.left:
            return
        share = "" if self.sent + count > self._terms.queries else " and the share of this step"
        raise EndpointLostError(
            f"{self._shown()}: {count} rows would go over the budget of "
            f"{self._terms.queries} queries{share}, of which {self.sent} are spent",
            "Raise the query budget, or lower --max-rows.",
        )

    def _scores(self, rows: np.ndarray) -> np.ndarray:
        path, body = write_request(self._scheme, self._parts.path, rows)
        text = self._answered(path, body, len(rows))
        try:
            scores = read_scores(self._scheme, json.loads(text))
        except (
            ValueError,
            KeyError,
            TypeError,
            IndexError,
            RecursionError,
            OverflowError,
        ) as error:
            raise InputError(
                f"{self._shown()}: the answer holds no scores ({type(error).__name__})",
                "It must answer one list of class scores for each row.",
            ) from error
        if len(scores) != len(rows):
            raise InputError(f"{self._shown()}: {len(rows)} rows, {len(scores)} answers")
        if not scores.size:
            raise InputError(f"{self._shown()}: the answer holds no scores (empty lists)")
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
            except (http.client.HTTPException, OSError, UnicodeError) as error:
                self.close()
                why, wait = str(error) or type(error).__name__, ""
            else:
                if status == _OK:
                    return text
                why, wait = f"the server says {status}", headers.get("retry-after", "")
                if status not in _AGAIN:
                    raise InputError(f"{self._shown()}: {why}", _REMEDIES.get(status, _REMEDY))
                if _seconds(wait) > _LONGEST_WAIT:
                    why = f"{why} and asks to be left alone for {wait[:12]} s"
                    break
            if attempt < self._terms.retries:
                self._sleep(_pause(attempt, wait))
        self._lost = f"{self._shown()}: {why} after {self.sent} rows"
        raise EndpointLostError(self._lost)

    def _once(self, path: str, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "User-Agent": f"modelkeep/{VERSION}",
        }
        if self._terms.token:
            headers["Authorization"] = f"Bearer {self._terms.token}"
        connection = self._connection()
        with deadline(connection, self._terms.timeout):
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
        """The address."""
        return self._parts.geturl()


def _checked(address: str, terms: Terms) -> SplitResult:
    """The parts of an address that holds no secret; a refusal does not repeat what it holds."""
    parts = urlsplit("")
    try:
        parts = urlsplit(address)
        bad = parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0
        (parts.hostname or "").encode("idna")
    except ValueError:  # a port that is no number, an odd bracket, a label too long
        bad = True
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise InputError(
            "the address names a user or a password", "Put the token in a file: --bearer-file."
        )
    if parts.query or parts.fragment:
        raise InputError(
            "the address has a query or a fragment, which are not sent",
            "Name the path alone; a key belongs in --bearer-file.",
        )
    if bad:
        raise InputError(
            f"{address!r} is no http address", "Write https://host/v2/models/NAME."
        )
    local = parts.hostname in ("127.0.0.1", "::1", "localhost")
    if terms.token and parts.scheme != "https" and not local:
        raise InputError("the token would travel in the clear", "Use https.")
    return parts


def _are_logits(scores: np.ndarray) -> bool:
    """Whether scores, shape ``(batch, classes)``, are no probabilities."""
    if scores.shape[1] == 1:
        return bool((scores < 0).any() or (scores > 1).any())
    return not are_probabilities(scores)


def _seconds(asked: str) -> float:
    """What a ``Retry-After`` asks for; 0 where it is a date, or missing."""
    return float(asked) if asked.isascii() and asked.isdecimal() else 0.0


def _pause(attempt: int, asked: str) -> float:
    """Seconds to wait: what the server asked for, or ever longer; never more than the most."""
    return min(_seconds(asked) or 0.25 * 2**attempt, _LONGEST_WAIT)
