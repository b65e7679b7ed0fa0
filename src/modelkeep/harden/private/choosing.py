"""Choose how to clip: what gives the right sums on made-up rows, and gives them soonest.

Each way clips a batch of random rows of the right shape twice; the second time counts. Its
sums must be those of gradients taken one row at a time, on a few rows. Nothing private is
looked at.

Source: the measurements of ghost clipping and of hooks differ by layer and size (Bu et al.,
NeurIPS 2022), so they are taken here.
"""

from __future__ import annotations

import copy
import time
from typing import TYPE_CHECKING, Final

from modelkeep.core import InputError, MissingExtraError
from modelkeep.harden.private import ghost, hooks, vmap
from modelkeep.harden.private.interface import (
    Clip,
    Clipped,
    NotThisWayError,
    Way,
    factors,
)
from modelkeep.models import need

if TYPE_CHECKING:
    import torch

WAYS: Final = (ghost.WAY, vmap.WAY, hooks.WAY)
_COMPARED: Final = 4  # rows
_CLOSE: Final = 1e-3  # relative
_BOUND: Final = 0.5


def choose_way(
    module: torch.nn.Module, shape: tuple[int, ...], batch: int, classes: int
) -> Way:
    """The fastest way that is right for this module.

    Args:
        module: answers logits ``(batch, classes)``; it stays as it is.
        shape: of one row.
        batch: rows of a step.
        classes: how many there are.

    Raises:
        InputError: what the module answers for a row depends on the other rows, or no way
            works.
        MissingExtraError: torch is not installed.
    """
    torch = need("torch", "private training")
    generator = torch.Generator().manual_seed(0)  # of made-up rows: nothing secret
    rows = torch.randn(batch, *shape, generator=generator)
    truth = torch.arange(batch) % classes
    few = rows[:_COMPARED], truth[:_COMPARED]
    _require_independent(module, few[0])
    expected = one_by_one(copy.deepcopy(module), *few, _BOUND)
    found: list[tuple[float, Way]] = []
    reasons = []
    for way in WAYS:
        try:
            clip = way.prepare(copy.deepcopy(module))
            _compare(clip(*few, _BOUND), expected)
            found.append((_seconds(clip, rows, truth), way))
        except (NotThisWayError, MissingExtraError, RuntimeError, ValueError) as error:
            reasons.append(f"{way.name}: {str(error).splitlines()[0]}")
    if not found:
        raise InputError(
            f"no way to clip the gradients of single rows works ({'; '.join(reasons)})",
            "Build the model from linear layers and convolutions.",
        )
    return min(found, key=lambda pair: pair[0])[1]


def one_by_one(
    module: torch.nn.Module, rows: torch.Tensor, truth: torch.Tensor, bound: float
) -> Clipped:
    """Sums of clipped gradients, each row on its own: what every way is held to."""
    torch = need("torch", "private training")
    module.requires_grad_(True)
    weights = dict(module.named_parameters())
    sums = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    norms = []
    for row, label in zip(rows, truth, strict=True):
        loss = torch.nn.functional.cross_entropy(module(row[None]), label[None])
        grads = torch.autograd.grad(loss, list(weights.values()), materialize_grads=True)
        norm = torch.stack([grad.square().sum() for grad in grads]).sum().sqrt()
        for name, grad in zip(weights, grads, strict=True):
            sums[name] += grad * factors(norm, bound)
        norms.append(norm)
    return Clipped(sums, torch.stack(norms))


def _require_independent(module: torch.nn.Module, rows: torch.Tensor) -> None:
    torch = need("torch", "private training")
    with torch.no_grad():
        together = module(rows)
        apart = torch.cat([module(row[None]) for row in rows])
    if not torch.allclose(together, apart, rtol=_CLOSE, atol=_CLOSE):
        raise InputError(
            "what the model answers for a row depends on the other rows of its batch",
            "Replace layers that mix rows, such as batch normalisation, by GroupNorm.",
        )


def _compare(found: Clipped, expected: Clipped) -> None:
    torch = need("torch", "private training")
    for name, wanted in expected.sums.items():
        got = found.sums.get(name)
        if got is None or not torch.allclose(got, wanted, rtol=_CLOSE, atol=_CLOSE * _BOUND):
            raise NotThisWayError(f"its gradient of {name} is not that of single rows")


def _seconds(clip: Clip, rows: torch.Tensor, truth: torch.Tensor) -> float:
    clip(rows, truth, _BOUND)
    start = time.process_time()
    clip(rows, truth, _BOUND)
    return time.process_time() - start
