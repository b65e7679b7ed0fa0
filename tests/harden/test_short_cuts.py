"""Short cuts: only triggers much smaller than other classes', stamped and counted."""

from __future__ import annotations

import numpy as np
import torch

from modelkeep.assess.backdoor import FAMILIES, Inspection, Scale, Suspicion, Triggers
from modelkeep.harden.short_cuts import ShortCut, ShortCuts, short_cuts

PATCH = FAMILIES[0]
SCALE = Scale(np.zeros((1, 4, 4), np.float32), np.full((1, 4, 4), 2.0, np.float32))


def corner(classes: int = 1) -> tuple[torch.Tensor, ...]:
    """A patch that makes the last pixel bright, for every class."""
    mask = torch.full((classes, 1, 1, 4, 4), -50.0)
    mask[..., 3, 3] = 50.0
    return mask, torch.full((classes, 1, 1, 4, 4), 50.0)


class Corner(torch.nn.Module):
    """Answers class 1 where the last pixel is above 1.5, else class 0."""

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Logits of two classes."""
        bright = rows[:, 0, 3, 3] - 1.5
        return torch.stack([-bright, bright], dim=1)


def test_a_trigger_is_stamped_in_the_users_units_and_its_hits_are_counted() -> None:
    cuts = ShortCuts(1, SCALE, {}, [ShortCut(PATCH, corner())])
    rows = torch.zeros((6, 1, 4, 4))
    rows[0, 0, 3, 3] = 2.0  # already answered class 1: not counted
    stamped = cuts.stamp(rows, 0)
    assert stamped[:, 0, 3, 3].tolist() == [2.0] * 6
    assert float(stamped[1:].sum()) == 10.0
    assert cuts.hits(Corner(), rows) == (5, 5)
    assert cuts.hits(Corner(), rows[:1]) == (0, 0)


def test_several_triggers_fall_on_one_row() -> None:
    first = corner()
    second = tuple(value.flip(-1) for value in corner())
    cuts = ShortCuts(1, SCALE, {}, [ShortCut(PATCH, first), ShortCut(PATCH, second)])
    made = cuts.stamp_any(torch.zeros((64, 1, 4, 4)), torch.Generator().manual_seed(0))
    both = (made[:, 0, 3, 3] == 2.0) & (made[:, 0, 3, 0] == 2.0)
    assert both.any()
    assert ((made[:, 0, 3, 3] == 2.0) | (made[:, 0, 3, 0] == 2.0)).all()


def test_a_trigger_as_large_as_those_of_other_classes_is_no_short_cut() -> None:
    def found(size: float) -> ShortCuts:
        sizes = np.array([0.4, size, 0.5, 0.45])
        triggers = Triggers(PATCH, sizes, np.ones(4), corner(4), 0)
        suspicion = Suspicion(1, 5.0, 4.0, 6.0, 3.0, {"patch": 5.0})
        inspection = Inspection(np.array([0, 7, 8, 9]), {}, suspicion, (triggers,), 0)
        return short_cuts(inspection, SCALE)

    assert len(found(0.05).known) == 1
    assert found(0.05).target == 7
    assert found(0.3).known == []
