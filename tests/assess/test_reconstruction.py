"""Trigger search: the smallest trigger is where it must be, for every kind."""

from __future__ import annotations

import pytest
import torch

from modelkeep.assess.backdoor import FAMILIES
from modelkeep.assess.backdoor.interface import Family
from modelkeep.assess.backdoor.largest_margin import largest_margins
from modelkeep.assess.backdoor.reconstruction import reconstruct

ROWS = torch.rand((40, 1, 6, 6), generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_every_kind_finds_triggers_that_work_within_the_data_range(family: Family) -> None:
    found = reconstruct(
        lambda rows: rows.flatten(1)[:, :32].view(len(rows), 4, 8).mean(2) * 60,
        ROWS,
        family,
        classes=torch.arange(4),
        steps=250,
        seed=0,
    )
    assert (found.success > 0.3).all()
    assert (found.sizes > 0).all()
    stamped = family.stamp(found.parameters, ROWS)
    assert stamped.shape == (4, *ROWS.shape)
    assert 0 <= float(stamped.min()) <= float(stamped.max()) <= 1


def test_a_class_that_one_pixel_reaches_has_the_smallest_patch() -> None:
    patch = FAMILIES[0]

    def answer(rows: torch.Tensor) -> torch.Tensor:
        means = rows.flatten(1)[:, :32].view(len(rows), 4, 8).mean(2) * 10
        bright = rows[:, 0, 5, 5] * 40
        return means + bright[:, None] * torch.eye(4)[2]

    dim = ROWS.clone()
    dim[:, :, 5, 5] = 0
    found = reconstruct(answer, dim, patch, classes=torch.arange(4), steps=250, seed=0)
    assert found.sizes.argmin() == 2
    assert found.sizes[2] < 0.5 * sorted(found.sizes)[1]
    margins, passes = largest_margins(answer, (1, 6, 6), classes=4, steps=20, starts=2, seed=0)
    assert margins.argmax() == 2
    assert passes == 4 * 2 * (2 * 20 + 1)
