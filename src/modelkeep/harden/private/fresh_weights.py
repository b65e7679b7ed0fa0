"""First weights that know nothing of the data.

A guarantee holds for what training does with rows. Weights that had been trained on the same
rows before carry what they learned past any noise, so private training starts anew: weights
drawn at random by shape, biases at zero, factors of a normalisation at one. Everything that
is no weight (constants of a graph, buffers) stays and is taken to be public.

Source: Glorot and Bengio, AISTATS 2010.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from modelkeep.core import InputError
from modelkeep.models import need

if TYPE_CHECKING:
    import torch

_MIXERS: Final = ("BatchNorm", "BatchNormalization")


def statistics_in(module: torch.nn.Module) -> str:
    """Name of a layer that holds statistics of training rows, empty if there is none."""
    for name, layer in module.named_modules():
        kind = type(layer).__name__
        node = getattr(layer, "node", None)
        if kind.startswith(_MIXERS) or getattr(node, "operator", "").startswith(_MIXERS):
            return name or kind
    return ""


def forget(module: torch.nn.Module, generator: torch.Generator) -> None:
    """Draw all weights anew, in place.

    Raises:
        InputError: a parameter is of a kind whose first value is not known.
    """
    torch = need("torch", "private training")
    scales = _normalising(module)
    with torch.no_grad():
        for name, weight in module.named_parameters():
            if not weight.is_floating_point():
                raise InputError(f"weight {name} holds no floating-point numbers")
            if weight.dim() < 2:  # noqa: PLR2004 - a vector
                weight.fill_(1.0 if id(weight) in scales else 0.0)
                continue
            places = math.prod(weight.shape[2:])
            fans = (weight.shape[0] + weight.shape[1]) * places
            bound = math.sqrt(6.0 / fans)
            drawn = torch.rand(weight.shape, generator=generator, dtype=weight.dtype)
            weight.copy_((2 * drawn - 1) * bound)


def _normalising(module: torch.nn.Module) -> set[int]:
    """Identities of the factors of normalisations, which start at one."""
    torch = need("torch", "private training")
    layers = (torch.nn.LayerNorm, torch.nn.GroupNorm, torch.nn.InstanceNorm2d)
    found = {id(layer.weight) for layer in module.modules() if isinstance(layer, layers)}
    weights = getattr(module, "weights", None)
    inner = getattr(module, "inner", None)
    if callable(weights) and inner is not None:  # an ONNX graph: by the node's second input
        named = weights()
        for step in getattr(inner, "steps", ()):
            if step.node.operator.endswith("Normalization") and step.takes[1] in named:
                found.add(id(named[step.takes[1]]))
    return found
