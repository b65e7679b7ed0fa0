"""L2: steps along the normalised slope, and the exact projection on ball and box together.

The nearest point of ball and box to ``u`` is ``clamp(k * u)`` for the largest ``k <= 1`` at
which it lies in the ball. ``k`` is found from below: with the features that are clamped held
fixed it has a closed form, and every round clamps only more of them.

Sources: Croce and Hein, ICML 2020 (normalised steps); the projection follows from the
optimality conditions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from modelkeep.assess.white_box.geometry import TINY, Box, Geometry
from modelkeep.models import need

if TYPE_CHECKING:
    from torch import Generator, Tensor

_ROUNDS: Final = 4  # of clamping; the result is feasible after each


def even(slope: Tensor) -> Tensor:
    """Length 1 per row."""
    return slope / _length(slope)


def step(moved: Tensor, velocity: Tensor, size: float, box: Box) -> Tensor:
    """Along the velocity, without the features it would push out of the box."""
    return project(moved + size * even(box.open(moved, velocity)), box)


def project(moved: Tensor, box: Box) -> Tensor:
    """The nearest point in ball and box."""
    factor = (1 / _length(moved)).clamp_max(1.0)
    clamped = box.clamp(factor * moved)
    for _ in range(_ROUNDS):
        held = clamped != factor * moved
        rest = 1.0 - (clamped.square() * held).sum(1, keepdim=True)
        free = (moved.square() * ~held).sum(1, keepdim=True).clamp_min(TINY)
        factor = (rest.clamp_min(0.0) / free).sqrt().clamp_max(1.0).maximum(factor)
        clamped = box.clamp(factor * moved)
    return clamped / _length(clamped).clamp_min(1.0)


def scatter(box: Box, generator: Generator) -> Tensor:
    """A random direction, as far as a uniformly drawn share of the ball."""
    torch = need("torch", "a gradient attack")
    noise = torch.randn(box.low.shape, generator=generator)
    share = torch.rand((len(noise), 1), generator=generator)
    return project(share * even(noise), box)


def _length(moved: Tensor) -> Tensor:
    """Euclidean length, shape ``(n, 1)``, never 0."""
    return moved.norm(dim=1, keepdim=True).clamp_min(TINY)


GEOMETRY: Final = Geometry(even, step, project, scatter)
