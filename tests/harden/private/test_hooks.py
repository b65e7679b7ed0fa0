from __future__ import annotations

import pytest
import torch
from torch import nn

from modelkeep.harden.private import hooks
from modelkeep.harden.private.interface import NotThisWayError
from private_samples import convolving, dense, drawn, require_right_sums


@pytest.mark.parametrize("build", [dense, convolving])
@pytest.mark.parametrize("bound", [0.05, 100.0])
def test_sums_are_those_of_rows_taken_one_at_a_time(build: object, bound: float) -> None:
    assert callable(build)
    module = build()
    layers = (nn.ReLU() if isinstance(each, nn.ReLU) else each for each in module)
    module = nn.Sequential(*layers)  # Opacus cannot have a layer write in place
    require_right_sums(hooks.WAY, module, bound)


def test_a_layer_that_writes_in_place_is_not_for_hooks() -> None:
    module = dense()
    clip = hooks.WAY.prepare(module)
    with pytest.raises(RuntimeError, match="inplace"):
        clip(*drawn(module), 1.0)


class Loose(nn.Module):
    """Its weights hang beside its layers, as those of an ONNX graph do."""

    def __init__(self) -> None:
        super().__init__()
        self.own = nn.ParameterList([nn.Parameter(torch.ones(6, 3))])
        self.last = nn.Linear(3, 3)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        answered: torch.Tensor = self.last(rows @ self.own[0])
        return answered


def test_weights_that_no_hook_sees_are_not_for_hooks() -> None:
    module = Loose()
    with pytest.raises(NotThisWayError):
        hooks.WAY.prepare(module)(*drawn(module), 1.0)
