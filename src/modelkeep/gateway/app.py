"""The gateway as an ASGI application: routes and identity.

``/v2/health/live`` and ``/v2/health/ready`` need no key; everything else does. Who has no
right to a model is told the same whether there is such a model or not.

Source: Open Inference Protocol v2, REST; ASGI specification 3.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from modelkeep.core.version import VERSION
from modelkeep.gateway.administration import Administration
from modelkeep.gateway.http_body import (
    ClientGoneError,
    Receive,
    Scope,
    Send,
    header,
    send_body,
    send_json,
    send_refusal,
)
from modelkeep.gateway.inference import Inference
from modelkeep.gateway.interface import Principal, TensorSpec
from modelkeep.gateway.metrics import CONTENT_TYPE
from modelkeep.gateway.refusal import RefusalError
from modelkeep.gateway.served import Served

_EXTENSIONS: Final = ("binary_tensor_data",)


@dataclass(slots=True)
class Gateway:
    """One gateway: what it serves, and who may ask."""

    models: dict[str, Served]
    inference: Inference
    administration: Administration

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection's request."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            try:
                await self._route(scope, receive, send)
            except RefusalError as refusal:
                self.inference.metrics.count("refused_early_total", rule=refusal.rule)
                await send_refusal(send, refusal)
            except ClientGoneError:
                self.inference.metrics.count("clients_gone_total")

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        parts = scope["path"].split("/")[1:] or [""]
        method = scope["method"]
        if parts[:2] == ["v2", "health"] and method == "GET":
            await self._health(parts[2:], send)
            return
        principal = self._identify(scope)
        if parts[0] == "modelkeep":
            await self.administration.respond(principal, parts[1:], scope, receive, send)
        elif parts == ["metrics"] and method == "GET":
            await self._metrics(principal, send)
        elif parts == ["v2"] and method == "GET":
            document = {"name": "modelkeep", "version": VERSION, "extensions": _EXTENSIONS}
            await send_json(send, 200, document)
        elif parts[:2] == ["v2", "models"] and len(parts) > 2:  # noqa: PLR2004
            served, action = self._model(principal, parts[2:])
            if action == "infer" and method == "POST":
                await self.inference.respond(principal, served, scope, receive, send)
            elif action == "ready" and method == "GET":
                live = self.inference.line.standings.of(served.name).live
                await send_json(send, 200 if live else 503, {"ready": live})
            elif action == "" and method == "GET":
                await send_json(send, 200, _metadata(served))
            else:
                raise RefusalError(404, "protocol.path", "there is nothing here")
        else:
            raise RefusalError(404, "protocol.path", "there is nothing here")

    def _identify(self, scope: Scope) -> Principal:
        said = header(scope, b"authorization")
        scheme, _, secret = said.partition(" ")
        principal = None
        if scheme.lower() == "bearer" and secret:
            principal = self.administration.watch.keyring.find(secret)
        if principal is None:
            raise RefusalError(401, "access.key", "give an API key that is in force")
        return principal

    def _model(self, principal: Principal, parts: list[str]) -> tuple[Served, str]:
        """The model a path names, and what is asked of it."""
        name, *rest = parts
        if not principal.may("infer", name):
            raise RefusalError(403, "access.model", "this key may not use such a model")
        served = self.models.get(name)
        if served is None:
            raise RefusalError(404, "protocol.path", "there is no such model")
        if rest[:1] == ["versions"]:
            if rest[1:2] != [served.version]:
                raise RefusalError(404, "protocol.path", "there is no such version")
            rest = rest[2:]
        if len(rest) > 1:
            raise RefusalError(404, "protocol.path", "there is nothing here")
        return served, rest[0] if rest else ""

    async def _health(self, parts: list[str], send: Send) -> None:
        if parts == ["live"]:
            await send_json(send, 200, {"live": True})
        elif parts == ["ready"]:
            standings = self.inference.line.standings
            ready = any(standings.of(name).live for name in self.models)
            await send_json(send, 200 if ready else 503, {"ready": ready})
        else:
            raise RefusalError(404, "protocol.path", "there is nothing here")

    async def _metrics(self, principal: Principal, send: Send) -> None:
        if not principal.may("observe"):
            raise RefusalError(403, "access.action", "this key may not observe")
        metrics = self.inference.metrics
        for name in self.models:
            live = self.inference.line.standings.of(name).live
            metrics.gauge("model_live", float(live), model=name)
        auditor = self.inference.auditor
        metrics.gauge("audit_failing", float(auditor.failing))
        metrics.gauge("audit_records_failed", float(auditor.failures))
        metrics.gauge("alarms", float(len(self.administration.watch.alarms)))
        kind = (b"content-type", CONTENT_TYPE.encode())
        await send_body(send, 200, metrics.text().encode(), kind=kind)

    async def start(self) -> None:
        """Ask the gate for the first time and go on asking."""
        await self.administration.watch.start()

    async def stop(self) -> None:
        """Commit what waits and give everything back."""
        await self.administration.watch.stop()
        await self.inference.auditor.close()
        for served in self.models.values():
            await served.backend.close()

    async def _live(self, receive: Receive, send: Send) -> None:
        """The lifespan of the server: start before it listens, stop after it closed."""
        await receive()
        await self.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.stop()
        await send({"type": "lifespan.shutdown.complete"})


def _metadata(served: Served) -> dict[str, object]:
    return {
        "name": served.name,
        "versions": [served.version],
        "platform": served.backend.platform,
        "inputs": [_described(spec) for spec in served.backend.inputs],
        "outputs": [_described(spec) for spec in served.backend.outputs],
    }


def _described(spec: TensorSpec) -> dict[str, object]:
    return {"name": spec.name, "datatype": spec.datatype, "shape": list(spec.shape)}
