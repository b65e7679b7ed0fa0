"""TRADES: plain accuracy, and answers that do not change nearby, as two terms.

The second term is the divergence between the answers at a row and at the nearby point
where they differ most; its weight trades accuracy for robustness.

Source: Zhang et al., ICML 2019 (weight 6).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from modelkeep.assess import Context
from modelkeep.harden.adversarial_training import Batch, Variant, train, why_not_trainable
from modelkeep.harden.crafting import Objective, climb, evaluating
from modelkeep.harden.interface import Defence, Effort
from modelkeep.models import Model, need

if TYPE_CHECKING:
    import torch

_WEIGHT: Final = 6.0


def differing(fixed: torch.Tensor) -> Objective:
    """Divergence of the answers from fixed probabilities, summed over the batch."""
    functional = need("torch.nn.functional", "adversarial training")
    return lambda logits: functional.kl_div(
        functional.log_softmax(logits, dim=1), fixed, reduction="sum"
    )


def loss(module: torch.nn.Module, batch: Batch, steps: int) -> torch.Tensor:
    """Cross-entropy at the rows plus the weighted divergence to the worst nearby points."""
    torch = need("torch", "adversarial training")
    functional = torch.nn.functional
    with torch.no_grad(), evaluating(module):
        fixed = functional.softmax(module(batch.rows), dim=1)

    moved = climb(
        module, batch.rows, batch.around, differing(fixed), batch.generator, steps=steps
    )
    clean = module(batch.rows)
    apart = functional.kl_div(
        functional.log_softmax(module(moved), dim=1),
        functional.softmax(clean, dim=1),
        reduction="batchmean",
    )
    return functional.cross_entropy(clean, batch.truth) + _WEIGHT * apart


VARIANT: Final = Variant(loss, steps=7)


def run(context: Context, effort: Effort) -> Model:
    """Train on both terms."""
    return train(context, effort, VARIANT)


DEFENCE: Final = Defence("HRD003", "trades", "evasion", why_not_trainable, run)
