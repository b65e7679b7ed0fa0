"""Small modules and rows for tests of private training."""

from __future__ import annotations

import torch
from torch import nn

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
