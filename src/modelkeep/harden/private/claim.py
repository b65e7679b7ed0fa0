"""The claim sheet: what is promised, under which assumptions, and what an attack can prove.

Source: the claim forms of Opacus and dp_accounting; Jagielski, Ullman and Oprea, NeurIPS
2020 (a lower bound from an attack).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from modelkeep.core import Measurement
from modelkeep.harden.private.accounting import ACCOUNTANT, CHECKED_BY
from modelkeep.harden.private.plan import Plan

AUDITS: Final = ("membership_epsilon_dp_low", "membership_reference_epsilon_dp_low")
UNIT: Final = "add or remove one row"
SAMPLING: Final = "Poisson: each row drawn in each step on its own"
ASSUMED: Final = (
    "the number of rows, the architecture and what is no weight in the model are public",
    "people with several rows are protected row by row only",
    "noise is made of floating-point numbers from a generator that the operating system seeds",
    "choices made outside this run by looking at the data are not accounted for",
    "figures that were measured on training rows are not covered by the claim",
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A guarantee and what bounds it from below.

    Attributes:
        epsilon: of the guarantee, an upper bound.
        delta: of the guarantee.
        noise: multiplier of the clipping bound.
        rate: chance of a row to take part in a step.
        steps: how many.
        bound: greatest norm of a row's gradient.
        checked: what the second accountant says.
        audited: the greatest epsilon an attack proves (95 %), ``None`` if none was run.
    """

    epsilon: float
    delta: float
    noise: float
    rate: float
    steps: int
    bound: float
    checked: tuple[float, float]
    audited: float | None

    @property
    def contradicted(self) -> bool:
        """Whether an attack proves more than the claim allows."""
        return self.audited is not None and self.audited > self.epsilon

    def lines(self) -> Iterator[str]:
        """The sheet, for people."""
        first, second = self.checked
        yield f"claim: ({self.epsilon:.3f}, {self.delta:g})-differential privacy, {UNIT}"
        yield f"sampling: {SAMPLING}, with chance {self.rate:.4g}"
        yield f"noise {self.noise:.3f} x clipping norm {self.bound:g}, {self.steps} steps"
        yield f"accountant: {ACCOUNTANT} {first:.4f}; checked by {CHECKED_BY} {second:.4f}"
        if self.audited is None:
            yield "audited lower bound: none, no membership attack could be run"
        else:
            yield f"audited lower bound: epsilon {self.audited:.3f} (95 %, Clopper-Pearson)"
        for each in ASSUMED:
            yield f"assumed: {each}"


def claim_of(plan: Plan, measured: Iterable[Measurement]) -> Claim:
    """The claim of a plan that was carried out, beside what attacks on the result prove."""
    mechanism, spent = plan.mechanism, plan.spent
    audits = [found.value for found in measured if found.name in AUDITS]
    return Claim(
        epsilon=spent.epsilon,
        delta=plan.delta,
        noise=mechanism.noise,
        rate=mechanism.rate,
        steps=mechanism.steps,
        bound=plan.bound,
        checked=(spent.first, spent.second),
        audited=max(audits, default=None),
    )
