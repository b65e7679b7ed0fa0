"""L-infinity: every feature may move by the radius, so the sign of the slope is the step.

Source: Goodfellow et al., ICLR 2015 (the linear view of it).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from modelkeep.assess.white_box.geometry import TINY, Box, Geometry
from modelkeep.models import need

if TYPE_CHECKING:
    from torch import Generator, Tensor


def even(slope: Tensor) -> Tensor:
    """Mean size 1 per row."""
    return slope / slope.abs().mean(1, keepdim=True).clamp_min(TINY)


def step(moved: Tensor, velocity: Tensor, size: float, box: Box) -> Tensor:
    """The same size for every feature."""
    return box.clamp(moved + size * velocity.sign())


def project(moved: Tensor, box: Box) -> Tensor:
    """The box lies inside the ball."""
    return box.clamp(moved)


def scatter(box: Box, generator: Generator) -> Tensor:
    """Uniform in the box."""
    noise = need("torch", "a gradient attack").rand(box.low.shape, generator=generator)
    return box.low + noise * (box.high - box.low)


GEOMETRY: Final = Geometry(even, step, project, scatter)
