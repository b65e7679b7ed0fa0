"""How sure of a class can the model become on any input at all?

A backdoor makes the model learn its target class far too well: somewhere in the input
space its logit stands above all others by much more than for honest classes, whatever
the trigger looks like. Nothing is stamped and no clean row is needed: the margin of
every class is raised from random starts by gradient steps.

Source: Wang et al., IEEE S&P 2024 (MM-BD: maximum margin statistic).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from modelkeep.assess.backdoor.interface import Answer
from modelkeep.models import need

if TYPE_CHECKING:
    pass

_MOMENTUM: Final = 0.75


def largest_margins(
    module: Answer,
    shape: tuple[int, ...],
    *,
    classes: int,
    steps: int,
    starts: int,
    seed: int,
) -> tuple[np.ndarray, int]:
    """The largest margin found per class, and the passes spent.

    Args:
        module: rows in [0, 1] to logits ``(batch, classes)``.
        shape: of one row.
        classes: how many classes.
        steps: gradient steps.
        starts: random starts per class.
        seed: of the starts.

    Returns:
        Logit of the class minus the largest other, shape ``(classes,)``; passes.
    """
    torch = need("torch", "a backdoor test")
    rng = torch.Generator().manual_seed(seed)
    point = torch.rand((classes * starts, *shape), generator=rng)
    wanted = torch.arange(classes).repeat_interleave(starts)
    best = torch.full((len(wanted),), -torch.inf)
    velocity = torch.zeros_like(point)
    for step in range(steps + 1):
        point = point.detach().requires_grad_(True)
        logits = module(point)
        own = logits.gather(1, wanted[:, None]).squeeze(1)
        margin = own - logits.scatter(1, wanted[:, None], -torch.inf).amax(1)
        best = torch.maximum(best, margin.detach())
        if step == steps:
            break
        (gradient,) = torch.autograd.grad(margin.sum(), point)
        flat = gradient.flatten(1).abs().mean(1).clamp_min(1e-12)
        velocity = _MOMENTUM * velocity + gradient / flat.view(-1, *[1] * (point.dim() - 1))
        size = 0.2 * 0.1 ** (step / steps)
        point = (point.detach() + size * velocity.sign()).clamp(0, 1)
    per_class = best.view(classes, starts).amax(1).numpy()
    return per_class, len(wanted) * (2 * steps + 1)
