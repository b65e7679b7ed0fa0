from __future__ import annotations

import pytest
import torch
from torch import nn

from modelkeep.core import InputError
from modelkeep.harden.private import forget, statistics_in


def test_nothing_of_the_old_weights_is_left() -> None:
    module = nn.Sequential(nn.Linear(20, 30), nn.GroupNorm(3, 30), nn.Linear(30, 2))
    with torch.no_grad():
        for weight in module.parameters():
            weight.fill_(7.0)
    forget(module, torch.Generator().manual_seed(0))
    module.requires_grad_(False)
    first, normal, last = module
    assert float(first.weight.abs().max()) < 1
    assert first.weight.unique().numel() > 100
    assert float(first.bias.abs().sum() + last.bias.abs().sum()) == 0
    assert normal.weight.unique().tolist() == [1.0]
    assert normal.bias.unique().tolist() == [0.0]


def test_layers_with_statistics_are_named() -> None:
    mixing = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    assert statistics_in(mixing) == "1"
    assert statistics_in(nn.Sequential(nn.GroupNorm(1, 2))) == ""


def test_whole_numbers_are_no_weights() -> None:
    module = nn.Module()
    module.register_parameter("count", nn.Parameter(torch.zeros(2).int(), requires_grad=False))
    with pytest.raises(InputError, match="weight count holds no floating-point"):
        forget(module, torch.Generator())
