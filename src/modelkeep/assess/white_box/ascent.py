"""Climbing the margin from many starts at once.

A pair is a point and a class it is pushed to, or -1 for whichever wrong class is nearest.
All pairs climb together. A pair leaves as soon as its point is broken by any pair, also
within a step: what is broken in one chunk is not looked at in the next. Steps shrink
geometrically and carry momentum. A pair that came to where the network answers NaN or infinity
goes half of the way back to the best it has seen, or else to its clean row, and starts anew.

Sources: Carlini and Wagner 2017 (margins saturate least); Croce and Hein, ICML 2020
(targets, momentum); the active set is ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from modelkeep.assess.white_box.target import Target
from modelkeep.models import need

if TYPE_CHECKING:
    from torch import Tensor

MOMENTUM: Final = 0.75
NEAREST: Final = -1


@dataclass(frozen=True, slots=True)
class Steps:
    """How a climb steps: how often, and the first and last size in units of the radius."""

    count: int
    first: float = 1.0
    last: float = 0.05

    def size(self, at: int) -> float:
        """Size of a step; they shrink geometrically."""
        return float(self.first * (self.last / self.first) ** (at / max(1, self.count)))


@dataclass(slots=True)
class Pairs:
    """Points, the classes they are pushed to, and where each stands.

    Attributes:
        points: numbers of points, shape ``(m,)``.
        classes: classes they are pushed to, shape ``(m,)``; -1 for the nearest.
        moved: displacements, shape ``(m, features)``.
        margin: best margin of that class, shape ``(m,)``; after a climb.
    """

    points: Tensor
    classes: Tensor
    moved: Tensor
    margin: Tensor


def pairs_of(points: Tensor, classes: Tensor, moved: Tensor) -> Pairs:
    """Pairs that have not climbed yet."""
    torch = need("torch", "a gradient attack")
    return Pairs(points, classes, moved, torch.full((len(points),), -torch.inf))


def climb(target: Target, pairs: Pairs, steps: Steps) -> Pairs:
    """Climb; every pair ends at the best displacement that it visited."""
    torch = need("torch", "a gradient attack")
    moved, velocity = pairs.moved.clone(), torch.zeros_like(pairs.moved)
    best = Pairs(pairs.points, pairs.classes, pairs.moved.clone(), pairs.margin.clone())
    for at in range(steps.count + 1):
        standing = (~target.broken[pairs.points]).nonzero().flatten()
        for part in standing.split(target.chunk):
            left = part[~target.broken[pairs.points[part]]]
            if not len(left):
                continue
            seen = _look(target, (best, left), moved[left], last=at == steps.count)
            if seen is None:
                continue
            slope, lost = seen
            back = best.moved[left] * best.margin[left].isfinite()[:, None]
            moved[left[lost]] = (moved[left] + back)[lost] / 2
            velocity[left[lost]] = 0.0
            geometry = target.place.geometry
            velocity[left] = MOMENTUM * velocity[left] + geometry.even(slope)
            box = target.place.box.take(pairs.points[left])
            moved[left] = geometry.step(moved[left], velocity[left], steps.size(at), box)
    return best


def _look(
    target: Target, among: tuple[Pairs, Tensor], moved: Tensor, *, last: bool
) -> tuple[Tensor, Tensor] | None:
    """Margins at displaced points, remembered: slope of each pair's own, and which have none.

    ``None`` where no slope is needed: on the last look, or if all points are broken now.
    """
    torch = need("torch", "a gradient attack")
    best, left = among
    points, classes = best.points[left], best.classes[left]
    with torch.set_grad_enabled(not last):
        here = moved.requires_grad_(not last)
        found = target.margins(points, here)
        nearest = found.amax(1)
        pushed = found.gather(1, classes.clamp_min(0)[:, None]).squeeze(1)
        wanted = nearest.where(classes < 0, pushed)
        better = wanted.detach() > best.margin[left]
        best.margin[left[better]] = wanted.detach()[better]
        best.moved[left[better]] = moved.detach()[better]
        if last or bool(target.broken[points].all()):
            return None
        (slope,) = torch.autograd.grad(wanted.sum(), here)
    lost = found.detach().amax(1).isneginf()
    return slope.nan_to_num(0.0, 0.0, 0.0), lost
