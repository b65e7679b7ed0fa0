"""GET with ranges over http.client: time limits, few redirects, no surprises.

A redirect may leave the host (files lie on delivery networks) but never https, and takes no
token along. A server that ignores a range, or answers with other bytes than it said, is
refused.

Sources: RFC 9110, sections 14 (range requests) and 15.4 (redirection).
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, urljoin, urlsplit

from modelkeep.core import InputError
from modelkeep.core.version import VERSION

TIMEOUT: Final = 30.0  # seconds without a byte
_REDIRECTS: Final = 5
_MOVED: Final = frozenset({301, 302, 303, 307, 308})
_OK, _PARTIAL = 200, 206


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        url: where it came from in the end.
        headers: by lower-case name.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Client:
    """Connections that are kept open, by host.

    Attributes:
        home: the host whose token we have.
        token: sent to that host only.
    """

    home: str = ""
    token: str = field(default="", repr=False)
    _open: dict[tuple[str, str], http.client.HTTPConnection] = field(default_factory=dict)

    def get(self, url: str, *, start: int = 0, stop: int | None = None, most: int) -> Answer:
        """Fetch a document, or bytes ``[start, stop)`` of one.

        Args:
            url: http or https.
            start: first byte.
            stop: one behind the last byte; all of it when left out.
            most: most bytes that are taken.

        Raises:
            InputError: it cannot be reached, says no, or answers with something else.
        """
        headers = {"User-Agent": f"modelkeep/{VERSION}", "Accept-Encoding": "identity"}
        if stop is not None:
            headers["Range"] = f"bytes={start}-{stop - 1}"
        for _ in range(_REDIRECTS):
            answer = self._once(url, headers, most)
            if answer.status in _MOVED and "location" in answer.headers:
                url = _follow(url, answer.headers["location"])
                continue
            _require(answer, start, stop, most)
            return answer
        raise InputError(f"{url}: more than {_REDIRECTS} redirects")

    def _once(self, url: str, headers: Mapping[str, str], most: int) -> Answer:
        parts = urlsplit(url)
        own = dict(headers)
        if self.token and f"{parts.scheme}://{parts.netloc}" == self.home:
            own["Authorization"] = f"Bearer {self.token}"
        key = (parts.scheme, parts.netloc)
        fresh = key not in self._open
        try:
            return self._ask(parts, own, most)
        except (http.client.HTTPException, OSError) as error:
            broken = self._open.pop(key, None)
            if broken is not None:
                broken.close()
            if fresh:
                raise InputError(
                    f"{_shown(parts)}: {str(error) or type(error).__name__}"
                ) from error
        return self._once(url, headers, most)  # the server closed a connection we had kept

    def _ask(self, parts: SplitResult, headers: Mapping[str, str], most: int) -> Answer:
        connection = self._connection(parts)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request("GET", target or "/", headers=dict(headers))
        with connection.getresponse() as response:
            body = response.read(most + 1)
            if not response.isclosed():  # there is more, which nobody wants
                self._open.pop((parts.scheme, parts.netloc), None)
                connection.close()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(parts.geturl(), response.status, found, body)

    def _connection(self, parts: SplitResult) -> http.client.HTTPConnection:
        key = (parts.scheme, parts.netloc)
        if key not in self._open:
            host = parts.hostname or ""
            if parts.scheme == "https":
                context = ssl.create_default_context()
                self._open[key] = http.client.HTTPSConnection(
                    host, parts.port, timeout=TIMEOUT, context=context
                )
            elif parts.scheme == "http":
                self._open[key] = http.client.HTTPConnection(host, parts.port, timeout=TIMEOUT)
            else:
                raise InputError(f"{_shown(parts)}: neither http nor https")
        return self._open[key]

    def close(self) -> None:
        """Close every connection."""
        for connection in self._open.values():
            connection.close()
        self._open.clear()


def _shown(parts: SplitResult) -> str:
    """The address without its query, which may hold a signature."""
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


def _follow(url: str, location: str) -> str:
    """Where a redirect leads.

    Raises:
        InputError: from https to anything else.
    """
    target = urljoin(url, location)
    before, after = urlsplit(url), urlsplit(target)
    if after.scheme != "https" and before.scheme == "https":
        raise InputError(f"{_shown(before)}: redirects to {_shown(after)}, which is not https")
    return target


def _require(answer: Answer, start: int, stop: int | None, most: int) -> None:
    """Refuse what is not what was asked for."""
    shown = _shown(urlsplit(answer.url))
    if answer.status not in {_OK, _PARTIAL}:
        hints = {401: "Set HF_TOKEN.", 403: "Set HF_TOKEN, or ask for access.", 404: None}
        hint = hints.get(answer.status) or "Check the address and the revision."
        raise InputError(f"{shown}: the server says {answer.status}", hint)
    if len(answer.body) > most:
        raise InputError(f"{shown}: longer than {most} bytes")
    if stop is None:
        return
    said = answer.headers.get("content-range", "")
    if answer.status != _PARTIAL:
        raise InputError(f"{shown}: the server does not serve ranges")
    if not said.startswith(f"bytes {start}-{start + len(answer.body) - 1}/"):
        raise InputError(f"{shown}: asked for {start}-{stop - 1}, got {said or 'no range'}")
