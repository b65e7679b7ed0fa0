"""Refuse to answer where the model is not sure, by a threshold fitted on rows of its own.

The threshold is the greatest probability that all but one in twenty of the right answers reach,
on a third of the test rows; everything is measured on the others. A refused clean row counts as
not right, and an attacker wins only with a wrong answer that is not refused.

Sources: Chow, 1970; Geifman and El-Yaniv, NeurIPS 2017; Tramèr, ICML 2022.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from modelkeep.assess import Context
from modelkeep.core import InputError
from modelkeep.harden.interface import Defence, Effort
from modelkeep.harden.wrapping import SUFFIX, base_of, why_not_wrappable, wrapped
from modelkeep.models import Differentiable, Model
from modelkeep.models.wrappers import Rejection

_REFUSED: Final = 0.05  # share of right answers
_LEAST: Final = 20
_EDGE: Final = 1e-6  # the threshold stays this far from 0 and 1
_CAUTION: Final = (
    "confidence is no sign of safety: the attack that measured this looks for wrong answers "
    "that are sure"
)


def applies(context: Context) -> str | None:
    """It needs a graph and a gradient: without one the threshold is not attacked adaptively."""
    if not isinstance(context.model, Differentiable):
        return "the model gives no gradient, so an attack on the threshold could not be run"
    return why_not_wrappable(context)


def threshold_of(scores: np.ndarray, truth: np.ndarray) -> float:
    """The threshold that one in twenty of the right answers falls below.

    Args:
        scores: probabilities, shape ``(n, classes)``.
        truth: right classes, shape ``(n,)``.

    Raises:
        InputError: fewer than twenty right answers.
    """
    right = np.sort(scores.max(axis=1)[scores.argmax(axis=1) == truth])
    if len(right) < _LEAST:
        raise InputError(
            f"{len(right)} right answers; a threshold is fitted on {_LEAST} or more",
            "Give more test rows.",
        )
    return float(np.clip(right[int(_REFUSED * len(right))], _EDGE, 1 - _EDGE))


def run(context: Context, _effort: Effort) -> Model:
    """The model with a threshold fitted on the test rows given here.

    Raises:
        InputError: too few rows are answered rightly, or nothing can be drawn around the model.
    """
    data = context.test
    if data is None:
        raise InputError("a threshold is fitted on test rows", "Add --test FILE.")
    threshold = threshold_of(context.predict(data.rows), context.truth(data))
    return wrapped((base_of(context, context.model),), Rejection(threshold))


DEFENCE: Final = Defence(
    "HRD008",
    "rejection",
    "evasion",
    applies,
    run,
    _CAUTION,
    suffix=SUFFIX,
    by_name_only=True,
    calibrates=True,
)
