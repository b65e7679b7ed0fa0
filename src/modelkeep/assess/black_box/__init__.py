"""Attacks that see a model from outside only: scores, labels, or another model."""

from modelkeep.assess.black_box.coordinate import coordinate_search
from modelkeep.assess.black_box.decision import decision_search
from modelkeep.assess.black_box.oracle import Found, Oracle, QueryBudgetError, margins
from modelkeep.assess.black_box.region import Region, Repair, region_of
from modelkeep.assess.black_box.square import square_search

__all__ = [
    "Found",
    "Oracle",
    "QueryBudgetError",
    "Region",
    "Repair",
    "coordinate_search",
    "decision_search",
    "margins",
    "region_of",
    "square_search",
]
