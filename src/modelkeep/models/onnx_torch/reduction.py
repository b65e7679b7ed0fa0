"""Many numbers to one along some axes.

Source: ONNX operators. Axes were attributes before opset 13 (ReduceSum) or 18 (the others).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import torch

from modelkeep.models.onnx_torch.node import Inputs, Node, Operator, given, whole


def _product(values: torch.Tensor, axes: list[int], keep: bool) -> torch.Tensor:
    for axis in sorted((axis % values.dim() for axis in axes), reverse=True):
        values = values.prod(axis, keepdim=keep)
    return values


_KINDS: Final[dict[str, Callable[[torch.Tensor, list[int], bool], Any]]] = {
    "ReduceMean": lambda values, axes, keep: values.mean(axes, keepdim=keep),
    "ReduceSum": lambda values, axes, keep: values.sum(axes, keepdim=keep),
    "ReduceMax": lambda values, axes, keep: values.amax(axes, keepdim=keep),
    "ReduceMin": lambda values, axes, keep: values.amin(axes, keepdim=keep),
    "ReduceProd": _product,
    "ReduceL1": lambda values, axes, keep: values.abs().sum(axes, keepdim=keep),
    "ReduceL2": lambda values, axes, keep: values.square().sum(axes, keepdim=keep).sqrt(),
    "ReduceSumSquare": lambda values, axes, keep: values.square().sum(axes, keepdim=keep),
    "ReduceLogSum": lambda values, axes, keep: values.sum(axes, keepdim=keep).log(),
    "ReduceLogSumExp": lambda values, axes, keep: torch.logsumexp(values, axes, keepdim=keep),
}


def reduce(node: Node, inputs: Inputs) -> torch.Tensor:
    """One number for all along the axes; all axes if none are named."""
    values, listed = inputs[0], given(inputs, 1)
    axes = node.get("axes") if listed is None else whole(listed)
    if not axes:
        if node.get("noop_with_empty_axes", 0):
            return values
        axes = list(range(values.dim()))
    result: torch.Tensor = _KINDS[node.operator](values, axes, bool(node.get("keepdims", 1)))
    return result


def place(node: Node, inputs: Inputs) -> torch.Tensor:
    """Where the largest or smallest value lies."""
    axis, keep = node.get("axis", 0), bool(node.get("keepdims", 1))
    if node.get("select_last_index", 0):
        raise node.refuse("the last of equal values")
    function = torch.argmax if node.operator == "ArgMax" else torch.argmin
    return function(inputs[0], axis, keepdim=keep)


def running(node: Node, inputs: Inputs) -> torch.Tensor:
    """Sums so far."""
    if node.get("exclusive", 0) or node.get("reverse", 0):
        raise node.refuse("sums from the end, or without the value itself")
    return inputs[0].cumsum(whole(inputs[1])[0])


OPERATORS: Final[dict[str, Operator]] = {
    **dict.fromkeys(_KINDS, reduce),
    "ArgMax": place,
    "ArgMin": place,
    "CumSum": running,
}
