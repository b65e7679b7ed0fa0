from __future__ import annotations

import numpy as np
import torch

from harden_samples import rows
from model_samples import table
from modelkeep.assess import space_of
from modelkeep.harden.neighbourhood import neighbourhood
from modelkeep.models import Column


def test_the_box_is_the_one_the_assessment_attacks_in() -> None:
    data = rows()
    low, high = space_of(data, data).box(data.rows, 0.07)
    ours = neighbourhood(data, 0.07).box(torch.from_numpy(data.rows))
    np.testing.assert_allclose(ours[0].numpy(), low, atol=1e-6)
    np.testing.assert_allclose(ours[1].numpy(), high, atol=1e-6)


def test_within_brings_back_what_left_and_leaves_what_did_not() -> None:
    data = rows(32)
    around = neighbourhood(data, 0.1)
    inputs = torch.from_numpy(data.rows)
    low, high = around.box(inputs)
    assert torch.equal(around.within(inputs, inputs + 1e6), high)
    assert torch.equal(around.within(inputs, inputs - 1e6), low)
    assert torch.equal(around.within(inputs, inputs), inputs)


def test_categories_are_not_moved() -> None:
    values = np.column_stack([np.arange(50.0), np.arange(50) % 3])
    columns = (Column("x"), Column("c", ("a", "b", "c")))
    data = table(values, [0, 1] * 25, *columns)
    low, high = neighbourhood(data, 0.2).box(torch.from_numpy(data.rows))
    assert torch.equal(low[:, 1], high[:, 1])
    assert bool((low[:, 0] < high[:, 0]).any())
