"""HTTP/1.1 with bounds on a request's head: its length, its fields, its time.

uvicorn over httptools reads a head of any length for as long as it takes: one client can
fill the memory, or hold connections by sending a byte a minute.

Sources: uvicorn, ``HttpToolsProtocol``; RFC 9112; CWE-400.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES: Final = 32 << 10
HEAD_FIELDS: Final = 100
HEAD_SECONDS: Final = 10.0


class BoundedProtocol(HttpToolsProtocol):
    """A connection whose request heads are bounded."""

    _read = 0  # bytes since the head began
    _in_head = True
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for a head."""
        super().connection_made(transport)  # type: ignore[arg-type]  # as uvicorn has it
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._unwait()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, unless the head is too long."""
        if self._in_head:
            self._read += len(data)
        super().data_received(data)
        if self._in_head and self._read > HEAD_BYTES and not self.transport.is_closing():
            self._close()

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._in_head = True
        if self._timer is None:
            self._wait()

    def on_headers_complete(self) -> None:
        """A head ends.

        Raises:
            ValueError: it is longer than heads are; the parser makes that a 400.
        """
        self._unwait()
        self._in_head = False
        length = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if len(self.headers) > HEAD_FIELDS or length > HEAD_BYTES:
            raise ValueError("the request's head is too long")
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """A body ends; what comes next is a head."""
        super().on_message_complete()
        self._in_head, self._read = True, 0

    def _wait(self) -> None:
        self._timer = self.loop.call_later(HEAD_SECONDS, self._close)

    def _unwait(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _close(self) -> None:
        transport: Any = self.transport
        if not transport.is_closing():
            self.send_400_response("The request's head is too long or too slow.")
