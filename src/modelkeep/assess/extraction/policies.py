"""How a model answers: all scores, rounded ones, the best one, or a label alone.

Less of an answer makes a copy dearer; how much dearer is measured, not assumed.

Source: Tramèr et al., USENIX Security 2016 (rounding and labels as countermeasures).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

_DECIMALS: Final = 2


@dataclass(frozen=True, slots=True)
class Policy:
    """A way of answering.

    Attributes:
        name: as measurements carry it.
        says: one phrase for people.
        apply: from probabilities ``(batch, classes)`` to what is answered, same shape.
    """

    name: str
    says: str
    apply: Callable[[np.ndarray], np.ndarray]


def round_scores(scores: np.ndarray) -> np.ndarray:
    """Probabilities to two decimals; a row may then sum to a little more or less than 1."""
    return np.asarray(np.round(scores, _DECIMALS))


def only_best(scores: np.ndarray) -> np.ndarray:
    """The best class with its probability; the rest of it spread evenly over the others."""
    rows, best = np.arange(len(scores)), scores.argmax(axis=1)
    kept = scores[rows, best]
    others = (1 - kept) / max(scores.shape[1] - 1, 1)
    answer = np.repeat(others[:, None], scores.shape[1], axis=1)
    answer[rows, best] = kept
    # Spread thin, the rest could only overtake the best by rounding.
    return np.asarray(answer)


def only_label(scores: np.ndarray) -> np.ndarray:
    """One for the best class, zero for the others."""
    return np.asarray(np.eye(scores.shape[1])[scores.argmax(axis=1)])


SCORES: Final = Policy("scores", "all probabilities", lambda scores: scores)
ROUNDED: Final = Policy("rounded", f"probabilities to {_DECIMALS} decimals", round_scores)
BEST: Final = Policy("top1", "the best class and its probability", only_best)
LABEL: Final = Policy("label", "the best class alone", only_label)
POLICIES: Final = (SCORES, ROUNDED, BEST, LABEL)
