"""Routes for operators: keys, holds, alarms.

``POST /modelkeep/keys`` issues a key, ``DELETE /modelkeep/keys/ID`` withdraws one,
``POST`` and ``DELETE /modelkeep/models/NAME/hold`` stop a model and let it go again,
``GET /modelkeep/alarms`` lists what the runtime noticed. All but the last need the action
``administer``; alarms need ``observe``.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec

from modelkeep.core import ModelkeepError
from modelkeep.gateway.http_body import Receive, Scope, Send, read_body, send_json
from modelkeep.gateway.interface import Principal
from modelkeep.gateway.refusal import RefusalError
from modelkeep.gateway.watch import Watch

_LONGEST: Final = 4096  # bytes of a body
Struct = TypeVar("Struct")


class _Wanted(msgspec.Struct, forbid_unknown_fields=True):
    tenant: str
    models: tuple[str, ...]
    actions: tuple[str, ...] = ("infer",)
    days: float = 30.0


class _Reason(msgspec.Struct, forbid_unknown_fields=True):
    reason: str


@dataclass(frozen=True, slots=True)
class Administration:
    """The operators' routes of one gateway."""

    watch: Watch

    async def respond(
        self, principal: Principal, parts: list[str], scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer one request of an operator.

        Args:
            principal: who asks.
            parts: of the path, behind ``/modelkeep/``.
            scope: of the request.
            receive: gives the body.
            send: takes the answer.

        Raises:
            RefusalError: not allowed, not there, or not understood.
        """
        method = scope["method"]
        if parts == ["alarms"] and method == "GET":
            _require(principal, "observe")
            await send_json(send, 200, {"alarms": self.watch.alarms.listed()})
            return
        _require(principal, "administer")
        body = await read_body(scope, receive, _LONGEST, 5.0)
        match method, parts:
            case "POST", ["keys"]:
                await send_json(send, 201, await self._issue(body))
            case "DELETE", ["keys", identity]:
                if not await asyncio.to_thread(self.watch.keyring.withdraw, identity):
                    raise RefusalError(404, "protocol.path", "there is no such key")
                await send_json(send, 200, {"withdrawn": identity})
            case (("POST" | "DELETE"), ["models", name, "hold"]):
                held = method == "POST"
                identity = await self._hold(name, body, held=held)
                await send_json(send, 200, {"statement": identity, "held": held})
            case _:
                raise RefusalError(404, "protocol.path", "there is nothing here")

    async def _issue(self, body: bytes) -> dict[str, str]:
        wanted = _read(body, _Wanted)
        try:
            key, secret = await asyncio.to_thread(
                self.watch.keyring.issue,
                wanted.tenant,
                wanted.models,
                wanted.actions,
                wanted.days,
            )
        except ModelkeepError as error:
            raise RefusalError(400, "protocol.key", error.message) from error
        return {"id": key.id, "secret": secret, "expires": key.expires}

    async def _hold(self, name: str, body: bytes, *, held: bool) -> str:
        if name not in self.watch.standings.subjects:
            raise RefusalError(404, "protocol.path", "there is no such model")
        reason = _read(body, _Reason).reason
        try:
            identity = await asyncio.to_thread(
                self.watch.standings.hold, name, reason, held=held
            )
            await asyncio.to_thread(self.watch.look)
        except ModelkeepError as error:
            raise RefusalError(503, "keep.failed", "the keep does not take it") from error
        return identity


def _require(principal: Principal, action: str) -> None:
    if not principal.may(action):
        raise RefusalError(403, "access.action", f"this key may not {action}")


def _read(body: bytes, kind: type[Struct]) -> Struct:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise RefusalError(400, "protocol.json", "the body is not what is asked for") from error
