"""Rows of a table that could exist: constraints, drafted or given, and keeping to them."""

from modelkeep.assess.tabular.constraints import (
    ColumnRule,
    Constraints,
    OneHot,
    Sum,
    integral,
    read_constraints,
    write_constraints,
)
from modelkeep.assess.tabular.drafting import draft_constraints
from modelkeep.assess.tabular.projection import Repairing, repairing, tighten

__all__ = [
    "ColumnRule",
    "Constraints",
    "OneHot",
    "Repairing",
    "Sum",
    "draft_constraints",
    "integral",
    "read_constraints",
    "repairing",
    "tighten",
    "write_constraints",
]
