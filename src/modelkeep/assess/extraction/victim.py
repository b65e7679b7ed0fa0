"""A model that answers under a policy and counts what it is asked.

Source: ``black_box.oracle``, whose counter this is, with one account for all rows.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from modelkeep.assess.black_box import Oracle
from modelkeep.assess.extraction.policies import Policy
from modelkeep.models.outputs import require_probabilities


class Victim:
    """Asked within a budget; a batch that would go over it is refused before it is sent.

    Args:
        predict: from rows to probabilities ``(batch, classes)``.
        shape: of one row.
        budget: most rows in all.
        policy: what becomes of the probabilities before they are answered.
    """

    def __init__(
        self,
        predict: Callable[[np.ndarray], np.ndarray],
        shape: tuple[int, ...],
        budget: int,
        policy: Policy,
    ) -> None:
        self._oracle = Oracle(predict, shape, np.zeros(1, dtype=np.int64), budget)
        self._policy = policy
        self.budget = budget

    @property
    def spent(self) -> int:
        """Rows sent so far."""
        return self._oracle.queries

    def ask(self, rows: np.ndarray) -> np.ndarray:
        """Answers to rows, shape ``(batch, classes)``.

        Raises:
            InputError: the model answers logits where probabilities were promised: a copy
                trained on them would be worthless, and the measurement with it.
            QueryBudgetError: more rows than the budget has left.
        """
        flat = rows.reshape(len(rows), -1)
        scores = self._oracle.scores(flat, np.zeros(len(rows), dtype=np.int64))
        return self._policy.apply(require_probabilities(scores))
