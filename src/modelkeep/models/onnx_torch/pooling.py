"""Pooling.

Source: ONNX operators. An average leaves padding out of the count unless told otherwise.
"""

from __future__ import annotations

from typing import Final

import torch
from torch.nn import functional

from modelkeep.models.onnx_torch.convolution import padded, pads_of
from modelkeep.models.onnx_torch.node import Inputs, Node, Operator

_LARGEST: Final = {1: functional.max_pool1d, 2: functional.max_pool2d, 3: functional.max_pool3d}
_MEAN: Final = {1: functional.avg_pool1d, 2: functional.avg_pool2d, 3: functional.avg_pool3d}


def pool(node: Node, inputs: Inputs) -> torch.Tensor:
    """The largest value or the average of each window."""
    (values,) = inputs
    kernel = node.get("kernel_shape")
    count = len(kernel)
    strides = node.get("strides", [1] * count)
    dilations = node.get("dilations", [1] * count)
    if node.outputs > 1 or count not in _MEAN:
        raise node.refuse("places of the largest values, or this many dimensions")
    window = [(size - 1) * step + 1 for size, step in zip(kernel, dilations, strict=True)]
    before, after = pads_of(node, values.shape[2:], window, strides)
    if node.get("ceil_mode", 0):
        after = _rounded_up(node, values, (before, after), (window, strides))
    if node.operator == "MaxPool":
        ready = padded(values, before, after, -float("inf"))
        return _LARGEST[count](ready, kernel, strides, 0, dilations)
    if any(step != 1 for step in dilations):
        raise node.refuse("an average with gaps")
    mean = _MEAN[count](padded(values, before, after), kernel, strides)
    if node.get("count_include_pad", 0):
        return mean
    ones = padded(torch.ones_like(values[:1, :1]), before, after)
    return mean / _MEAN[count](ones, kernel, strides)


def _rounded_up(
    node: Node,
    values: torch.Tensor,
    pads: tuple[list[int], list[int]],
    windows: tuple[list[int], list[int]],
) -> list[int]:
    """Padding after each axis such that the last window, if cut short, fits."""
    if node.get("count_include_pad", 0):
        raise node.refuse("counting padding while rounding sizes up")
    after = []
    sides = zip(values.shape[2:], *pads, *windows, strict=True)
    for length, before, behind, extent, stride in sides:
        over = (length + before + behind - extent) % stride
        steps = (length + before + behind - extent + stride - 1) // stride
        starts_inside = steps * stride < length + before
        after.append(behind + (stride - over if over and starts_inside else 0))
    return after


def everywhere(node: Node, inputs: Inputs) -> torch.Tensor:
    """One window over the whole map."""
    (values,) = inputs
    axes = tuple(range(2, values.dim()))
    if node.operator == "GlobalMaxPool":
        return values.amax(axes, keepdim=True)
    return values.mean(axes, keepdim=True)


OPERATORS: Final[dict[str, Operator]] = {
    "MaxPool": pool,
    "AveragePool": pool,
    "GlobalAveragePool": everywhere,
    "GlobalMaxPool": everywhere,
}
