"""Gradients row by row as Opacus takes them: hooks on each layer, a tensor per row.

Source: Yousefpour et al., 2021 (Opacus, ``GradSampleModule``).
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Final

from modelkeep.harden.private.interface import Clip, Clipped, NotThisWayError, Way, factors
from modelkeep.models import need

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module


def prepare(module: Module) -> Clip:
    """What clips batches of this module; puts hooks on its layers.

    Raises:
        NotThisWayError: Opacus does not know its layers.
        MissingExtraError: opacus is not installed.
    """
    torch = need("torch", "private training")
    samples = need("opacus.grad_sample", "private training by hooks")
    module.requires_grad_(True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on layers it would rather see replaced
            hooked = samples.GradSampleModule(module, loss_reduction="sum", strict=True)
    except (NotImplementedError, ValueError, TypeError, AttributeError) as error:
        raise NotThisWayError(str(error)) from error
    weights = dict(module.named_parameters())
    module.train()  # in evaluation mode its hooks note nothing
    for layer in module.modules():
        if isinstance(layer, torch.nn.modules.dropout._DropoutNd):  # noqa: SLF001 - the family
            layer.eval()

    def clip(rows: Tensor, truth: Tensor, bound: float) -> Clipped:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on hooks of a first layer, which are meant so
            loss = torch.nn.functional.cross_entropy(hooked(rows), truth, reduction="sum")
            loss.backward()
        grads: dict[str, Tensor] = {}
        for name, weight in weights.items():
            noted = getattr(weight, "grad_sample", None)
            if noted is None:  # it hangs outside the layers that hold hooks, as in ONNX graphs
                raise NotThisWayError(f"no hook sees the gradient of {name}")
            grads[name] = noted
        norms = torch.stack([g.flatten(1).square().sum(1) for g in grads.values()]).sum(0)
        norms = norms.sqrt()
        scale = factors(norms, bound)
        sums = {name: torch.tensordot(scale, grad, 1) for name, grad in grads.items()}
        for weight in weights.values():
            weight.grad_sample, weight.grad = None, None
        return Clipped(sums, norms)

    return clip


WAY: Final = Way("hooks", prepare)
