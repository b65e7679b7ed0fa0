"""A table's rules in an attack: drafted or given, kept to, and named beside the number."""

from __future__ import annotations

import numpy as np

import model_samples as samples
from modelkeep.assess.interface import Context
from modelkeep.assess.robust_accuracy import Engine, Problem
from modelkeep.assess.tabular import ColumnRule, Constraints
from modelkeep.assess.tabular.attack_rules import (
    allowed_region,
    constraints_of,
    measure_with_rules,
    with_rules,
)
from modelkeep.core import Measurement, NotChecked
from modelkeep.models import Dataset

ROWS = np.round(samples.normal(60, 3) * 5)
DATA = samples.table(ROWS, (ROWS.sum(axis=1) > 0).astype(int))
NAMES = tuple(column.name for column in DATA.columns)
STILL = Constraints({NAMES[0]: ColumnRule(immutable=True)})


def context(train: Dataset | None = DATA, constraints: Constraints | None = None) -> Context:
    model = samples.Answering(
        lambda asked: samples.two_classes((asked[:, 0] > 0).astype(float))
    )
    return samples.context(model, train, DATA, epsilon_linf=0.4, constraints=constraints)


def problem(rows: np.ndarray = DATA.rows) -> Problem:
    return Problem(rows, np.zeros(len(rows), int), rows - 1.5, rows + 1.5, 0)


def test_rules_are_drafted_from_training_rows_unless_given() -> None:
    drafted = constraints_of(context())
    assert drafted is not None
    assert [drafted.columns[name].kind for name in NAMES] == ["integer"] * 3
    assert constraints_of(context(constraints=STILL)) is STILL
    assert constraints_of(context(train=None)) is None


def test_a_region_is_no_wider_than_radius_and_rules() -> None:
    region = allowed_region(context(constraints=STILL), problem())
    assert (region.floor[:, 0] == ROWS[:, 0]).all()
    assert (region.ceiling[:, 0] == ROWS[:, 0]).all()
    assert (region.ceiling[:, 1] == (ROWS + np.float32(1.5))[:, 1]).all()


def test_without_rules_or_on_other_columns_the_radius_alone_counts() -> None:
    given = problem()
    assert (allowed_region(context(train=None), given).floor == given.low).all()
    wide = problem(samples.normal(4, 7))
    assert (allowed_region(context(constraints=STILL), wide).ceiling == wide.high).all()


def test_every_robust_accuracy_says_which_rules_its_points_kept_to() -> None:
    engine = Engine("standing still", "black box", lambda _context, given: (given.rows, {}))
    (robust,) = [m for m in measure_with_rules(context(), engine) if m.name != "clean_accuracy"]
    assert isinstance(robust, Measurement)
    assert "constraints drafted from the data: 3 integer" in robust.note
    (robust,) = [
        m
        for m in measure_with_rules(context(constraints=STILL), engine)
        if m.name != "clean_accuracy"
    ]
    assert "constraints as given: 1 immutable" in robust.note


def test_what_was_not_measured_is_left_as_it_is() -> None:
    missing = NotChecked("evasion", "no rows")
    assert with_rules(context(), missing) is missing
