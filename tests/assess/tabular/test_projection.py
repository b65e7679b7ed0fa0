"""Repaired points keep every rule and stay in the box; tightened boxes keep the row."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.assess.tabular import ColumnRule, Constraints, OneHot, Sum, repairing, tighten

NAMES = ("age", "one", "two", "fixed", "salary", "rent", "income", "code")
RULES = Constraints(
    {
        "age": ColumnRule("integer", 18, 80, direction="up"),
        "one": ColumnRule("integer", 0, 1),
        "two": ColumnRule("integer", 0, 1),
        "fixed": ColumnRule(immutable=True),
        "salary": ColumnRule(low=0, direction="down"),
        "code": ColumnRule("categorical"),
    },
    (OneHot(("one", "two")),),
    (Sum("income", ("salary", "rent")),),
)
ROWS = np.array(
    [[30, 1, 0, 5.0, 10.0, 4.0, 14.0, 2], [79, 0, 1, 5.0, 0.0, 1.5, 1.5, 0]], dtype=np.float32
)


@given(seed=st.integers(0, 9999), width=st.floats(0, 30))
def test_every_repaired_point_keeps_the_rules(seed: int, width: float) -> None:
    box = (ROWS - np.float32(width), ROWS + np.float32(width))
    repair = repairing(RULES, NAMES, ROWS, box)
    which = np.array([0, 1, 0, 1, 0])
    rng = np.random.default_rng(seed)
    points = repair(ROWS[which] + 2 * width * rng.uniform(-1, 1, (5, 8)), which)
    rows = ROWS[which]
    assert (points >= box[0][which] - 1e-4).all()
    assert (points <= box[1][which] + 1e-4).all()
    age, one, two, fixed, salary, rent, income, code = points.T
    assert ((age == np.round(age)) & (age >= rows[:, 0]) & (age <= 80)).all()
    assert (one + two == 1).all()
    assert np.isin(one, (0, 1)).all()
    assert (fixed == 5).all()
    assert (code == rows[:, 7]).all()
    assert ((salary >= 0) & (salary <= rows[:, 4])).all()
    assert np.allclose(income, salary + rent, atol=1e-4)


def test_what_can_move_does_move() -> None:
    box = (ROWS - 3, ROWS + 3)
    repair = repairing(RULES, NAMES, ROWS, box)
    wanted = ROWS[:1] + np.array([[2.7, -1, 1, 2, -2, 1.5, 0, 1]])
    point = repair(wanted, np.array([0]))[0]
    assert point.tolist() == [32, 0, 1, 5, 8, 5.5, 13.5, 2]


def test_a_box_keeps_the_row_even_where_it_breaks_a_rule() -> None:
    odd = ROWS.copy()
    odd[0, 0], odd[1, 4] = 12.5, -1
    low, high = tighten(RULES, NAMES, odd, (odd - 1, odd + 1))
    assert ((low <= odd) & (odd <= high)).all()
    repair = repairing(RULES, NAMES, odd, (odd, odd))
    assert (repair(odd + 9, np.arange(2)) == odd).all()
