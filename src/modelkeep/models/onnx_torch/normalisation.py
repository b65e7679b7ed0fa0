"""Normalisation with statistics that are stored, or taken from the values themselves.

Source: ONNX operators. GroupNormalization scaled groups in opset 18 and channels since 21.
"""

from __future__ import annotations

from typing import Final

import torch
from torch.nn import functional

from modelkeep.models.onnx_torch.node import Inputs, Node, Operator, given

_PER_CHANNEL: Final = 21  # opset since which GroupNormalization scales channels


def batch(node: Node, inputs: Inputs) -> torch.Tensor:
    """With stored mean and variance per channel."""
    if node.get("training_mode", 0) or node.outputs > 1:
        raise node.refuse("training")
    values, scale, shift, mean, variance = inputs
    return functional.batch_norm(
        values, mean, variance, scale, shift, eps=node.get("epsilon", 1e-5)
    )


def instance(node: Node, inputs: Inputs) -> torch.Tensor:
    """Per row and channel."""
    values, scale, shift = inputs
    return functional.instance_norm(
        values, weight=scale, bias=shift, eps=node.get("epsilon", 1e-5)
    )


def layer(node: Node, inputs: Inputs) -> torch.Tensor:
    """Over the last axes."""
    if node.outputs > 1:
        raise node.refuse("its mean as an output")
    values, scale, shift = inputs[0], inputs[1], given(inputs, 2)
    shape = values.shape[node.get("axis", -1) % values.dim() :]
    normal = functional.layer_norm(values, shape, eps=node.get("epsilon", 1e-5)) * scale
    return normal if shift is None else normal + shift


def group(node: Node, inputs: Inputs) -> torch.Tensor:
    """Over groups of channels."""
    values, scale, shift = inputs
    count, channels = node.get("num_groups"), inputs[0].shape[1]
    if node.opset < _PER_CHANNEL:
        scale, shift = (
            each.repeat_interleave(channels // count) if len(each) == count else each
            for each in (scale, shift)
        )
    return functional.group_norm(values, count, scale, shift, node.get("epsilon", 1e-5))


def response(node: Node, inputs: Inputs) -> torch.Tensor:
    """Over neighbouring channels."""
    size = node.get("size")
    if size % 2 == 0:
        raise node.refuse("an even number of neighbours")
    constants = (node.get("alpha", 1e-4), node.get("beta", 0.75), node.get("bias", 1.0))
    return functional.local_response_norm(inputs[0], size, *constants)


def length(node: Node, inputs: Inputs) -> torch.Tensor:
    """Divided by their own length along an axis."""
    axis, order = node.get("axis", -1), node.get("p", 2)
    return inputs[0] / inputs[0].norm(order, axis, keepdim=True)


OPERATORS: Final[dict[str, Operator]] = {
    "BatchNormalization": batch,
    "InstanceNormalization": instance,
    "LayerNormalization": layer,
    "GroupNormalization": group,
    "LRN": response,
    "LpNormalization": length,
}
