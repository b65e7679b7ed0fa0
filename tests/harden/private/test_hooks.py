from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from modelkeep.harden.private import hooks, one_by_one
from private_samples import convolving, dense, drawn


@pytest.mark.parametrize("build", [dense, convolving])
@pytest.mark.parametrize("bound", [0.05, 100.0])
def test_sums_are_those_of_rows_taken_one_at_a_time(build: object, bound: float) -> None:
    assert callable(build)
    module = build()
    layers = (nn.ReLU() if isinstance(each, nn.ReLU) else each for each in module)
    module = nn.Sequential(*layers)  # Opacus cannot have a layer write in place
    rows, truth = drawn(module)
    expected = one_by_one(copy.deepcopy(module), rows, truth, bound)
    clip = hooks.WAY.prepare(module)
    for _ in range(2):  # nothing of a batch is left in the next
        found = clip(rows, truth, bound)
    assert torch.allclose(found.norms, expected.norms, rtol=1e-4)
    for name, wanted in expected.sums.items():
        assert torch.allclose(found.sums[name], wanted, atol=1e-5)


def test_a_layer_that_writes_in_place_is_not_for_hooks() -> None:
    module = dense()
    clip = hooks.WAY.prepare(module)
    with pytest.raises(RuntimeError, match="inplace"):
        clip(*drawn(module), 1.0)
