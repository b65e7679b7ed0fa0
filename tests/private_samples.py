"""Small modules and rows for tests of private training."""

from __future__ import annotations

import copy

import torch
from torch import nn

from modelkeep.harden.private import Way, one_by_one

CLASSES = 3


def dense() -> nn.Module:
    torch.manual_seed(0)
    layers = nn.Linear(6, 5), nn.ReLU(inplace=True), nn.Linear(5, CLASSES)
    return nn.Sequential(*layers).eval()


def convolving() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, stride=2, padding=1, dilation=1),
        nn.ReLU(),
        nn.Conv2d(4, 3, (2, 3), bias=False),
        nn.Flatten(),
        nn.Linear(3 * 3 * 2, CLASSES),
    ).eval()


def drawn(module: nn.Module, n: int = 7) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    first = next(module.modules())
    images = any(isinstance(layer, nn.Conv2d) for layer in first.modules())
    shape = (2, 8, 8) if images else (6,)
    return torch.randn(n, *shape, generator=generator), torch.arange(n) % CLASSES


def require_right_sums(way: Way, module: nn.Module, bound: float) -> None:
    """The way's clipped sums and norms are those of rows taken one at a time."""
    rows, truth = drawn(module)
    expected = one_by_one(copy.deepcopy(module), rows, truth, bound)
    clip = way.prepare(module)
    for _ in range(2):  # nothing of a batch is left in the next
        found = clip(rows, truth, bound)
    assert torch.allclose(found.norms, expected.norms, rtol=1e-4)
    for name, wanted in expected.sums.items():
        assert torch.allclose(found.sums[name], wanted, atol=1e-5)
