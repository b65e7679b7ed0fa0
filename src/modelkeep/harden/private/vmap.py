"""Gradients row by row by vectorising the gradient function itself.

Works for whatever torch can differentiate and map; holds every row's gradient in memory.

Source: PyTorch ``torch.func`` (per-sample gradients).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from modelkeep.harden.private.interface import Clip, Clipped, Way, factors
from modelkeep.models import need

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module


def prepare(module: Module) -> Clip:
    """What clips batches of this module."""
    torch = need("torch", "private training")
    module.requires_grad_(False)
    weights = {name: weight.detach() for name, weight in module.named_parameters()}

    def loss(weights: dict[str, Tensor], row: Tensor, label: Tensor) -> Tensor:
        logits = torch.func.functional_call(module, weights, (row[None],))
        return torch.as_tensor(torch.nn.functional.cross_entropy(logits, label[None]))

    each = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0, 0))

    def clip(rows: Tensor, truth: Tensor, bound: float) -> Clipped:
        grads = each(weights, rows, truth)
        squares = [grad.flatten(1).square().sum(1) for grad in grads.values()]
        norms = torch.stack(squares).sum(0).sqrt()
        scale = factors(norms, bound)
        sums = {name: torch.tensordot(scale, grad, 1) for name, grad in grads.items()}
        return Clipped(sums, norms)

    return clip


WAY: Final = Way("vmap", prepare)
