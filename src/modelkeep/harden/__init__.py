"""Change a model so that an attack fails, and show by the attack that it does.

A defence is one file here with its test beside it in ``tests/harden``; third parties add
theirs under the entry point group ``modelkeep.defences``.
"""

from typing import Final

from modelkeep.core.plugins import with_plugins
from modelkeep.harden import (
    bit_depth,
    distillation,
    ensemble,
    fast_training,
    fine_pruning,
    median,
    pgd_training,
    private_training,
    rejection,
    reweighing,
    smoothing,
    trades,
    trigger_unlearning,
)
from modelkeep.harden.interface import Against, Defence, Effort, Hardened, effort_of
from modelkeep.harden.measuring import harden
from modelkeep.harden.private import (
    Claim,
    Mechanism,
    Plan,
    PrivacyTarget,
    claim_of,
    epsilon_of,
)

BUILT_IN: Final = (
    fast_training.DEFENCE,
    pgd_training.DEFENCE,
    trades.DEFENCE,
    distillation.DEFENCE,
    smoothing.DEFENCE,
    rejection.DEFENCE,
    bit_depth.DEFENCE,
    median.DEFENCE,
    ensemble.DEFENCE,
    trigger_unlearning.DEFENCE,
    fine_pruning.DEFENCE,
    reweighing.DEFENCE,
    private_training.DEFENCE,
)


def defences() -> tuple[Defence, ...]:
    """The built-in defences, the default of each threat first, and those of plug-ins.

    Raises:
        ModelkeepError: a plug-in is something else, or reuses an id.
    """
    return with_plugins(BUILT_IN, "modelkeep.defences", Defence, lambda defence: defence.id)


__all__ = [
    "BUILT_IN",
    "Against",
    "Claim",
    "Defence",
    "Effort",
    "Hardened",
    "Mechanism",
    "Plan",
    "PrivacyTarget",
    "claim_of",
    "defences",
    "effort_of",
    "epsilon_of",
    "harden",
]
