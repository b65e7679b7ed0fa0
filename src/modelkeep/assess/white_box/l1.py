"""L1: sparse steps, and the exact projection on ball and box together.

Steepest ascent in L1 moves few features; how many is for the climb to learn (``sparse``).
The nearest allowed point to ``u`` is ``clamp(shrink(u, m))``, where shrinking takes ``m >= 0``
off every size; ``m`` is found by halving an interval.

Source: Croce and Hein, ICML 2021 (why box and ball must be taken together, sparse steps).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from modelkeep.assess.white_box.geometry import TINY, Box, Geometry
from modelkeep.models import need

if TYPE_CHECKING:
    from torch import Generator, Tensor

_HALVINGS: Final = 24
DENSEST: Final = 0.2  # share of the features that a step moves where no count is given
_BROAD: Final = 0.2  # share of the features that a random start moves


def even(slope: Tensor) -> Tensor:
    """Largest size 1 per row."""
    return slope / slope.abs().amax(1, keepdim=True).clamp_min(TINY)


def step(
    moved: Tensor,
    velocity: Tensor,
    size: float | Tensor,
    box: Box,
    *,
    count: Tensor | None = None,
    radius: float = 1.0,
) -> Tensor:
    """The steepest features moved by one common amount, ``size`` in sum.

    ``size`` and ``count``, how many features, are one for all rows or of shape ``(n,)``.
    """
    steep = velocity.abs()
    wanted = DENSEST * steep.new_full((len(steep),), steep.shape[1]) if count is None else count
    place = wanted.long().clamp(1, steep.shape[1])[:, None] - 1
    least = steep.sort(dim=1, descending=True).values.gather(1, place).clamp_min(TINY)
    signs = velocity.sign() * (steep >= least)
    share = signs / signs.abs().sum(1, keepdim=True).clamp_min(1.0)
    length = size if isinstance(size, float) else size[:, None]
    return project(moved + length * share, box, radius)


def project(moved: Tensor, box: Box, radius: float = 1.0) -> Tensor:
    """The nearest point in ball and box."""
    clamped = box.clamp(moved)
    outside = clamped.abs().sum(1) > radius
    if not bool(outside.any()):
        return clamped
    wide, bounds = moved[outside], box.take(outside)
    low = wide.new_zeros((len(wide), 1))
    high = wide.abs().amax(1, keepdim=True)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        size = bounds.clamp(_shrink(wide, middle)).abs().sum(1, keepdim=True)
        low, high = middle.where(size > radius, low), high.where(size > radius, middle)
    result = clamped.clone()
    result[outside] = bounds.clamp(_shrink(wide, high))
    return result


def scatter(box: Box, generator: Generator) -> Tensor:
    """A few features moved by random amounts."""
    torch = need("torch", "a gradient attack")
    noise = torch.randn(box.low.shape, generator=generator)
    kept = torch.rand(noise.shape, generator=generator) < _BROAD
    return project(noise * kept / (_BROAD * noise.shape[1]), box)


def _shrink(moved: Tensor, amount: Tensor) -> Tensor:
    return moved.sign() * (moved.abs() - amount).clamp_min(0.0)


GEOMETRY: Final = Geometry(even, step, project, scatter)
