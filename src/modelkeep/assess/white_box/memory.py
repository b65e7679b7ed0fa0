"""How much fits into memory: points attacked together, points in one pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from modelkeep.core import InputError
from modelkeep.models import need

if TYPE_CHECKING:
    import torch
    from torch import Tensor

_POINTS: Final = 1 << 28  # bytes for points, displacements and momentum
_PAIRS: Final = 40  # arrays of the size of the points that a round may hold
_MAPS: Final = 1 << 28  # bytes of feature maps in one pass
_LEAST: Final = 8
_MOST: Final = 512  # more points in one pass are no faster


def points_together(features: int) -> int:
    """How many points of a size are attacked together."""
    return max(_LEAST, _POINTS // (4 * _PAIRS * max(1, features)))


def probe_network(module: torch.nn.Module, row: Tensor) -> tuple[int, int]:
    """Number of classes, and how many rows may go through the network together.

    One row is sent through; what every layer answers is added up.

    Raises:
        InputError: the network does not answer logits ``(batch, classes)``.
    """
    torch = need("torch", "a gradient attack")
    size = 4 * row.numel()

    def seen(_layer: object, _given: object, answer: Any) -> None:  # noqa: ANN401
        nonlocal size
        if isinstance(answer, torch.Tensor):
            size += answer.numel() * answer.element_size()

    handles = [layer.register_forward_hook(seen) for layer in module.modules()]
    try:
        with torch.no_grad():
            logits = module(row)
    finally:
        for handle in handles:
            handle.remove()
    if logits.dim() != 2 or logits.shape[1] < 2:  # noqa: PLR2004
        raise InputError(f"the module answers shape {tuple(logits.shape)}, not logits")
    chunk = _MAPS // (4 * size)  # maps, their gradients, and what a layer keeps aside
    return logits.shape[1], max(_LEAST, min(_MOST, chunk))
