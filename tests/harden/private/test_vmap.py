from __future__ import annotations

import copy

import pytest
import torch

from modelkeep.harden.private import one_by_one, vmap
from private_samples import convolving, dense, drawn


@pytest.mark.parametrize("build", [dense, convolving])
@pytest.mark.parametrize("bound", [0.05, 100.0])
def test_sums_are_those_of_rows_taken_one_at_a_time(build: object, bound: float) -> None:
    assert callable(build)
    module = build()
    rows, truth = drawn(module)
    expected = one_by_one(copy.deepcopy(module), rows, truth, bound)
    clip = vmap.WAY.prepare(module)
    for _ in range(2):  # nothing of a batch is left in the next
        found = clip(rows, truth, bound)
    assert torch.allclose(found.norms, expected.norms, rtol=1e-4)
    for name, wanted in expected.sums.items():
        assert torch.allclose(found.sums[name], wanted, atol=1e-5)
