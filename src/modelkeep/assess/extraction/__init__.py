"""Copy a model by asking it: strategies of asking, and what each answer gives away."""

from modelkeep.assess.extraction.equations import design_points, solve_equations
from modelkeep.assess.extraction.extraction import ATTACK
from modelkeep.assess.extraction.policies import POLICIES, Policy
from modelkeep.assess.extraction.strategies import STRATEGIES, Strategy
from modelkeep.assess.extraction.victim import Victim

__all__ = [
    "ATTACK",
    "POLICIES",
    "STRATEGIES",
    "Policy",
    "Strategy",
    "Victim",
    "design_points",
    "solve_equations",
]
