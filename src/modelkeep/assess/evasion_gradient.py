"""Evasion with gradients: projected gradient descent on the logit margin.

The loss is the largest logit of a wrong class minus the right one, which does not
saturate as cross-entropy does. Steps shrink geometrically; only points that still
stand are pushed; a second start is random.

Sources: Madry et al., ICLR 2018 (PGD); Carlini and Wagner 2017 (margin loss);
NISTAML.022.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np

from modelkeep.assess import robust_accuracy
from modelkeep.assess.gradient import why_no_gradient
from modelkeep.assess.interface import Attack, Context, Outcome
from modelkeep.assess.robust_accuracy import Engine, Problem, measure
from modelkeep.models import Differentiable, need

if TYPE_CHECKING:
    import torch

_STEPS: Final = {"quick": 20, "standard": 60, "thorough": 100}
_STARTS: Final = {"quick": 2, "standard": 5, "thorough": 10}
_MOMENTUM: Final = 0.75


def applies(context: Context) -> str | None:
    """It needs test rows and a gradient worth following; else the search attacks."""
    return why_no_gradient(context)


def search(context: Context, problem: Problem) -> tuple[np.ndarray, dict[str, int]]:
    """One candidate per row: the point with the largest margin that was visited."""
    torch = need("torch", "a gradient attack")
    if not isinstance(context.model, Differentiable):
        raise TypeError("the gradient attack needs a differentiable model")
    module = context.model.module
    generator = torch.Generator().manual_seed(problem.seed)
    rows = torch.from_numpy(problem.rows.astype(np.float32))
    low, high = torch.from_numpy(problem.low), torch.from_numpy(problem.high)
    truth = torch.from_numpy(problem.truth)
    best, best_margin = rows.clone(), torch.full((len(rows),), -torch.inf)
    steps, passes = _STEPS[context.budget], 0
    for start in range(_STARTS[context.budget]):
        alive = torch.nonzero(best_margin < 0).flatten()
        if not len(alive):
            break
        box = (low[alive], high[alive])
        noise = torch.rand(rows[alive].shape, generator=generator)
        point = rows[alive] if start == 0 else box[0] + noise * (box[1] - box[0])
        found, margin = _ascend(module, (point, truth[alive], box), steps)
        better = margin > best_margin[alive]
        best[alive[better]] = found[better]
        best_margin[alive[better]] = margin[better]
        passes += 2 * (steps + 1)
    return best.numpy(), {"passes": passes}


def _ascend(
    module: torch.nn.Module,
    start: tuple[torch.Tensor, torch.Tensor, tuple[torch.Tensor, torch.Tensor]],
    steps: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Climb the margin from a start; returns the best points and their margins."""
    torch = need("torch", "a gradient attack")
    point, truth, (low, high) = start
    best, best_margin = point.clone(), torch.full((len(point),), -torch.inf)
    velocity = torch.zeros_like(point)
    width = (high - low) / 2
    for step in range(steps + 1):
        point = point.detach().requires_grad_(True)
        margin = _margin(module(point), truth)
        better = margin.detach() > best_margin
        best[better] = point.detach()[better]
        best_margin[better] = margin.detach()[better]
        if step == steps:
            break
        (gradient,) = torch.autograd.grad(margin.sum(), point)
        flat = gradient.abs().flatten(1).mean(1).clamp_min(1e-12)
        velocity = _MOMENTUM * velocity + gradient / flat.view(-1, *[1] * (point.dim() - 1))
        size = 2.0 * 0.05 ** (step / steps)  # from twice the half-width to a tenth of it
        moved = point.detach() + size * width * velocity.sign()
        point = torch.minimum(torch.maximum(moved, low), high)
    return best, best_margin


def _margin(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Largest wrong logit minus the right one, shape ``(batch,)``."""
    right = logits.gather(1, truth[:, None]).squeeze(1)
    wrong = logits.scatter(1, truth[:, None], -float("inf")).max(dim=1).values
    return wrong - right


ENGINE: Final = Engine("PGD on the logit margin", "white box", search)


def run(context: Context) -> Iterator[Outcome]:
    """Measure robust accuracy with gradients."""
    yield from measure(context, ENGINE)


ATTACK: Final = Attack(
    "EVA001",
    "evasion-gradient",
    "model.evasion",
    "evasion",
    applies,
    run,
    robust_accuracy.facts,
    robust_accuracy.risks,
    robust_accuracy.worst,
)
