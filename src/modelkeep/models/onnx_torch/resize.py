"""Borders and sizes of maps.

Source: ONNX operators Pad, Resize and Upsample. Of the many ways to place samples, those that
frameworks write are known; others are refused.
"""

from __future__ import annotations

from typing import Any, Final

import torch
from torch.nn import functional

from modelkeep.models.onnx_torch.node import Inputs, Node, Operator, given, whole

_HALF: Final = ("half_pixel", "pytorch_half_pixel")
_KINDS: Final = {
    1: {"nearest": "nearest", "linear": "linear"},
    2: {"nearest": "nearest", "linear": "bilinear"},
    3: {"nearest": "nearest", "linear": "trilinear"},
}


def pad(node: Node, inputs: Inputs) -> torch.Tensor:
    """Borders; pads and value were attributes before opset 11."""
    values, listed = inputs[0], given(inputs, 1)
    pads = node.get("pads") if listed is None else whole(listed)
    value = node.get("value", 0.0) if given(inputs, 2) is None else float(inputs[2])
    axes = given(inputs, 3)
    chosen = list(range(values.dim())) if axes is None else whole(axes)
    ends = [[0, 0] for _ in range(values.dim())]
    for at, axis in enumerate(chosen):
        ends[axis] = [pads[at], pads[len(chosen) + at]]
    mode = {"constant": "constant", "reflect": "reflect", "edge": "replicate"}.get(
        node.get("mode", "constant")
    )
    if mode is None or (mode != "constant" and (any(ends[0]) or any(ends[1]))):
        raise node.refuse("this kind of border")
    if mode == "constant":
        return functional.pad(values, [end for pair in ends[::-1] for end in pair], value=value)
    return functional.pad(values, [end for pair in ends[:1:-1] for end in pair], mode=mode)


def _sizes(node: Node, values: torch.Tensor, inputs: Inputs) -> list[int]:
    """Size of the result along every axis."""
    asked: Any = given(inputs, 3)
    if node.operator == "Resize" and asked is not None and asked.numel():
        return whole(asked)
    factors = given(inputs, 1 if len(inputs) == 2 else 2)  # noqa: PLR2004 - Upsample, Resize 10
    listed = node.get("scales") if factors is None else factors.tolist()
    return [int(size * factor) for size, factor in zip(values.shape, listed, strict=True)]


def resize(node: Node, inputs: Inputs) -> torch.Tensor:
    """Maps of another size."""
    values = inputs[0]
    sizes, mode = _sizes(node, values, inputs), node.get("mode", "nearest")
    old = node.operator == "Upsample" or node.opset < 11  # noqa: PLR2004 - when modes came
    placed = "asymmetric" if old else node.get("coordinate_transformation_mode", "half_pixel")
    kind = _KINDS.get(values.dim() - 2, {}).get(mode)
    if kind is None or sizes[:2] != list(values.shape[:2]):
        raise node.refuse(f"mode {mode}, or sizes of rows and channels")
    if kind == "nearest":
        whole_steps = all(
            size % before == 0 for size, before in zip(sizes, values.shape, strict=True)
        )
        rounded = node.get("nearest_mode", "round_prefer_floor")
        known = placed == "asymmetric" and (old or rounded == "floor")
        if not known and not (whole_steps and placed in _HALF):
            raise node.refuse(f"nearest values placed by {placed}")
        return functional.interpolate(values, sizes[2:], mode=kind)
    if placed not in (*_HALF, "align_corners"):
        raise node.refuse(f"values placed by {placed}")
    aligned = placed == "align_corners"
    return functional.interpolate(values, sizes[2:], mode=kind, align_corners=aligned)


OPERATORS: Final[dict[str, Operator]] = {"Pad": pad, "Resize": resize, "Upsample": resize}
