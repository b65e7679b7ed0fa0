"""How many bits of a model a principal may draw, and the ladder on the way there.

Each new answer is worth the entropy of what it says, at most the logarithm of the number of
classes. At a quarter of the budget answers are rounded, at half of it only the top score is
given, at three quarters only the label, and at its end nothing. Against a customer who copies
with rows of the same distribution this is the only thing that helps, and it only slows.

Sources: Tramèr et al. 2016; Dziedzic et al. 2022 (a price per query by what it reveals).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from modelkeep.gateway.interface import ALLOW, Answer, Call, Ruling
from modelkeep.gateway.stream import Streams

_LADDER: Final = (0.25, 0.5, 0.75)  # shares of the budget at which an answer says less
_LEAST: Final = 0.01  # bits: even a sure answer says that it is sure


@dataclass(slots=True)
class _Drawn:
    bits: float = 0.0


class LeakBudget:
    """Books what each principal learnt."""

    name = "leak-budget"

    def __init__(self, bits: float) -> None:
        self._budget = bits
        self._drawn: Streams[_Drawn] = Streams(_Drawn)

    def share(self, principal: str) -> float:
        """Share of the budget that is drawn, 1 and more at its end."""
        return self._drawn.of(principal).bits / self._budget

    def before(self, call: Call) -> Ruling:
        """Refuse who is at the end of the budget, and coarsen on the way there."""
        share = self.share(call.principal.id)
        if share >= 1.0:
            return Ruling("refuse", "leak-budget.spent", "the budget of answers is spent")
        step = sum(share >= mark for mark in _LADDER)
        if not step:
            return ALLOW
        call.step = max(call.step, step)
        return Ruling("step-up", "leak-budget.ladder", f"step {step} of 3")

    def after(self, call: Call, answer: Answer) -> Ruling:
        """Book the new rows of an answer."""
        if not answer.scores:
            return Ruling("not-run", "leak-budget.scores", "there are no scores of classes")
        scores = answer.outputs[answer.scores].reshape(call.rows, -1)
        if call.fresh is not None:
            scores = scores[call.fresh]
        self._drawn.of(call.principal.id).bits += float(_bits(scores).sum())
        return ALLOW


def _bits(scores: np.ndarray) -> np.ndarray:
    """Entropy of each row in bits, ``(rows,)``; scores that are no probabilities cost most."""
    most = math.log2(max(scores.shape[1], 2))
    sums = scores.sum(axis=1) if len(scores) else np.ones(0)
    if len(scores) and ((scores < 0).any() or (np.abs(sums - 1) > 1e-3).any()):  # noqa: PLR2004
        return np.full(len(scores), most)
    positive = np.where(scores > 0, scores, 1.0)
    return np.asarray(np.clip(-(positive * np.log2(positive)).sum(axis=1), _LEAST, most))
