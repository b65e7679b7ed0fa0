"""One node of an ONNX graph, as the operators see it.

An operator is a function from a node and its inputs to one tensor or a tuple of them. Inputs
that were left out are ``None``. Sizes and axes come as tensors of whole numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelkeep.core import InputError

if TYPE_CHECKING:
    from torch import Tensor

Inputs = list[Any]  # Tensor, or None where an input was left out
Operator = Callable[["Node", Inputs], Any]  # Tensor or a tuple of tensors


class NotConvertedError(InputError):
    """Part of a graph that has no counterpart here; the model is attacked without gradients."""


@dataclass(frozen=True, slots=True)
class Node:
    """An operator with its attributes.

    Attributes:
        operator: its name.
        opset: version of the operator set the model was written for.
        attributes: by name: numbers, texts, lists of them, or tensors.
        outputs: how many results are asked for.
    """

    operator: str
    opset: int
    attributes: Mapping[str, Any]
    outputs: int = 1

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - attributes vary
        """An attribute, or its default."""
        return self.attributes.get(name, default)

    def refuse(self, why: str) -> NotConvertedError:
        """The error for a use of this operator that is not known."""
        return NotConvertedError(f"{self.operator}: {why}")


def given(inputs: Inputs, index: int) -> Any:  # noqa: ANN401
    """An optional input, ``None`` if it was left out."""
    return inputs[index] if index < len(inputs) else None


def whole(numbers: Tensor) -> list[int]:
    """Sizes or axes that came as a tensor."""
    return [int(number) for number in numbers.reshape(-1).tolist()]
