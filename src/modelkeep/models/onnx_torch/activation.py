"""Activations.

Source: ONNX operators. Softmax flattened what follows its axis before opset 13.
"""

from __future__ import annotations

from typing import Final

import torch
from torch.nn import functional

from modelkeep.models.onnx_torch.arithmetic import plain
from modelkeep.models.onnx_torch.node import Inputs, Node, Operator

_PER_AXIS: Final = 13  # opset since which softmax is taken along one axis


def soft(node: Node, inputs: Inputs) -> torch.Tensor:
    """Softmax or its logarithm."""
    function = torch.softmax if node.operator == "Softmax" else torch.log_softmax
    (values,) = inputs
    if node.opset >= _PER_AXIS:
        return function(values, node.get("axis", -1))
    flat = values.flatten(node.get("axis", 1) % values.dim() or 0)
    if node.get("axis", 1) % values.dim() == 0:
        flat = values.reshape(-1)
    return function(flat, -1).view(values.shape)


def leaky(node: Node, inputs: Inputs) -> torch.Tensor:
    """A smaller slope below zero."""
    return functional.leaky_relu(inputs[0], node.get("alpha", 0.01))


def parametric(_node: Node, inputs: Inputs) -> torch.Tensor:
    """A slope of its own below zero; broadcast as ONNX does."""
    values, slope = inputs
    return torch.where(values < 0, values * slope, values)


def exponential(node: Node, inputs: Inputs) -> torch.Tensor:
    """An exponential below zero: Elu, Celu, Selu."""
    (values,) = inputs
    if node.operator == "Celu":
        return functional.celu(values, node.get("alpha", 1.0))
    alpha, gamma = node.get("alpha", 1.0), 1.0
    if node.operator == "Selu":
        alpha = node.get("alpha", 1.67326319217681884765625)
        gamma = node.get("gamma", 1.05070102214813232421875)
    below = alpha * (values.clamp_max(0).exp() - 1)
    return gamma * torch.where(values > 0, values, below)


def hard_sigmoid(node: Node, inputs: Inputs) -> torch.Tensor:
    """A straight line between 0 and 1."""
    return (node.get("alpha", 0.2) * inputs[0] + node.get("beta", 0.5)).clamp(0, 1)


def hard_swish(_node: Node, inputs: Inputs) -> torch.Tensor:
    """The value times a straight line between 0 and 1."""
    return inputs[0] * (inputs[0] / 6 + 0.5).clamp(0, 1)


def thresholded(node: Node, inputs: Inputs) -> torch.Tensor:
    """Zero up to a threshold."""
    return torch.where(inputs[0] > node.get("alpha", 1.0), inputs[0], 0.0)


def gelu(node: Node, inputs: Inputs) -> torch.Tensor:
    """The value times the normal distribution's share below it."""
    return functional.gelu(inputs[0], approximate=node.get("approximate", "none"))


OPERATORS: Final[dict[str, Operator]] = {
    "Relu": plain(torch.relu),
    "LeakyRelu": leaky,
    "PRelu": parametric,
    "Elu": exponential,
    "Celu": exponential,
    "Selu": exponential,
    "Sigmoid": plain(torch.sigmoid),
    "HardSigmoid": hard_sigmoid,
    "HardSwish": hard_swish,
    "ThresholdedRelu": thresholded,
    "Tanh": plain(torch.tanh),
    "Softplus": plain(functional.softplus),
    "Softsign": plain(functional.softsign),
    "Mish": plain(functional.mish),
    "Gelu": gelu,
    "Softmax": soft,
    "LogSoftmax": soft,
}
