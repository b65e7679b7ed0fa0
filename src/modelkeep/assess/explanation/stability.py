"""How far explanations move where nothing was changed, and what moved further.

Between every two of the models trained alike, the largest move of any effect is taken. The
logarithms of these largest moves are taken for normal; the bound is what one more pair stays
below with the chance that is asked, and never more than twice the largest move seen. It is
one bound for all effects: whoever looks at hundreds of regions finds a large move somewhere
by chance alone.

Asked for 97.5 % with five refits, pairs of honest networks crossed it in 4 of 100 draws on
30 networks for digits and in 9 of 100 on four for Fashion-MNIST, at worst; these had been
trained on more rows than the refits, which is no like for like.

Sources: Student's prediction interval; Westfall and Young 1993 (the largest of many).
"""

from __future__ import annotations

import itertools
import math
from typing import Final

import numpy as np
from scipy.stats import t as student

_AT_MOST: Final = 2.0  # times the largest move seen: few models tell little about a tail
LEAST_ALIKE: Final = 3  # models trained alike: with two there is one move and no spread


def bound_of_moves(alike: np.ndarray, level: float) -> float:
    """The largest move that training alone explains.

    Args:
        alike: mean effects of models trained alike, shape ``(models, effects)``; three
            models or more.
        level: chance that one more model stays below it.

    Raises:
        ValueError: fewer than three models.
    """
    if len(alike) < LEAST_ALIKE:
        raise ValueError("a spread of moves needs three models")
    moves = [np.abs(a - b).max() for a, b in itertools.combinations(alike, 2)]
    if max(moves) == 0:
        return 0.0
    logs = np.log(np.maximum(moves, 1e-3 * max(moves)))
    spread = float(logs.std(ddof=1)) * math.sqrt(1 + 1 / len(logs))
    bound = math.exp(float(logs.mean()) + float(student.ppf(level, len(alike) - 1)) * spread)
    return min(bound, _AT_MOST * float(max(moves)))
