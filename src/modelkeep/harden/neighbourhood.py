"""Where training may move a row: the attacker's box, as tensors.

The same box the assessment attacks in, so that a model is trained for what it is
measured by: within the radius, and never beyond the values seen in training.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from modelkeep.assess import space_of
from modelkeep.models import Dataset, need

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """Radius, floor and ceiling of every feature.

    Attributes:
        step: the radius in the user's units, shape of one row; 0 where fixed.
        floor: least value, shape of one row.
        ceiling: greatest value, shape of one row.
    """

    step: torch.Tensor
    floor: torch.Tensor
    ceiling: torch.Tensor

    def box(self, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Lowest and highest allowed values around ``rows``, each of their shape."""
        low = (rows - self.step).maximum(rows.minimum(self.floor))
        high = (rows + self.step).minimum(rows.maximum(self.ceiling))
        return low, high

    def within(self, rows: torch.Tensor, moved: torch.Tensor) -> torch.Tensor:
        """``moved``, brought back into the box around ``rows``."""
        low, high = self.box(rows)
        return moved.maximum(low).minimum(high)


def neighbourhood(train: Dataset, epsilon: float) -> Neighbourhood:
    """The box of radius ``epsilon`` (fraction of each feature's range) on a data set."""
    torch = need("torch", "adversarial training")
    space = space_of(train, train)

    step, floor, ceiling = (
        torch.from_numpy(np.asarray(values, np.float32))
        for values in (epsilon * space.scale, space.floor, space.ceiling)
    )
    return Neighbourhood(step, floor, ceiling)
