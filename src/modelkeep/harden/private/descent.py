"""The private loop: draw rows, clip each one's gradient, add noise, step.

Every row is drawn in every step with the same chance, whatever was drawn before: the batch
has no fixed size and may be empty, and the sum is divided by the size that is expected. The
draws and the noise come from a generator that the operating system seeds and nobody notes:
who could repeat the noise could take it off again.

Sources: Abadi et al., CCS 2016; Mironov, CCS 2012 (the noise is made of floating-point
numbers, which the proof takes for real ones).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from modelkeep.core import InputError
from modelkeep.harden.private.interface import Clip
from modelkeep.harden.private.plan import Plan
from modelkeep.models import need

if TYPE_CHECKING:
    import torch

_RATE: Final = 0.5  # learning rate
_MOMENTUM: Final = 0.9
_TOLD: Final = 20  # reports of progress


def descend(
    weights: dict[str, torch.Tensor],
    clip: Clip,
    data: tuple[torch.Tensor, torch.Tensor],
    plan: Plan,
    generator: torch.Generator,
    progress: Callable[[float, str], None] = lambda _share, _what: None,
) -> None:
    """Train the weights in place, all steps of the plan.

    Args:
        weights: by the names that ``clip`` sums under.
        clip: clips the gradients of a batch.
        data: rows ``(n, ...)`` float32 and classes ``(n,)``.
        plan: what was accounted for.
        generator: of draws and noise; secret.
        progress: told how far it got.

    Raises:
        InputError: a gradient is not a number.
    """
    torch = need("torch", "private training")
    rows, truth = data
    mechanism, spread = plan.mechanism, plan.mechanism.noise * plan.bound
    speeds = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    every = max(1, mechanism.steps // _TOLD)
    for step in range(mechanism.steps):
        if step % every == 0:
            progress(step / mechanism.steps, f"private training, step {step}")
        chosen = torch.rand(len(rows), generator=generator) < mechanism.rate
        sums = clip(rows[chosen], truth[chosen], plan.bound).sums if chosen.any() else {}
        with torch.no_grad():
            for name, weight in weights.items():
                noise = torch.randn(weight.shape, generator=generator, dtype=weight.dtype)
                total = sums.get(name, 0.0) + spread * noise
                _require_finite(total)
                speeds[name].mul_(_MOMENTUM).add_(total / (mechanism.rate * len(rows)))
                weight.sub_(speeds[name], alpha=_RATE * (1 - _MOMENTUM))


def _require_finite(total: torch.Tensor) -> None:
    if not bool(total.isfinite().all()):
        raise InputError(
            "private training met a gradient that is not a number",
            "Look for NaN in the rows, and scale the inputs of the model.",
        )
