"""Climbing in L1: few features at a time, and how many is learned from what worked.

A step moves the steepest features of a pair by one common amount. Every few steps the pair
looks at its best displacement: two thirds as many features as that one changed are moved
next. Where the number fell, the pair goes back to its best and to the longest step; else its
steps shorten. A climb begins in a ball three times as large, where more features have room,
and is drawn into the asked one in two stages; what is seen outside is not remembered.

Nearest-class pairs climb the logarithm of the summed exponentials of all margins, which is
the cross-entropy, and others the margin of their class: together they broke most.

Source: Croce and Hein, ICML 2021 (adaptive sparsity, shrinking balls, ball and box together).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from modelkeep.assess.white_box import l1
from modelkeep.assess.white_box.ascent import Pairs, Steps
from modelkeep.assess.white_box.target import Target
from modelkeep.models import need

if TYPE_CHECKING:
    from torch import Tensor

_STAGES: Final = ((3.0, 0.3), (2.0, 0.3), (1.0, 0.4))  # radius of a ball, share of the steps
_FEWER: Final = 1.5  # how many fewer features, or how much shorter a step, at a look
_SHORTEST: Final = 0.1  # of a ball's radius
_LOOKS: Final = 0.04  # share of a stage between two looks
_THINNED: Final = 0.95  # fewer features than this share: the number fell


@dataclass(slots=True)
class _Walk:
    """Where every pair stands in one ball; first axis: pairs."""

    radius: float
    moved: Tensor
    best: Tensor
    slope: Tensor
    steepest: Tensor  # slope at the best
    height: Tensor  # loss at the best
    size: Tensor  # of a step
    count: Tensor  # features that a step moves
    changed: Tensor  # features that the best had changed at the last look

    def look(self) -> None:
        """Learn from the best displacements how many features to move, and how far."""
        now = (self.best != 0).sum(1).float()
        thinned = now < _THINNED * self.changed
        self.changed, self.count = now, now / _FEWER
        shorter = (self.size / _FEWER).clamp_min(_SHORTEST * self.radius)
        self.size = shorter.masked_fill(thinned, self.radius)
        self.moved[thinned] = self.best[thinned]
        self.slope[thinned] = self.steepest[thinned]

    def step(self, target: Target, pairs: Pairs, which: Tensor) -> None:
        """Move some pairs, inside ball and box."""
        box = target.place.box.take(pairs.points[which])
        here, slope, size = self.moved[which], self.slope[which], self.size[which]
        self.moved[which] = l1.step(
            here, slope, size, box, count=self.count[which], radius=self.radius
        )


def climb(target: Target, pairs: Pairs, steps: Steps) -> Pairs:
    """Climb ``steps.count`` steps; every pair ends at the best displacement that it visited."""
    best = Pairs(pairs.points, pairs.classes, pairs.moved.clone(), pairs.margin.clone())
    moved = pairs.moved.clone()
    for radius, share in _STAGES:
        walk = _begin(target, pairs, moved, radius, first=radius == _STAGES[0][0])
        _walk(target, best, walk, max(1, round(share * steps.count)))
        moved = walk.best
    return best


def _begin(target: Target, pairs: Pairs, moved: Tensor, radius: float, *, first: bool) -> _Walk:
    torch = need("torch", "a gradient attack")
    start = l1.project(moved, target.place.box.take(pairs.points), radius)
    features = start.shape[1]
    changed = (start != 0).sum(1).float()
    count = changed / _FEWER
    if first:
        changed = torch.full_like(changed, features)
        count = torch.full_like(count, l1.DENSEST * features)
    zero = torch.zeros_like(start)
    height = torch.full((len(start),), -torch.inf)
    size = torch.full((len(start),), radius)
    return _Walk(radius, start, start.clone(), zero, zero.clone(), height, size, count, changed)


def _walk(target: Target, best: Pairs, walk: _Walk, count: int) -> None:
    """Steps inside one ball."""
    every = max(1, round(_LOOKS * count))
    for at in range(count + 1):
        standing = (~target.broken[best.points]).nonzero().flatten()
        if not len(standing):
            return
        for part in standing.split(target.chunk):
            left = part[~target.broken[best.points[part]]]
            if len(left):
                _see(target, best, walk, left, last=at == count)
        if at == count:
            return
        if at and at % every == 0:
            walk.look()
        for part in standing.split(target.chunk):
            walk.step(target, best, part)


def _see(target: Target, best: Pairs, walk: _Walk, left: Tensor, *, last: bool) -> None:
    """Loss and slope of some pairs; margins are remembered inside the asked ball only."""
    torch = need("torch", "a gradient attack")
    classes = best.classes[left]
    with torch.set_grad_enabled(not last):
        here = walk.moved[left].requires_grad_(not last)
        found = target.margins(best.points[left], here, remember=walk.radius <= 1)
        pushed = found.gather(1, classes.clamp_min(0)[:, None]).squeeze(1)
        all_of_them = torch.nn.functional.softplus(found.logsumexp(1))
        loss = all_of_them.where(classes < 0, pushed)
        slope = None if last else torch.autograd.grad(loss.sum(), here)[0]
    if walk.radius <= 1:
        wanted = found.detach().amax(1).where(classes < 0, pushed.detach())
        better = wanted > best.margin[left]
        best.margin[left[better]] = wanted[better]
        best.moved[left[better]] = walk.moved[left[better]]
    higher = loss.detach() > walk.height[left]
    rose = left[higher]
    walk.height[rose] = loss.detach()[higher]
    walk.best[rose] = walk.moved[rose]
    if slope is not None:
        walk.slope[left] = slope.nan_to_num(0.0, 0.0, 0.0)
        walk.steepest[rose] = walk.slope[rose]
