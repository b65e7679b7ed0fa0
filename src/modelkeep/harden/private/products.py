"""Layers that are products: what a row adds to the gradient of their parameters.

With ``a`` going into a layer and ``g`` coming back to its output, a row's gradient is the
sum over places of the outer product of ``g`` and ``a``. ``Part`` tells its norm and the
scaled sum over rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import torch
from torch.nn import functional

from modelkeep.models.onnx_torch.convolution import padded, pads_of
from modelkeep.models.onnx_torch.graph import Step


class Part(Protocol):
    """What rows add to the gradient of one parameter."""

    @property
    def weight(self) -> torch.Tensor:
        """The parameter."""

    def squares(self) -> torch.Tensor:
        """Squared norm of each row's gradient, shape ``(rows,)``."""

    def total(self, scale: torch.Tensor) -> torch.Tensor:
        """Sum over rows, each scaled, in the parameter's shape."""


@dataclass(frozen=True, slots=True)
class Product:
    """A factor of a product.

    Attributes:
        weight: the parameter.
        goes: what went in, ``(rows, places, inputs)``.
        back: what came back, ``(rows, places, outputs)``.
        across: whether the parameter is ``(inputs, outputs)`` instead of the transpose.
    """

    weight: torch.Tensor
    goes: torch.Tensor
    back: torch.Tensor
    across: bool = False

    def squares(self) -> torch.Tensor:
        """Squared norms, by whichever of the two is smaller."""
        places, inputs = self.goes.shape[1:]
        if places == 1:
            return self.goes.square().sum((1, 2)) * self.back.square().sum((1, 2))
        if 2 * places * places < inputs * self.back.shape[2]:
            left = self.goes @ self.goes.transpose(1, 2)
            return (left * (self.back @ self.back.transpose(1, 2))).sum((1, 2))
        return (self.back.transpose(1, 2) @ self.goes).square().sum((1, 2))

    def total(self, scale: torch.Tensor) -> torch.Tensor:
        """The scaled sum over rows."""
        back = (self.back * scale[:, None, None]).flatten(0, 1)
        goes = self.goes.flatten(0, 1)
        total = goes.T @ back if self.across else back.T @ goes
        return total.reshape(self.weight.shape)


@dataclass(frozen=True, slots=True)
class Shift:
    """A bias.

    Attributes:
        weight: the parameter.
        back: what each row gives to it, ``(rows, *weight.shape)``.
    """

    weight: torch.Tensor
    back: torch.Tensor

    def squares(self) -> torch.Tensor:
        """Squared norms."""
        return self.back.flatten(1).square().sum(1)

    def total(self, scale: torch.Tensor) -> torch.Tensor:
        """The scaled sum over rows."""
        return torch.tensordot(scale, self.back, 1)


Made = Callable[[torch.Tensor], list[Part]]  # from what came back to the parts


def parts_of(layer: torch.nn.Module, inputs: Sequence[Any]) -> Made | None:
    """How the parts of a layer's gradient are made, ``None`` if it is none known here."""
    if isinstance(layer, Step):
        reader = _STEPS.get(layer.node.operator)
        return None if reader is None else reader(layer, inputs)
    if type(layer) is torch.nn.Linear:
        return _linear(inputs[0], layer.weight, layer.bias)
    if type(layer) in (torch.nn.Conv1d, torch.nn.Conv2d):
        return _convolution(layer, inputs[0])
    return None


def _linear(
    goes: torch.Tensor,
    weight: torch.Tensor | None,
    bias: torch.Tensor | None,
    *,
    across: bool = False,
    scales: tuple[float, float] = (1.0, 1.0),
) -> Made:
    """Parts of ``scales[0] * goes @ weight + scales[1] * bias``."""
    flat = goes.detach().reshape(len(goes), -1, goes.shape[-1])

    def made(back: torch.Tensor) -> list[Part]:
        parts: list[Part] = []
        if weight is not None:
            came = back.reshape(len(back), -1, back.shape[-1]) * scales[0]
            parts.append(Product(weight, flat, came, across))
        if bias is not None:
            parts.append(Shift(bias, _summed(back * scales[1], bias)))
        return parts

    return made


def _summed(back: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """What each row gives to a bias that was spread over it, ``(rows, *bias.shape)``."""
    spread = [1] * (back.dim() - bias.dim()) + list(bias.shape)
    axes = [at for at in range(1, back.dim()) if spread[at] == 1 and back.shape[at] > 1]
    summed = back.sum(axes, keepdim=True) if axes else back
    return summed.reshape(len(back), *bias.shape)


def _convolution(layer: Any, values: torch.Tensor) -> Made | None:  # noqa: ANN401
    if layer.groups != 1 or layer.padding_mode != "zeros" or isinstance(layer.padding, str):
        return None
    ready = padded(values.detach(), list(layer.padding), list(layer.padding))
    return _unfolded(ready, layer.weight, layer.bias, (layer.stride, layer.dilation))


def _unfolded(
    ready: torch.Tensor,
    weight: torch.Tensor | None,
    bias: torch.Tensor | None,
    moves: tuple[Sequence[int], Sequence[int]],
) -> Made:
    """Parts of a convolution without padding; ``moves`` is its strides and dilations."""
    flat = ready if ready.dim() == 4 else ready[:, :, None]  # noqa: PLR2004 - of two dimensions
    ahead = [1] * (4 - ready.dim())
    strides, dilations = (tuple(ahead + list(each)) for each in moves)
    window = tuple(ahead + list(weight.shape[2:])) if weight is not None else ()

    def made(back: torch.Tensor) -> list[Part]:
        came = back.flatten(2).transpose(1, 2)
        parts: list[Part] = []
        if weight is not None:
            columns = functional.unfold(flat, window, dilations, 0, strides)
            parts.append(Product(weight, columns.transpose(1, 2), came))
        if bias is not None:
            parts.append(Shift(bias, came.sum(1)))
        return parts

    return made


def _parameter(inputs: Sequence[Any], place: int) -> torch.Tensor | None:
    value = inputs[place] if place < len(inputs) else None
    return value if isinstance(value, torch.nn.Parameter) else None


def _gemm(step: Step, inputs: Sequence[Any]) -> Made | None:
    weight, bias = _parameter(inputs, 1), _parameter(inputs, 2)
    if step.node.get("transA", 0) or (weight is None and bias is None):
        return None
    return _linear(
        inputs[0],
        weight,
        bias,
        across=not step.node.get("transB", 0),
        scales=(step.node.get("alpha", 1.0), step.node.get("beta", 1.0)),
    )


def _matmul(_step: Step, inputs: Sequence[Any]) -> Made | None:
    weight = _parameter(inputs, 1)
    if weight is None or weight.dim() != 2:  # noqa: PLR2004 - a matrix
        return None
    return _linear(inputs[0], weight, None, across=True)


def _add(_step: Step, inputs: Sequence[Any]) -> Made | None:
    biases = [value for value in inputs if isinstance(value, torch.nn.Parameter)]
    if len(biases) != 1:
        return None
    others = [value for value in inputs if value is not biases[0]]
    return _linear(others[0], None, biases[0]) if others else None


def _conv(step: Step, inputs: Sequence[Any]) -> Made | None:
    values, weight, bias = inputs[0], _parameter(inputs, 1), _parameter(inputs, 2)
    if weight is None or step.node.get("group", 1) != 1 or weight.dim() not in (3, 4):
        return None
    count = weight.dim() - 2
    strides = step.node.get("strides", [1] * count)
    dilations = step.node.get("dilations", [1] * count)
    window = [
        (size - 1) * wide + 1 for size, wide in zip(weight.shape[2:], dilations, strict=True)
    ]
    pads = pads_of(step.node, values.shape[2:], window, strides)
    return _unfolded(padded(values.detach(), *pads), weight, bias, (strides, dilations))


_STEPS: Final[dict[str, Callable[[Step, Sequence[Any]], Made | None]]] = {
    "Gemm": _gemm,
    "MatMul": _matmul,
    "Add": _add,
    "Conv": _conv,
}
