"""One connection to a model server: a request, its whole answer, and the next.

The client decides what a proxied request costs; a general one costs more than everything
the gateway checks. This one does what the gateway needs: whole bodies, bounded heads and
bodies, no redirects, no cookies, no compression. What an upstream sends unasked, or after
its answer, ends the connection: bytes of one answer never become another's.

Sources: RFC 9112 (HTTP/1.1), section 11 on response splitting and smuggling; httptools.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from modelkeep.gateway.refusal import RefusalError
from modelkeep.models import need

HEAD_BYTES: Final = 64 << 10
_INFORMATIONAL: Final = range(100, 200)


class LostError(Exception):
    """The connection ended before the answer did; ``begun`` says whether any of it came."""

    def __init__(self, *, begun: bool) -> None:
        super().__init__("the connection ended")
        self.begun = begun


class Connection(asyncio.Protocol):
    """A kept connection; asked by one request at a time.

    Args:
        most_bytes: longest body read.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        library = need("httptools", "a model behind a URL")
        self._parse, self._parse_error = library.HttpResponseParser, library.HttpParserError
        self._parser: Any = None
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._forget()

    def _forget(self) -> None:
        self._parts: list[bytes] = []
        self._size = self._head = 0
        self._status = 0
        self._framed = self._done = self._keep = False

    @property
    def usable(self) -> bool:
        """Whether another request may be sent."""
        return self._transport is not None and not self._transport.is_closing()

    def ask(self, request: bytes) -> asyncio.Future[tuple[int, bytes]]:
        """Send a request; the future gives the answer's status and body.

        It raises ``LostError`` where the connection ends, and ``RefusalError`` (502) where
        what comes is no answer of HTTP or too long.
        """
        if self._transport is None:
            raise LostError(begun=False)
        self._forget()
        self._parser = self._parse(self)
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        self._transport = transport  # type: ignore[assignment]  # of a stream

    def data_received(self, data: bytes) -> None:
        """Read a part of the answer."""
        if self._answer is None or self._answer.done():
            self.close()  # unasked for
            return
        if not self._status:
            self._head += len(data)
        try:
            self._parser.feed_data(data)
        except self._parse_error as error:
            refusal = error.__context__  # httptools wraps what its callbacks raise
            self._fail(refusal if isinstance(refusal, RefusalError) else _no_answer())
            return
        if not self._status and self._head > HEAD_BYTES:
            self._fail(_no_answer())
        elif self._done:
            self._finish(keep=self._keep)

    def connection_lost(self, exc: Exception | None) -> None:
        """The other side is gone; a body without a length ends so."""
        self._transport = None
        if self._answer is None or self._answer.done():
            return
        if exc is None and self._status and not self._framed:
            self._finish(keep=False)
        else:
            self._fail(LostError(begun=bool(self._head)))

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field of the head."""
        lowered = name.lower()
        if lowered in (b"content-length", b"transfer-encoding"):
            self._framed = True
            if lowered == b"content-length" and value.isdigit() and int(value) > self._most:
                raise _too_long()
        elif lowered == b"content-encoding" and value.lower() != b"identity":
            raise _no_answer()

    def on_headers_complete(self) -> None:
        """The head ends; one that only informs is followed by another."""
        status = self._parser.get_status_code()
        if status not in _INFORMATIONAL:
            self._status = status

    def on_body(self, part: bytes) -> None:
        """A part of the body."""
        self._size += len(part)
        if self._size > self._most:
            raise _too_long()
        self._parts.append(part)

    def on_message_begin(self) -> None:
        """A second answer to one request is none."""
        if self._done:
            raise _no_answer()

    def on_message_complete(self) -> None:
        """An answer ends."""
        self._done = self._status != 0
        self._keep = self._parser.should_keep_alive()  # afterwards the parser knows no more

    def _finish(self, *, keep: bool) -> None:
        answer = self._answer
        if answer is not None and not answer.done():
            answer.set_result((self._status, b"".join(self._parts)))
        if not keep:
            self.close()

    def _fail(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
        self.close()


def _no_answer() -> RefusalError:
    return RefusalError(502, "upstream.answer", "the model server does not speak HTTP")


def _too_long() -> RefusalError:
    return RefusalError(502, "upstream.size", "the model server's answer is too long")
