"""Explanations used for security: what changed between two versions, what a trigger draws."""

from modelkeep.assess.explanation.dependence import depend
from modelkeep.assess.explanation.difference import ATTACK as DIFFERENCE
from modelkeep.assess.explanation.difference import EXPLAINERS, compare
from modelkeep.assess.explanation.integrated_gradients import ends_of, integrate
from modelkeep.assess.explanation.interface import Explainer, Explanation
from modelkeep.assess.explanation.refits import Refit, refits
from modelkeep.assess.explanation.regions import Regions, regions_of
from modelkeep.assess.explanation.stability import bound_of_moves
from modelkeep.assess.explanation.trigger_attribution import ATTACK as TRIGGER

__all__ = [
    "DIFFERENCE",
    "EXPLAINERS",
    "TRIGGER",
    "Explainer",
    "Explanation",
    "Refit",
    "Regions",
    "bound_of_moves",
    "compare",
    "depend",
    "ends_of",
    "integrate",
    "refits",
    "regions_of",
]
