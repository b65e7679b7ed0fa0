"""The points under attack: where they may go, and the best that was found for each.

Points are flat and displaced in units of the radius (``geometry``). Whatever looks at the
network looks through ``margins``, which remembers for every point its best margin, the
displacement that reached it, and the best margin per class that any look gave.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelkeep.assess.white_box.geometry import Box, Geometry
from modelkeep.core import InputError
from modelkeep.models import call, need

if TYPE_CHECKING:
    import torch
    from torch import Tensor


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
        broken: which points are answered wrongly somewhere inside, shape ``(n,)``.
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
        self.best = torch.zeros_like(place.rows)
        self.margin = torch.full((n,), -torch.inf)
        self.table = torch.full((n, classes), -torch.inf)

    def changed(self, points: Tensor, moved: Tensor) -> Tensor:
        """Displaced points as the network takes them, inside the data's limits."""
        flat = self.place.rows[points] + self.place.scale * moved
        return self.place.limits.take(points).clamp(flat).view(-1, *self.place.shape)

    def margins(self, points: Tensor, moved: Tensor, *, remember: bool = True) -> Tensor:
        """Margins of every class at displaced points, shape ``(m, classes)``; remembered.

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
        found = found.scatter(1, right, -float("inf"))
        if remember:
            self._remember(points, moved.detach(), found.detach())
        return found

    def _remember(self, points: Tensor, moved: Tensor, found: Tensor) -> None:
        known = found.nan_to_num(nan=-float("inf"), neginf=-float("inf"))
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
        self.broken |= self.margin >= 0

    def snapshot(self) -> dict[str, Any]:
        """What is known, as arrays of numbers."""
        return {name: getattr(self, name).numpy() for name in ("best", "margin", "table")}

    def restore(self, arrays: Any) -> None:  # noqa: ANN401 - a mapping of arrays
        """Know again what a snapshot holds."""
        torch = need("torch", "a gradient attack")
        for name in ("best", "margin", "table"):
            getattr(self, name).copy_(torch.from_numpy(arrays[name].copy()))
        self.broken = self.margin >= 0
