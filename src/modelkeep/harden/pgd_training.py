"""Classical adversarial training: seven signed steps in every training step.

The form others are compared with; costs about nine times what plain training does.

Source: Madry et al., ICLR 2018.
"""

from __future__ import annotations

from typing import Final

from modelkeep.assess import Context
from modelkeep.harden.adversarial_training import Variant, train, why_not_trainable
from modelkeep.harden.crafted_loss import crafted_loss
from modelkeep.harden.interface import Defence, Effort
from modelkeep.models import Model

VARIANT: Final = Variant(crafted_loss, steps=7)


def run(context: Context, effort: Effort) -> Model:
    """Train on rows moved by seven steps."""
    return train(context, effort, VARIANT)


DEFENCE: Final = Defence("HRD002", "pgd-training", "evasion", why_not_trainable, run)
