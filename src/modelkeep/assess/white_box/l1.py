"""L1: steps to corners of ball and box, and the exact projection on both together.

Steepest ascent in L1 moves few features, and how many depends on how far each may go. So a
step goes some of the way to the best corner: the steepest features at their bounds until
the radius is used up. What lies between two allowed points is allowed, so nothing has to be
projected. The nearest allowed point to a random start ``u`` is ``clamp(shrink(u, m))``, where
shrinking takes ``m >= 0`` off every size; ``m`` is found by halving an interval.

Sources: Frank and Wolfe 1956 (steps to corners); Croce and Hein, ICML 2021 (why box and ball
must be taken together).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from modelkeep.assess.white_box.geometry import TINY, Box, Geometry
from modelkeep.models import need

if TYPE_CHECKING:
    from torch import Generator, Tensor

_HALVINGS: Final = 24
_BROAD: Final = 0.2  # share of the features that a random start moves


def even(slope: Tensor) -> Tensor:
    """Largest size 1 per row."""
    return slope / slope.abs().amax(1, keepdim=True).clamp_min(TINY)


def step(moved: Tensor, velocity: Tensor, size: float, box: Box, radius: float = 1.0) -> Tensor:
    """A share of the way to the corner of ball and box that the velocity likes best."""
    return moved + min(size, 1.0) * (_corner(velocity, box, radius) - moved)


def _corner(velocity: Tensor, box: Box, radius: float) -> Tensor:
    """The steepest features at their bounds, as many as the ball has room for."""
    room = box.high.where(velocity > 0, -box.low)
    order = velocity.abs().argsort(dim=1, descending=True)
    ordered = room.gather(1, order)
    before = ordered.cumsum(1) - ordered
    used = ordered.minimum((radius - before).clamp_min(0.0))
    return (0 * used).scatter(1, order, used) * velocity.sign()


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
