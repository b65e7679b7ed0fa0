"""The victim counts every row and refuses what goes over its budget or is no probability."""

from __future__ import annotations

import numpy as np
import pytest

from modelkeep.assess.black_box.oracle import QueryBudgetError
from modelkeep.assess.extraction import POLICIES, Victim
from modelkeep.core import InputError


def even(rows: np.ndarray) -> np.ndarray:
    return np.full((len(rows), 4), 0.25)


def test_rows_are_counted_and_the_budget_holds_before_sending() -> None:
    sent: list[int] = []

    def predict(rows: np.ndarray) -> np.ndarray:
        sent.append(len(rows))
        assert rows.shape[1:] == (2, 3)
        return even(rows)

    victim = Victim(predict, (2, 3), 10, POLICIES[0])
    victim.ask(np.zeros((7, 2, 3), dtype=np.float32))
    with pytest.raises(QueryBudgetError):
        victim.ask(np.zeros((4, 2, 3), dtype=np.float32))
    assert (sent, victim.spent) == ([7], 7)


@pytest.mark.parametrize("scores", [[[2.0, -1.0]], [[0.7, 0.7]]])
def test_logits_are_not_taken_for_probabilities(scores: list[list[float]]) -> None:
    victim = Victim(lambda _rows: np.array(scores), (1,), 5, POLICIES[-1])
    with pytest.raises(InputError, match="no probabilities"):
        victim.ask(np.zeros((1, 1)))
