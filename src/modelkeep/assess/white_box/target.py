"""The points under attack: where they may go, and the best that was found for each.

Points are flat and displaced in units of the radius (``geometry``). Whatever looks at the
network looks through ``margins``, which remembers for every point its best margin, the
displacement that reached it, and the best margin per class that any look gave.

A margin of 0 breaks nothing for sure: on a tie the answer is whichever class comes first, and
a runtime that adds in another order answers a hair differently. A point is taken for broken
only from a margin that such noise does not undo, and ``settle`` takes that back where the
model, asked itself, still answers rightly. A place where the network answers NaN or infinity
is no place at all: the model refuses it, so it misleads nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from modelkeep.assess.white_box.geometry import Box, Geometry
from modelkeep.core import InputError
from modelkeep.models import call, need

if TYPE_CHECKING:
    import torch
    from torch import Tensor

CLEAR: Final = 1e-5  # of the largest logit; float32 added in other orders differs by less
_KNOWN: Final = ("best", "margin", "table", "goal", "broken")


@dataclass(frozen=True, slots=True)
class Place:
    """Where points lie and how far they may go.

    Attributes:
        rows: clean points, flat.
        scale: size of a displacement of 1, shape ``(features,)``: radius times scale.
        box: displacements the data allow.
        limits: lowest and highest values, flat: no rounding leads out of them.
        shape: of one point as the network takes it.
        geometry: of the norm.
    """

    rows: Tensor
    scale: Tensor
    box: Box
    limits: Box
    shape: tuple[int, ...]
    geometry: Geometry


class Target:
    """A network, the points to be broken, and what is known about each.

    Attributes:
        truth: right classes, shape ``(n,)``.
        place: where the points lie.
        chunk: most points that go through the network together.
        broken: which points are clearly answered wrongly somewhere inside, shape ``(n,)``.
        goal: margin above which that is clear, shape ``(n,)``.
        best: displacement with the largest margin, shape ``(n, features)``.
        margin: that margin: the largest wrong logit minus the right one, shape ``(n,)``.
        table: largest margin of each class, shape ``(n, classes)``; the right one's is -inf.
    """

    def __init__(
        self, module: torch.nn.Module, place: Place, truth: Tensor, classes: int, chunk: int
    ) -> None:
        torch = need("torch", "a gradient attack")
        self._module = module
        self.truth, self.place, self.chunk = truth, place, chunk
        n = len(truth)
        self.broken = torch.zeros(n, dtype=torch.bool)
        self.goal = torch.zeros(n)
        self.best = torch.zeros_like(place.rows)
        self.margin = torch.full((n,), -torch.inf)
        self.table = torch.full((n, classes), -torch.inf)

    def changed(self, points: Tensor, moved: Tensor) -> Tensor:
        """Displaced points as the network takes them, inside the data's limits."""
        flat = self.place.rows[points] + self.place.scale * moved
        return self.place.limits.take(points).clamp(flat).view(-1, *self.place.shape)

    def margins(self, points: Tensor, moved: Tensor, *, remember: bool = True) -> Tensor:
        """Margins of every class at displaced points, shape ``(m, classes)``; remembered.

        The right class's is -inf, and so are all of a row whose logits are not finite.

        Args:
            points: numbers of the points, shape ``(m,)``; one may occur more than once.
            moved: their displacements; the result can be differentiated to them.
            remember: ``False`` for places outside the radius, which must not count.
        """
        logits = call("the module", self._module, self.changed(points, moved))
        if logits.dim() != 2 or logits.shape[1] != self.table.shape[1]:  # noqa: PLR2004
            raise InputError(f"the module answers shape {tuple(logits.shape)} for some rows")
        right = self.truth[points, None]
        found = logits - logits.gather(1, right)
        refused = ~logits.detach().isfinite().all(1, keepdim=True)
        found = found.scatter(1, right, -float("inf")).masked_fill(refused, -float("inf"))
        if remember:
            size = logits.detach().abs().amax(1).masked_fill(refused.squeeze(1), 0.0)
            self.goal.scatter_reduce_(0, points, CLEAR * size, "amax")
            self._remember(points, moved.detach(), found.detach())
        return found

    def _remember(self, points: Tensor, moved: Tensor, known: Tensor) -> None:
        self.table.scatter_reduce_(0, points[:, None].expand_as(known), known, "amax")
        best = known.amax(1)
        previous = self.margin[points]
        self.margin.scatter_reduce_(0, points, best, "amax")
        won = ((best > previous) & (best == self.margin[points])).nonzero().flatten()
        # Of two looks at one point with the same margin the last one stays.
        last = points.new_full((len(self.truth),), -1)
        last.scatter_reduce_(0, points[won], won, "amax")
        at = (last >= 0).nonzero().flatten()
        self.best[at] = moved[last[at]]
        self.broken |= self.margin > self.goal

    def doubtful(self) -> Tensor:
        """Points whose best margin is no clear no: broken, or so near that noise decides."""
        return self.margin >= -self.goal

    def settle(self, points: Tensor, misled: Tensor) -> None:
        """Let the model's own answers decide which points are broken.

        Args:
            points: numbers of points that the model was asked about at their best places.
            misled: whether it answered wrongly; if not, the point stands again, and no margin
                is clear any more: it is pushed as far as it goes.
        """
        self.broken[points] = misled
        self.goal[points[~misled]] = float("inf")

    def snapshot(self) -> dict[str, Any]:
        """What is known, as arrays of numbers."""
        return {name: getattr(self, name).numpy() for name in _KNOWN}

    def restore(self, arrays: Any) -> None:  # noqa: ANN401 - a mapping of arrays
        """Know again what a snapshot holds."""
        torch = need("torch", "a gradient attack")
        for name in _KNOWN:
            getattr(self, name).copy_(torch.from_numpy(arrays[name].copy()))
