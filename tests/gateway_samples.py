"""A gateway over the sample model, asked in this process; imports as a plain module."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from modelkeep import pipeline
from modelkeep.gateway import Gateway, open_gateway
from modelkeep.gateway.config import Serving, read_serving

ROW = [0.5, 0.25, -0.5, 1.0]
NAME = "sample"


@dataclass(frozen=True)
class Cleared:
    """A model and the keep that clears it for serving."""

    model: Path
    keep: Path


@dataclass
class Reply:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401
        """The body as a document."""
        return json.loads(self.body)


def question(rows: list[list[float]] | None = None, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """An inference request in JSON."""
    found = rows if rows is not None else [ROW]
    shape = [len(found), len(found[0]) if found else 4]
    tensor = {"name": "rows", "shape": shape, "datatype": "FP32", "data": found}
    return {"inputs": [tensor | changes]}


async def ask(
    gateway: Gateway,
    method: str,
    path: str,
    body: bytes | dict[str, Any] = b"",
    *,
    key: str = "",
    headers: dict[str, str] | None = None,
) -> Reply:
    """Send one request over ASGI."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = {"content-length": str(len(data))} | (headers or {})
    if key:
        fields["authorization"] = f"Bearer {key}"
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "headers": [(k.encode("latin-1"), v.encode("latin-1")) for k, v in fields.items()],
    }
    inbox = [{"type": "http.request", "body": data, "more_body": False}]
    outbox: list[Any] = []

    async def receive() -> Any:  # noqa: ANN401
        return inbox.pop(0) if inbox else {"type": "http.disconnect"}

    async def send(message: Any) -> None:  # noqa: ANN401
        outbox.append(message)

    await gateway(scope, receive, send)
    start, *rest = outbox
    found = {k.decode(): v.decode() for k, v in start["headers"]}
    return Reply(start["status"], found, b"".join(part["body"] for part in rest))


@dataclass
class Desk:
    """An open gateway and who asks it."""

    gateway: Gateway
    admin: str
    workspace: Any
    told: list[str] = field(default_factory=list)

    async def infer(
        self,
        body: bytes | dict[str, Any] | None = None,
        **more: Any,  # noqa: ANN401
    ) -> Reply:
        """Ask the sample model."""
        path = f"/v2/models/{NAME}/infer"
        given = {"key": self.admin} | more
        return await ask(
            self.gateway, "POST", path, question() if body is None else body, **given
        )

    async def get(self, path: str, **more: Any) -> Reply:  # noqa: ANN401
        """Ask for something."""
        return await ask(self.gateway, "GET", path, **({"key": self.admin} | more))


def settings(**changes: Any) -> Serving:  # noqa: ANN401
    """Settings as the file would hold them."""
    return read_serving(changes)


@asynccontextmanager
async def opened(
    model: Path | str, keep: Path, serving: Serving | None = None, name: str = NAME
) -> AsyncIterator[Desk]:
    """A gateway with one model, started and stopped as the server would."""
    told: list[str] = []
    with pipeline.open_workspace({"keep": str(keep)}) as workspace:
        async with open_gateway(
            {name: str(model)}, serving or settings(), workspace, told.append
        ) as gateway:
            await gateway.start()
            try:
                yield Desk(gateway, told[0] if told else "", workspace, told)
            finally:
                await gateway.stop()


def binary(rows: np.ndarray, *, output: bool = False) -> tuple[bytes, dict[str, str]]:
    """A request with a binary tensor, and its header."""
    raw = rows.astype("<f4").tobytes()
    document: dict[str, Any] = {
        "inputs": [
            {
                "name": "rows",
                "shape": list(rows.shape),
                "datatype": "FP32",
                "parameters": {"binary_data_size": len(raw)},
            }
        ]
    }
    if output:
        document["parameters"] = {"binary_data_output": True}
    head = json.dumps(document).encode()
    return head + raw, {"inference-header-content-length": str(len(head))}


_PIECES: Final = (
    b"[", b"]", b"{", b"}", b'"', b"null", b"1e400", b"-0", b"\x00", b"\r\n", b" ", b"\t",
    b'"inputs":', b"9" * 400, b"[" * 2000, b"\xf0\x9f", b"%2e%2e/", b"\\u0000", b":",
)  # fmt: skip


def damaged(choose: random.Random, data: bytes) -> bytes:
    """A few bytes cut, put in, flipped or repeated."""
    found = bytearray(data)
    for _ in range(choose.randint(1, 4)):
        at = choose.randrange(len(found) + 1)
        match choose.randrange(4):
            case 0:
                found[at:at] = choose.choice(_PIECES)
            case 1:
                del found[at : at + choose.randint(1, 30)]
            case 2 if at < len(found):
                found[at] = choose.randrange(256)
            case _:
                found[at:at] = found[choose.randrange(len(found) or 1) :][:40]
    return bytes(found)
