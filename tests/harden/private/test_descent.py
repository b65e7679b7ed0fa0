from __future__ import annotations

import pytest
import torch

from modelkeep.core import InputError
from modelkeep.harden.private import Mechanism, Plan, Spent, descend
from modelkeep.harden.private.interface import Clipped

ROWS = 4000


def plan(noise: float, rate: float = 0.1, steps: int = 200) -> Plan:
    return Plan(Mechanism(noise, rate, steps), 1e-5, Spent(1, 1, 1), 1.0, ROWS)


def run(made: Plan, value: float = 0.0) -> tuple[torch.Tensor, list[int]]:
    sizes: list[int] = []
    weight = torch.zeros(500)

    def clip(rows: torch.Tensor, _truth: torch.Tensor, _bound: float) -> Clipped:
        sizes.append(len(rows))
        return Clipped({"w": torch.full((500,), value)}, torch.zeros(len(rows)))

    data = torch.zeros(ROWS, 1), torch.zeros(ROWS).long()
    descend({"w": weight}, clip, data, made, torch.Generator().manual_seed(0))
    return weight, sizes


def test_each_row_is_drawn_on_its_own() -> None:
    sizes = torch.tensor(run(plan(1.0))[1]).float()
    assert len(sizes) == 200
    assert abs(float(sizes.mean()) - 400) < 5
    assert 14 < float(sizes.std()) < 24  # binomial: 19; a fixed size would have none


def test_noise_has_the_size_that_is_accounted_for() -> None:
    weight, _ = run(plan(3.0, steps=1))
    step = weight / (0.5 * 0.1)  # learning rate and what momentum leaves of it
    assert abs(float(step.std()) * 400 - 3.0) < 0.4


def test_an_empty_batch_is_noise_alone() -> None:
    weight, sizes = run(plan(1.0, rate=1e-9, steps=1))
    assert sizes == []
    assert float(weight.abs().sum()) > 0


def test_a_gradient_that_is_no_number_stops_it() -> None:
    with pytest.raises(InputError, match="not a number"):
        run(plan(1.0), float("nan"))
