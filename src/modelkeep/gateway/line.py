"""The line a call walks: standing, limits, schema, guards, model, output check, disclosure.

Each step lets the call pass, changes it, or ends it with a rule's name. A guard that could
not judge is recorded as ``not-run`` and ends the call where the operator requires it: a
check that was skipped in silence is how a guarded service is attacked.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from modelkeep.gateway.config import Serving
from modelkeep.gateway.disclosure import LABEL, disclose
from modelkeep.gateway.interface import Answer, Call, Guard, Principal, Ruling, Tensors
from modelkeep.gateway.limits import Limits
from modelkeep.gateway.output_check import scores_of
from modelkeep.gateway.refusal import RefusalError
from modelkeep.gateway.served import Served
from modelkeep.gateway.standing import Standings


@dataclass(frozen=True, slots=True)
class Line:
    """The line of one gateway."""

    serving: Serving
    limits: Limits
    standings: Standings

    def require_live(self, served: Served) -> str:
        """The recorded decision by which a model is served.

        Raises:
            RefusalError: (503) it may not be served now.
        """
        standing = self.standings.of(served.name)
        if not standing.live:
            raise RefusalError(503, "gate.serve", "the model is not cleared for serving")
        return standing.decision

    def admit(self, principal: Principal, served: Served, inputs: Tensors, digest: str) -> Call:
        """The call of tensors that fit the model and the limits.

        Raises:
            RefusalError: they do not.
        """
        rows = served.inputs.rows(inputs)
        if rows > 1:  # the first was booked before the body was read
            self.limits.spend(principal, rows - 1, time.monotonic())
        return Call(principal, served.name, inputs, rows, digest)

    async def answer(self, call: Call, served: Served) -> Answer:
        """Take a call through guards and model.

        Raises:
            RefusalError: a guard, the model or the output check ends it.
        """
        for guard in served.guards:
            _note(call, guard, guard.before(call))
        self._require_run(call, served)
        try:
            async with asyncio.timeout(self.serving.deadline_seconds):
                outputs = await served.backend.infer(call.inputs)
        except TimeoutError as error:
            raise RefusalError(504, "upstream.slow", "the model is too slow") from error
        answer = Answer(outputs, scores_of(outputs, served.rules.scores))
        served.outputs.require_sound(call, answer)
        for guard in served.guards:
            _note(call, guard, guard.after(call, answer))
        self._require_run(call, served)
        disclose(answer, served.rules, min(call.step, LABEL))
        self.require_live(served)  # a model stopped while it ran does not answer
        return answer

    @staticmethod
    def _require_run(call: Call, served: Served) -> None:
        for name in served.rules.require:
            ruling = call.rulings.get(name)
            if ruling is None or ruling.choice == "not-run":
                raise RefusalError(
                    503, "guard.not-run", f"the guard {name!r} is required and did not run"
                )


def _note(call: Call, guard: Guard, ruling: Ruling) -> None:
    """Keep the strictest ruling of a guard.

    Raises:
        RefusalError: (403) the guard refuses.
    """
    known = call.rulings.get(guard.name)
    if known is None or known.choice == "allow":
        call.rulings[guard.name] = ruling
    if ruling.choice == "step-up":
        call.step = max(call.step, 1)
    if ruling.choice == "refuse":
        call.rulings[guard.name] = ruling
        raise RefusalError(403, ruling.rule, ruling.says)
