"""Every row sent is counted, and none is sent beyond the budget."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.assess.black_box import Oracle, QueryBudgetError, margins

SENT: list[int] = []


def halves(rows: np.ndarray) -> np.ndarray:
    SENT.append(len(rows))
    return np.full((len(rows), 2), 0.5)


def oracle(rows: int, each: int) -> Oracle:
    SENT.clear()
    return Oracle(halves, (3,), np.zeros(rows, dtype=int), each)


def test_a_margin_is_the_best_wrong_answer_against_the_right_one() -> None:
    scores = np.array([[0.7, 0.2, 0.1], [0.0, 1.0, 0.0]])
    assert margins(scores, np.array([0, 0])) == pytest.approx(
        [np.log(0.2 / 0.7), np.log(1 / 1e-30)]
    )


def test_a_tie_counts_as_it_is_answered() -> None:
    tie = np.array([[0.5, 0.5], [0.5, 0.5]])
    first, second = margins(tie, np.array([0, 1]))
    assert first < 0 <= second


@given(st.lists(st.lists(st.integers(0, 4), max_size=12), max_size=8), st.integers(0, 9))
def test_what_it_counted_is_what_was_sent_and_never_more_than_allowed(
    batches: list[list[int]], each: int
) -> None:
    found = oracle(5, each)
    for batch in batches:
        which = np.array(batch, dtype=int)
        try:
            found.scores(np.zeros((len(which), 3)), which)
        except QueryBudgetError:
            asked = np.bincount(which, minlength=5)
            assert (found.spent + asked > each).any()
    assert sum(SENT) == found.queries
    assert (found.spent <= each).all()


def test_a_large_batch_goes_out_in_parts_and_counts_once() -> None:
    found = oracle(1, 40_000)
    found.scores(np.zeros((40_000, 3)), np.zeros(40_000, dtype=int))
    assert found.queries == sum(SENT) == 40_000
    assert max(SENT) <= 16_384
    with pytest.raises(QueryBudgetError, match="40000 queries"):
        found.wrong(np.zeros((1, 3)), np.array([0]))


def test_only_rows_with_queries_left_are_affordable() -> None:
    found = oracle(3, 2)
    found.margins(np.zeros((3, 3)), np.array([0, 0, 1]))
    every = np.arange(3)
    assert found.affordable(every).tolist() == [1, 2]
    assert found.affordable(every, 2).tolist() == [2]
    assert found.left(every).tolist() == [0, 1, 2]
