"""The hot route: ``POST /v2/models/NAME/infer``, from the wire to the recorded answer."""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass, field

from modelkeep.core import ModelkeepError
from modelkeep.core.clock import timestamp
from modelkeep.gateway.audit import KEPT, Auditor, Leaf, hash_inputs
from modelkeep.gateway.http_body import (
    Receive,
    Scope,
    Send,
    header,
    read_body,
    send_refusal,
    send_tensors,
    whole_number,
)
from modelkeep.gateway.interface import Call, Principal
from modelkeep.gateway.line import Line
from modelkeep.gateway.metrics import Metrics
from modelkeep.gateway.oip_request import HEADER_LENGTH, decode_request
from modelkeep.gateway.oip_response import encode_answer
from modelkeep.gateway.refusal import RefusalError
from modelkeep.gateway.served import Served


@dataclass(slots=True)
class _Trace:
    """What is known of a request so far, for its record."""

    principal: Principal
    served: Served
    id: str = field(default_factory=lambda: secrets.token_hex(12))
    decision: str = ""
    body_sha256: str = ""
    inputs_hmac: str = ""
    call: Call | None = None


@dataclass(frozen=True, slots=True)
class Inference:
    """Answers inference requests of one gateway."""

    line: Line
    auditor: Auditor
    metrics: Metrics
    inputs_key: bytes

    async def respond(
        self, principal: Principal, served: Served, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer or refuse one request of a principal who may use the model."""
        begun = time.perf_counter()
        trace = _Trace(principal, served)
        try:
            body, length, receipt = await self._answer(trace, scope, receive)
        except RefusalError as refusal:
            self._record(trace, refusal.status, refusal.rule)
            self._count(trace, refusal.status, refusal.rule, begun)
            await send_refusal(send, refusal, _named(trace, ""))
            return
        self._count(trace, 200, "", begun)
        await send_tensors(send, body, length, _named(trace, receipt))

    async def _answer(
        self, trace: _Trace, scope: Scope, receive: Receive
    ) -> tuple[bytes, int | None, str]:
        line, serving = self.line, self.line.serving
        trace.decision = line.require_live(trace.served)
        self.auditor.require_working()
        with line.limits.running(trace.principal):
            line.limits.spend(trace.principal, 1, time.monotonic())
            body = await read_body(scope, receive, serving.body_bytes, serving.body_seconds)
            trace.body_sha256 = hashlib.sha256(body).hexdigest()
            length = whole_number(header(scope, HEADER_LENGTH.encode()), HEADER_LENGTH)
            request = decode_request(body, length, serving.values)
            trace.call = line.admit(
                trace.principal, trace.served, request.inputs, trace.body_sha256
            )
            trace.inputs_hmac = hash_inputs(self.inputs_key, request.inputs)
            answer = await line.answer(trace.call, trace.served)
            served = trace.served
            encoded, head = encode_answer(served.name, served.version, answer.outputs, request)
        self.auditor.require_working()  # the disk may have filled while the model ran
        digest = hashlib.sha256(encoded).hexdigest()
        done = self.auditor.add(self._leaf(trace, 200, "", digest))
        if serving.audit == "queued":
            return encoded, head, ""
        try:
            return encoded, head, await done
        except ModelkeepError as error:
            raise RefusalError(503, "audit.failed", KEPT) from error

    def _record(self, trace: _Trace, status: int, rule: str) -> None:
        """Record a refusal; where the disk refuses too, the metrics still show it."""
        if rule.startswith("audit."):
            return
        try:
            self.auditor.add(self._leaf(trace, status, rule, ""))
        except RefusalError:
            self.metrics.count("records_lost_total")

    def _leaf(self, trace: _Trace, status: int, rule: str, answer_sha256: str) -> Leaf:
        call = trace.call
        rulings = call.rulings.items() if call is not None else ()
        return Leaf(
            id=trace.id,
            moment=timestamp(self.auditor.keep.clock()),
            principal=trace.principal.id,
            tenant=trace.principal.tenant,
            model=trace.served.name,
            model_sha256=trace.served.subject.digest.sha256,
            decision=trace.decision,
            request_sha256=trace.body_sha256,
            inputs_hmac=trace.inputs_hmac,
            answer_sha256=answer_sha256,
            status=status,
            rule=rule,
            guards=tuple(f"{name} {r.choice} {r.rule}".rstrip() for name, r in rulings),
            rows=call.rows if call is not None else 0,
        )

    def _count(self, trace: _Trace, status: int, rule: str, begun: float) -> None:
        name = trace.served.name
        self.metrics.count("requests_total", model=name, status=str(status))
        if rule:
            self.metrics.count("refusals_total", model=name, rule=rule)
        self.metrics.observe(time.perf_counter() - begun, model=name)


def _named(trace: _Trace, receipt: str) -> tuple[tuple[bytes, bytes], ...]:
    """What an answer says of its own record."""
    found = [(b"modelkeep-request", trace.id), (b"modelkeep-decision", trace.decision)]
    if receipt:
        found.append((b"modelkeep-record", receipt))
    return tuple((name, value.encode()) for name, value in found if value)
