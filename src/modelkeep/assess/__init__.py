"""Attacks on a live model, each a number with its interval, budget, seed and attacker.

An assessment is one file here with its test beside it in ``tests/assess``; third
parties add theirs under the entry point group ``modelkeep.attacks``.
"""

from typing import Final

from modelkeep.assess import (
    backdoor,
    certified_smoothing,
    corruption,
    evasion_decision,
    evasion_gradient,
    evasion_search,
    evasion_transfer,
    evasion_trees,
    evasion_wrapped,
    explanation,
    extraction,
    fairness,
    fairness_evasion,
    importance,
    inversion,
    masking,
    membership,
    membership_shadows,
    ood,
    patch,
    performance,
    selective,
    sponge,
)
from modelkeep.assess.adversarial_file import SecondLook, look_again, write_adversarial
from modelkeep.assess.engine import Assessment, assess_model
from modelkeep.assess.interface import (
    Adversarial,
    Attack,
    BudgetName,
    Context,
    Journal,
    Recipe,
    by_name,
)
from modelkeep.assess.radius import space_of
from modelkeep.assess.reference import built_in, from_user
from modelkeep.assess.tabular import Constraints, draft_constraints, read_constraints
from modelkeep.assess.threat import Threat, parse_threat
from modelkeep.core import Risk
from modelkeep.core.plugins import with_plugins

BUILT_IN: Final = (
    performance.ATTACK,
    selective.ATTACK,
    evasion_gradient.ATTACK,
    evasion_search.ATTACK,
    evasion_decision.ATTACK,
    evasion_transfer.ATTACK,
    evasion_trees.ATTACK,
    evasion_wrapped.ATTACK,
    certified_smoothing.ATTACK,
    masking.ATTACK,
    membership.ATTACK,
    membership_shadows.ATTACK,
    extraction.ATTACK,
    inversion.ATTACK,
    importance.ATTACK,
    explanation.DIFFERENCE,
    fairness.ATTACK,
    fairness_evasion.ATTACK,
    backdoor.ATTACK,
    explanation.TRIGGER,
    corruption.ATTACK,
    patch.ATTACK,
    ood.ATTACK,
    sponge.ATTACK,
)


def attacks() -> tuple[Attack, ...]:
    """The built-in assessments and those of installed plug-ins.

    Raises:
        ModelkeepError: a plug-in is something else, or reuses an id.
    """
    return with_plugins(BUILT_IN, "modelkeep.attacks", Attack, lambda attack: attack.id)


__all__ = [
    "BUILT_IN",
    "Adversarial",
    "Assessment",
    "Attack",
    "BudgetName",
    "Constraints",
    "Context",
    "Journal",
    "Recipe",
    "Risk",
    "SecondLook",
    "Threat",
    "assess_model",
    "attacks",
    "built_in",
    "by_name",
    "draft_constraints",
    "from_user",
    "look_again",
    "parse_threat",
    "read_constraints",
    "space_of",
    "write_adversarial",
]
