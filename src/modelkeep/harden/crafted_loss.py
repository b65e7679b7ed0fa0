"""Cross-entropy on crafted rows: the loss of fast and of classical adversarial training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelkeep.harden.adversarial_training import Batch
from modelkeep.harden.crafting import climb, misclassified
from modelkeep.models import need

if TYPE_CHECKING:
    import torch


def crafted_loss(module: torch.nn.Module, batch: Batch, steps: int) -> torch.Tensor:
    """Cross-entropy on rows moved by ``steps`` signed steps that raise it."""
    functional = need("torch.nn.functional", "adversarial training")

    moved = climb(
        module,
        batch.rows,
        batch.around,
        misclassified(batch.truth),
        batch.generator,
        steps=steps,
    )
    return functional.cross_entropy(module(moved), batch.truth)
