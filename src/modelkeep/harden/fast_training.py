"""Fast adversarial training: one signed step from a random start.

Costs about twice what plain training does and brings most of what seven steps bring.

Source: Wong, Rice and Kolter, ICLR 2020.
"""

from __future__ import annotations

from typing import Final

from modelkeep.assess import Context
from modelkeep.harden.adversarial_training import Variant, train, why_not_trainable
from modelkeep.harden.crafted_loss import crafted_loss
from modelkeep.harden.interface import Defence, Effort
from modelkeep.models import Model

VARIANT: Final = Variant(crafted_loss, steps=1)


def run(context: Context, effort: Effort) -> Model:
    """Train on rows moved by one step."""
    return train(context, effort, VARIANT)


DEFENCE: Final = Defence("HRD001", "fast-training", "evasion", why_not_trainable, run)
