"""Integrated gradients: how much of an answer each feature brought about.

The gradient is added up along the straight line from a baseline to the row. What all
features get adds up to what the answer changed (completeness); a feature that is the same
in both gets nothing. So a black baseline is blind to whatever a model does with pixels that
are black: a trigger in a dark corner is never seen. Here every feature of the baseline lies
at one end of its range, chosen by a coin, which shows the model stickers of all kinds.

Sources: Sundararajan, Taly and Yan, ICML 2017; Sturmfels, Lundberg and Lee, Distill 2020
(choice of baselines).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import numpy as np

from modelkeep.models import Dataset, need

if TYPE_CHECKING:
    import torch

_CHUNK: Final = 256  # rows per pass


def centred(logits: torch.Tensor) -> torch.Tensor:
    """Logits less their mean: what softmax does not see is not explained."""
    return logits - logits.mean(1, keepdim=True)


def integrate(
    module: Callable[[torch.Tensor], torch.Tensor],
    rows: torch.Tensor,
    baselines: torch.Tensor,
    classes: torch.Tensor,
    *,
    steps: int,
) -> torch.Tensor:
    """Attributions of centred logits, shape ``(classes, n, ...)``, float32.

    Args:
        module: rows to logits ``(batch, all classes)``; its parameters need no gradient.
        rows: shape ``(n, ...)``.
        baselines: one per row, same shape.
        classes: places of the classes to explain, shape ``(classes,)``.
        steps: midpoints on the line.
    """
    torch = need("torch", "integrated gradients")
    parts = []
    for x, start in zip(rows.split(_CHUNK), baselines.split(_CHUNK), strict=True):
        total = torch.zeros((len(classes), *x.shape))
        for step in range(steps):
            point = (start + (step + 0.5) / steps * (x - start)).requires_grad_(True)
            sums = centred(module(point))[:, classes].sum(0)
            for place, value in enumerate(sums):
                last = place == len(classes) - 1
                (gradient,) = torch.autograd.grad(value, point, retain_graph=not last)
                total[place] += gradient
        parts.append(total / steps * (x - start))
    return torch.cat(parts, 1)


def ends_of(data: Dataset, like: Dataset, seed: int) -> np.ndarray:
    """Baselines for rows of ``data``: each feature at an end of its range, by a coin.

    Args:
        data: rows ``(n, ...)``; of pictures the ends are 0 and 1.
        like: whose range it is; a categorical column takes a value seen there.
        seed: of the coins.
    """
    rng = np.random.default_rng(seed)
    coins = rng.random(data.rows.shape) < 0.5  # noqa: PLR2004 - a coin
    if data.kind == "image":
        return coins.astype(np.float32)
    low, high = like.rows.min(axis=0), like.rows.max(axis=0)
    drawn = like.rows[rng.integers(0, len(like), len(data))]
    ends = np.where(coins, high, low)
    return np.where(data.numeric, ends, drawn).astype(np.float32)
