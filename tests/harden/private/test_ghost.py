from __future__ import annotations

import pytest
import torch
from torch import nn

from modelkeep.harden.private import ghost
from modelkeep.harden.private.interface import NotThisWayError
from private_samples import convolving, dense, drawn, require_right_sums


@pytest.mark.parametrize("build", [dense, convolving])
@pytest.mark.parametrize("bound", [0.05, 100.0])
def test_sums_are_those_of_rows_taken_one_at_a_time(build: object, bound: float) -> None:
    assert callable(build)
    require_right_sums(ghost.WAY, build(), bound)


class Twice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer, self.last = nn.Linear(6, 6), nn.Linear(6, 3)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return self.last(self.layer(self.layer(rows)))


class Scaled(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer, self.scale = nn.Linear(6, 3), nn.Parameter(torch.ones(3))

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return self.layer(rows) * self.scale


@pytest.mark.parametrize("module", [Twice(), Scaled()])
def test_a_parameter_it_cannot_see_or_sees_twice_is_refused(module: nn.Module) -> None:
    clip = ghost.WAY.prepare(module)
    with pytest.raises(NotThisWayError, match="used twice, or outside"):
        clip(*drawn(module), 1.0)
