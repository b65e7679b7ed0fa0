"""Convolutions, forwards and transposed, in one to three dimensions.

Source: ONNX operators Conv and ConvTranspose. Padding may differ at the two ends of an axis.
"""

from __future__ import annotations

from typing import Final

import torch
from torch.nn import functional

from modelkeep.models.onnx_torch.node import Inputs, Node, Operator, given

_FORWARD: Final = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}
_TRANSPOSED: Final = {
    1: functional.conv_transpose1d,
    2: functional.conv_transpose2d,
    3: functional.conv_transpose3d,
}


def pads_of(
    node: Node, size: torch.Size, window: list[int], strides: list[int]
) -> tuple[list[int], list[int]]:
    """Padding before and after each axis.

    Args:
        node: a convolution or pooling.
        size: sizes of the spatial axes.
        window: extent of the kernel along each, dilation included.
        strides: step along each.
    """
    count = len(window)
    how = node.get("auto_pad", "NOTSET")
    if how == "NOTSET":
        pads = node.get("pads", [0] * (2 * count))
        return list(pads[:count]), list(pads[count:])
    if how == "VALID":
        return [0] * count, [0] * count
    before, after = [], []
    for length, extent, stride in zip(size, window, strides, strict=True):
        total = max(0, (-(-length // stride) - 1) * stride + extent - length)
        small = total // 2
        before.append(total - small if how == "SAME_LOWER" else small)
        after.append(small if how == "SAME_LOWER" else total - small)
    return before, after


def padded(
    values: torch.Tensor, before: list[int], after: list[int], value: float = 0.0
) -> torch.Tensor:
    """Values with constant borders on the last axes."""
    if not any(before) and not any(after):
        return values
    ends = [end for pair in zip(reversed(before), reversed(after), strict=True) for end in pair]
    return functional.pad(values, ends, value=value)


def convolve(node: Node, inputs: Inputs) -> torch.Tensor:
    """Convolution."""
    values, weights, bias = inputs[0], inputs[1], given(inputs, 2)
    count = weights.dim() - 2
    strides = node.get("strides", [1] * count)
    dilations = node.get("dilations", [1] * count)
    window = [
        (size - 1) * step + 1 for size, step in zip(weights.shape[2:], dilations, strict=True)
    ]
    before, after = pads_of(node, values.shape[2:], window, strides)
    function = _FORWARD.get(count)
    if function is None:
        raise node.refuse(f"{count} dimensions")
    ready = padded(values, before, after)
    group = node.get("group", 1)
    return function(ready, weights, bias, strides, 0, dilations, group)


def spread(node: Node, inputs: Inputs) -> torch.Tensor:
    """Transposed convolution."""
    values, weights, bias = inputs[0], inputs[1], given(inputs, 2)
    count = weights.dim() - 2
    function = _TRANSPOSED.get(count)
    if (
        function is None
        or node.get("output_shape")
        or node.get("auto_pad", "NOTSET") != "NOTSET"
    ):
        raise node.refuse("a shape of output that is given or padded by rule")
    pads = node.get("pads", [0] * (2 * count))
    more = node.get("output_padding", [0] * count)
    strides, dilations = node.get("strides", [1] * count), node.get("dilations", [1] * count)
    whole = function(values, weights, bias, strides, 0, more, node.get("group", 1), dilations)
    for axis in range(count):
        length = whole.shape[2 + axis] - pads[axis] - pads[count + axis]
        whole = whole.narrow(2 + axis, pads[axis], length)
    return whole


OPERATORS: Final[dict[str, Operator]] = {"Conv": convolve, "ConvTranspose": spread}
