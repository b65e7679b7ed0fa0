from __future__ import annotations

import torch

from modelkeep.harden.private.interface import factors


def test_long_gradients_are_shortened_and_short_ones_left() -> None:
    scale = factors(torch.tensor([0.0, 0.5, 4.0]), 1.0)
    assert scale[:2].tolist() == [1.0, 1.0]
    assert abs(float(scale[2]) * 4.0 - 1.0) < 1e-5
