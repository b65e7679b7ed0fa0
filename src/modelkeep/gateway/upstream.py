"""Connections to model servers behind the gateway: pooled, bounded, with one deadline.

An upstream may die, hang, answer garbage or gigabytes. Each ends in a refusal that names
the upstream's fault and nothing of what it said: its error pages are not the client's.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from modelkeep.core import UsageError
from modelkeep.gateway.connection import Connection, LostError
from modelkeep.gateway.refusal import RefusalError

_KEPT: Final = 64  # idle connections


@dataclass(frozen=True, slots=True)
class _Place:
    host: str
    port: int
    tls: ssl.SSLContext | None
    prefix: str
    named: str

    def head(self, method: str, path: str, length: int) -> bytes:
        """The head of a request."""
        lines = [
            f"{method} {self.prefix}{path} HTTP/1.1",
            f"host: {self.named}",
            "accept-encoding: identity",
        ]
        if length:
            lines += ["content-type: application/json", f"content-length: {length}"]
        return "\r\n".join([*lines, "", ""]).encode()


@dataclass(slots=True)
class Upstream:
    """A pool of connections to one server.

    Attributes:
        url: where it is, without a slash at its end.
        most_bytes: longest answer read.
        seconds: within which it must have answered.
    """

    url: str
    most_bytes: int
    seconds: float
    _place: _Place = field(init=False)
    _idle: list[Connection] = field(default_factory=list)
    _closed: bool = False

    def __post_init__(self) -> None:
        self._place = _place(self.url)

    async def request(self, method: str, path: str, body: bytes = b"") -> bytes:
        """Send a request; returns the body of its answer.

        Raises:
            RefusalError: (502, 504) it is not there, too slow, too long, or says no.
        """
        request = self._place.head(method, path, len(body)) + body
        try:
            async with asyncio.timeout(self.seconds):
                status, answer = await self._ask(request)
        except TimeoutError as error:
            raise RefusalError(504, "upstream.slow", "the model server is too slow") from error
        except (LostError, OSError, ValueError) as error:
            raise RefusalError(
                502, "upstream.gone", "the model server does not answer"
            ) from error
        if status != 200:  # noqa: PLR2004
            raise RefusalError(
                400 if status in (400, 422) else 502,
                "upstream.refused",
                f"the model server says {status}",
            )
        return answer

    async def _ask(self, request: bytes) -> tuple[int, bytes]:
        """Ask over a kept connection, or a new one where its server had let it go."""
        while self._idle:
            kept = self._idle.pop()
            if kept.usable:
                try:
                    return await self._over(kept, request)
                except LostError as lost:
                    if lost.begun:
                        raise
        loop = asyncio.get_running_loop()
        _, new = await loop.create_connection(
            lambda: Connection(self.most_bytes),
            self._place.host,
            self._place.port,
            ssl=self._place.tls,
        )
        return await self._over(new, request)

    async def _over(self, connection: Connection, request: bytes) -> tuple[int, bytes]:
        try:
            found = await connection.ask(request)
        except BaseException:  # whoever waits may also be cancelled
            connection.close()
            raise
        if connection.usable:
            if self._closed or len(self._idle) >= _KEPT:
                connection.close()
            else:
                self._idle.append(connection)
        return found

    async def close(self) -> None:
        """Close the connections."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()


def _place(url: str) -> _Place:
    """Read where a server is.

    Raises:
        UsageError: it names no server.
    """
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    try:
        port = parts.port or (443 if secure else 80)
    except ValueError:
        port = 0
    named = parts.netloc.rpartition("@")[2]
    plain = f"{named}{parts.path}"
    if not parts.hostname or not port or not plain.isascii() or plain.split() != [plain]:
        raise UsageError(f"--model: {url!r} names no server")
    tls = ssl.create_default_context() if secure else None
    return _Place(parts.hostname, port, tls, parts.path.rstrip("/"), named)
