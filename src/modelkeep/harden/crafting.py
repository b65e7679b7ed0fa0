"""Adversarial rows to train on: cheap, and as strong as training needs.

The module is in evaluation mode while rows are crafted: batch statistics stay those of
the rows it answers, which trains a little better (Pang et al., ICLR 2021).

Sources: Goodfellow et al., ICLR 2015 (one signed step); Wong et al., ICLR 2020 (a random
start makes one step enough, step 1.25 radii); Madry et al., ICLR 2018 (several steps).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from modelkeep.harden.neighbourhood import Neighbourhood
from modelkeep.models import need

if TYPE_CHECKING:
    import torch

Objective = Callable[["torch.Tensor"], "torch.Tensor"]  # logits -> a number to raise
_ONE: Final = 1.25  # radii of the single step
_REACH: Final = 2.5  # radii that several steps could walk in all


def misclassified(truth: torch.Tensor) -> Objective:
    """Cross-entropy to the right classes, summed over the batch: what evasion raises."""
    functional = need("torch.nn.functional", "adversarial training")
    return lambda logits: functional.cross_entropy(logits, truth, reduction="sum")


def random_start(
    rows: torch.Tensor, around: Neighbourhood, generator: torch.Generator
) -> torch.Tensor:
    """A uniform point of the box of each row."""
    torch = need("torch", "adversarial training")
    low, high = around.box(rows)
    return low + torch.rand(rows.shape, generator=generator) * (high - low)


def climb(
    module: torch.nn.Module,
    rows: torch.Tensor,
    around: Neighbourhood,
    objective: Objective,
    generator: torch.Generator,
    *,
    steps: int,
) -> torch.Tensor:
    """Rows moved within their boxes so that ``objective(logits)`` grows.

    Args:
        module: maps rows to logits.
        rows: clean rows, shape ``(batch, ...)``.
        around: the box.
        objective: the sum over the batch of what is to be raised.
        generator: of the random start.
        steps: signed steps; 1 is the fast form.

    Returns:
        Shape of ``rows``, detached.
    """
    torch = need("torch", "adversarial training")
    size = (_ONE if steps == 1 else _REACH / steps) * around.step
    point = random_start(rows, around, generator)
    with evaluating(module):
        for _ in range(steps):
            point = point.detach().requires_grad_(True)
            (gradient,) = torch.autograd.grad(objective(module(point)), point)
            point = around.within(rows, point.detach() + size * gradient.sign())
    return point.detach()


@contextmanager
def evaluating(module: torch.nn.Module) -> Iterator[None]:
    """The module in evaluation mode; afterwards in the mode it was in."""
    was = module.training
    module.eval()
    try:
        yield
    finally:
        module.train(was)
