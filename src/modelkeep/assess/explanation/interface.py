"""What kinds of explanation share: named effects of inputs on answers, row by row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from modelkeep.assess.interface import Context


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the answers of one model rest on.

    Attributes:
        effects: names, such as ``column age``.
        values: of every effect on every row, shape ``(effects, n)`` float64.
        grid: of pictures, classes and rows and columns of regions the effects stand for, in
            that order; empty for tables.
    """

    effects: tuple[str, ...]
    values: np.ndarray
    grid: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Explainer:
    """One way to explain.

    Attributes:
        name: such as ``permutation``.
        unit: of its values.
        method: one phrase.
        applies: ``None`` if it can explain this model on these rows, else why not.
        explain: the model of a context, on the context's test rows; the same rows, shuffles
            and baselines for the same seed, so that two models can be compared.
    """

    name: str
    unit: str
    method: str
    applies: Callable[[Context], str | None]
    explain: Callable[[Context], Explanation]
