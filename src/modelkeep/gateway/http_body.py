"""Request bodies and answers over ASGI: bounded in length and in time.

A body that drips in byte by byte holds a place as long as it likes where nothing stops
it; here all of it must have arrived within one deadline.

Source: ASGI specification, HTTP connection scope.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

import msgspec

from modelkeep.gateway.refusal import RefusalError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_JSON: Final = (b"content-type", b"application/json")
_BINARY: Final = (b"content-type", b"application/octet-stream")
_CAREFUL: Final = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))


class ClientGoneError(Exception):
    """Nobody waits for the answer any more."""


def header(scope: Scope, name: bytes) -> str:
    """One header's value; empty where there is none.

    Raises:
        RefusalError: (400) it is sent twice.
    """
    found = [value for key, value in scope["headers"] if key == name]
    if len(found) > 1:
        raise RefusalError(400, "protocol.header", f"header {name.decode()} is sent twice")
    return found[0].decode("latin-1") if found else ""


def whole_number(text: str, name: str) -> int | None:
    """A header that holds a number; ``None`` where it is empty.

    Raises:
        RefusalError: (400) something else.
    """
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 16):  # noqa: PLR2004
        raise RefusalError(400, "protocol.header", f"header {name} is no length")
    return int(text)


async def read_body(scope: Scope, receive: Receive, most: int, seconds: float) -> bytes:
    """The whole body.

    Raises:
        RefusalError: (413, 408, 415) too long, too slow, or compressed.
        ClientGoneError: the client went away.
    """
    if header(scope, b"content-encoding") not in ("", "identity"):
        raise RefusalError(415, "protocol.encoding", "compressed bodies are not read")
    length = whole_number(header(scope, b"content-length"), "content-length")
    if length is not None and length > most:
        raise RefusalError(413, "limits.size", f"a body has {most} bytes at most")
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(seconds):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    raise ClientGoneError
                part = message.get("body", b"")
                size += len(part)
                if size > most:
                    raise RefusalError(413, "limits.size", f"a body has {most} bytes at most")
                parts.append(part)
                if not message.get("more_body"):
                    return parts[0] if len(parts) == 1 else b"".join(parts)
    except TimeoutError as error:
        raise RefusalError(408, "limits.slow", "the body took too long") from error


async def send_body(
    send: Send,
    status: int,
    body: bytes,
    *,
    kind: tuple[bytes, bytes] = _JSON,
    headers: tuple[tuple[bytes, bytes], ...] = (),
) -> None:
    """Send an answer whole."""
    length = (b"content-length", str(len(body)).encode())
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [kind, length, *_CAREFUL, *headers],
        }
    )
    await send({"type": "http.response.body", "body": body})


async def send_json(send: Send, status: int, document: object) -> None:
    """Send a document."""
    await send_body(send, status, msgspec.json.encode(document))


async def send_tensors(
    send: Send, body: bytes, length: int | None, headers: tuple[tuple[bytes, bytes], ...]
) -> None:
    """Send an inference answer, binary where tensors follow its JSON."""
    if length is None:
        await send_body(send, 200, body, headers=headers)
        return
    extra = (b"inference-header-content-length", str(length).encode())
    await send_body(send, 200, body, kind=_BINARY, headers=(*headers, extra))


async def send_refusal(
    send: Send, refusal: RefusalError, headers: tuple[tuple[bytes, bytes], ...] = ()
) -> None:
    """Send why a request is refused."""
    extra = list(headers)
    if refusal.retry_after > 0:
        extra.append((b"retry-after", str(max(1, round(refusal.retry_after))).encode()))
    if refusal.status == 401:  # noqa: PLR2004
        extra.append((b"www-authenticate", b"Bearer"))
    body = msgspec.json.encode({"error": refusal.message, "rule": refusal.rule})
    await send_body(send, refusal.status, body, headers=tuple(extra))
