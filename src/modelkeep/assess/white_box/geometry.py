"""What differs between norms: how to step, how to stay inside, where to start.

Everything is in units of the radius: a displacement is ``(changed - row) / scale / radius``,
so the ball has radius 1 and the box, which always holds the origin, is what the data allow.
All tensors are flat, ``(n, features)`` float32.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Generator, Tensor


@dataclass(frozen=True, slots=True)
class Box:
    """Lowest and highest displacement of every feature; low <= 0 <= high."""

    low: Tensor
    high: Tensor

    def take(self, chosen: Tensor) -> Box:
        """Some rows."""
        return Box(self.low[chosen], self.high[chosen])

    def clamp(self, moved: Tensor) -> Tensor:
        """Displacements brought into the box."""
        return moved.clamp(self.low, self.high)

    def open(self, moved: Tensor, slope: Tensor) -> Tensor:
        """Slopes, 0 where a feature already stands at the bound it is pushed against."""
        shut = ((moved >= self.high) & (slope > 0)) | ((moved <= self.low) & (slope < 0))
        return slope.masked_fill(shut, 0.0)


@dataclass(frozen=True, slots=True)
class Geometry:
    """One norm.

    Attributes:
        even: slopes brought to a common size per row, so that momentum adds like to like.
        step: displacements after a step of a size (1 is the radius) along a velocity,
            inside box and ball.
        project: displacements brought inside box and ball.
        scatter: random displacements inside both, to start from.
    """

    even: Callable[[Tensor], Tensor]
    step: Callable[[Tensor, Tensor, float, Box], Tensor]
    project: Callable[[Tensor, Box], Tensor]
    scatter: Callable[[Box, Generator], Tensor]


TINY = 1e-12
