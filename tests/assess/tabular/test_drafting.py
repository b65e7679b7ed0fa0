"""What holds in every row becomes a rule; what fails in one does not."""

from __future__ import annotations

import numpy as np

import model_samples as samples
from modelkeep.assess.tabular import OneHot, Sum, draft_constraints
from modelkeep.models import Column

RNG = np.random.default_rng(0)
N = 300
PARTS = RNG.random((N, 2))
CHOICE = np.eye(3)[RNG.integers(0, 3, N)]
ROWS = np.hstack(
    [
        RNG.integers(18, 80, (N, 1)),
        CHOICE,
        PARTS,
        PARTS.sum(axis=1, keepdims=True),
        RNG.integers(0, 2, (N, 1)),
    ]
)
NAMES = ("age", "red", "green", "blue", "salary", "rent", "income", "country")
COLUMNS = [Column(name, ("no", "yes") if name == "country" else ()) for name in NAMES]


def test_kinds_ranges_and_links_are_seen() -> None:
    found = draft_constraints(samples.table(ROWS, ["0"] * N, *COLUMNS))
    kinds = {name: rule.kind for name, rule in found.columns.items()}
    assert kinds["age"] == kinds["red"] == "integer"
    assert kinds["salary"] == "numeric"
    assert kinds["country"] == "categorical"
    assert (found.columns["age"].low, found.columns["age"].high) == (18, 79)
    assert found.one_hot == (OneHot(("red", "green", "blue")),)
    assert found.sum == (Sum("income", ("salary", "rent")),)


def test_one_row_that_breaks_a_rule_is_enough() -> None:
    rows = ROWS.copy()
    rows[7, 1:4] = 1
    rows[7, 6] += 0.5
    rows[7, 0] += 0.5
    found = draft_constraints(samples.table(rows, ["0"] * N, *COLUMNS))
    assert (found.one_hot, found.sum) == ((), ())
    assert found.columns["age"].kind == "numeric"


def test_plain_numbers_have_no_links() -> None:
    found = draft_constraints(samples.table(samples.normal(50, 6), ["0"] * 50))
    assert (found.one_hot, found.sum) == ((), ())
    assert {rule.kind for rule in found.columns.values()} == {"numeric"}
