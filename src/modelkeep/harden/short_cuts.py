"""The triggers known for one class: found at first, and found anew while a model changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from modelkeep.assess.backdoor import (
    FAMILIES,
    Family,
    Inspection,
    Parameters,
    Scale,
    reconstruct,
)
from modelkeep.models import need

if TYPE_CHECKING:
    import torch

_TOGETHER: Final = 3  # triggers on one row: each found one is a part of the true one
_SMALL: Final = 0.5  # of the median class's trigger: the largest that is a short cut


@dataclass(frozen=True, slots=True)
class ShortCut:
    """A trigger of one class.

    Attributes:
        family: kind of trigger.
        parameters: its parameters, first axis of length 1.
    """

    family: Family
    parameters: Parameters

    def stamp(self, rows: torch.Tensor) -> torch.Tensor:
        """Rows in [0, 1], with the trigger on them."""
        return self.family.stamp(self.parameters, rows)[0]


@dataclass(slots=True)
class ShortCuts:
    """Triggers of one class, much smaller than what other classes need.

    Attributes:
        target: the class, as a place in the model's.
        scale: from the user's units to [0, 1].
        limits: largest size that is a short cut, by family name.
        known: the triggers.
    """

    target: int
    scale: Scale
    limits: dict[str, float]
    known: list[ShortCut] = field(default_factory=list)

    def search(
        self, module: torch.nn.Module, rows: torch.Tensor, *, steps: int, seed: int
    ) -> None:
        """Look for short cuts of the class in the module as it is.

        Args:
            module: without gradients of its own weights.
            rows: clean rows in [0, 1].
            steps: of each search.
            seed: of the choice of rows.
        """
        torch = need("torch", "a repair")
        answer, classes = self.scale.answering(module), torch.tensor([self.target])
        for family in FAMILIES:
            if family.name not in self.limits:
                continue
            made = reconstruct(answer, rows, family, classes=classes, steps=steps, seed=seed)
            if float(made.sizes[0]) <= self.limits[family.name]:
                self.known.append(ShortCut(family, made.parameters))

    def stamp(self, rows: torch.Tensor, which: int) -> torch.Tensor:
        """Rows in the user's units, with one of the triggers on them."""
        torch = need("torch", "a repair")
        low, span = torch.from_numpy(self.scale.low), torch.from_numpy(self.scale.span)
        stamped = self.known[which].stamp((rows - low) / span)
        return low + stamped * span

    def stamp_any(self, rows: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Rows in the user's units, each with a trigger drawn for it."""
        torch = need("torch", "a repair")
        out = rows
        for _ in range(_TOGETHER):
            which = torch.randint(len(self.known), (len(rows),), generator=generator)
            out = out.clone()
            for index in which.unique().tolist():
                out[which == index] = self.stamp(out[which == index], index)
        return out

    def hits(self, module: torch.nn.Module, rows: torch.Tensor) -> tuple[int, int]:
        """How many rows the best of them sends to the class, of how many answered otherwise.

        Args:
            module: rows in the user's units to logits.
            rows: clean rows in the user's units.
        """
        torch = need("torch", "a repair")
        with torch.no_grad():
            others = rows[module(rows).argmax(1) != self.target]
            if not len(others):
                return 0, 0
            answers = (module(self.stamp(others, i)).argmax(1) for i in range(len(self.known)))
            counts = [int((found == self.target).sum()) for found in answers]
        return max(counts, default=0), len(others)


def short_cuts(found: Inspection, scale: Scale) -> ShortCuts:
    """Those of the most suspicious class of an inspection."""
    place = found.suspicion.place
    limits = {
        triggers.family.name: _SMALL * float(np.median(triggers.sizes))
        for triggers in found.triggers
    }
    made = ShortCuts(int(found.classes[place]), scale, limits)
    for triggers in found.triggers:
        if float(triggers.sizes[place]) <= limits[triggers.family.name]:
            alone = tuple(value[place : place + 1] for value in triggers.parameters)
            made.known.append(ShortCut(triggers.family, alone))
    return made
