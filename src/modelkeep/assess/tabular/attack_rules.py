"""A table's rules in an attack: where its points may lie, and what a number says about it.

Not part of the room's face: these functions know contexts and engines, and the interface of
all assessments knows constraints.

Source: Simonetto et al., IJCAI 2022 (attacks whose points could exist).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import msgspec

from modelkeep.assess.black_box import Region, region_of
from modelkeep.assess.interface import Context, Outcome
from modelkeep.assess.robust_accuracy import Engine, Problem, measure
from modelkeep.assess.tabular.constraints import Constraints
from modelkeep.assess.tabular.drafting import draft_constraints
from modelkeep.assess.tabular.projection import repairing
from modelkeep.core import Measurement


def constraints_of(context: Context) -> Constraints | None:
    """The rules that rows keep to: given, or drafted from the training rows of a table."""
    if context.constraints is not None or context.train is None or not context.train.columns:
        return context.constraints
    return draft_constraints(context.train)


def allowed_region(context: Context, problem: Problem) -> Region:
    """Where points may lie: inside the radius, and as the table's rules allow."""
    rules = constraints_of(context)
    data = context.train or context.test
    if rules is None or data is None or problem.rows.shape[1:] != (len(data.columns),):
        return region_of(problem)
    names = tuple(column.name for column in data.columns)
    repair = repairing(rules, names, problem.rows, (problem.low, problem.high))
    return region_of(replace(problem, low=repair.low, high=repair.high), repair)


def with_rules(context: Context, outcome: Outcome) -> Outcome:
    """A measurement that says which rules its points kept to."""
    rules = constraints_of(context)
    if rules is None or not isinstance(outcome, Measurement) or outcome.attacker is None:
        return outcome
    origin = "drafted from the data" if context.constraints is None else "as given"
    note = f"{outcome.note}; constraints {origin}: {rules.describe()}"
    return msgspec.structs.replace(outcome, note=note)


def measure_with_rules(context: Context, engine: Engine) -> Iterator[Outcome]:
    """What an engine measures, each number saying which rules its points kept to."""
    for outcome in measure(context, engine):
        yield with_rules(context, outcome)
