"""What a model of the trusted rows alone says of all others.

The trusted rows never saw the attack, so their model expects nothing of it. It needs as
many as can train a model: a few hundred, and then beats every statistic.

Sources: Cretu et al., "Casting out demons: sanitizing training data for anomaly
sensors", S&P 2008.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from modelkeep.data.poison.interface import Context, Detector, Scores
from modelkeep.data.poison.learners import built_in

_ENOUGH: Final = 50


def applies(context: Context) -> str | None:
    """It needs trusted rows of more than one class."""
    count = int(context.trusted.sum())
    if count < _ENOUGH:
        return f"{count} trusted rows, want {_ENOUGH} or more (--trusted)"
    if len(np.unique(context.targets[context.trusted])) < 2:  # noqa: PLR2004 - more than one
        return "all trusted rows are of one class"
    return None


def run(context: Context) -> Scores:
    """Score rows by the trusted model's surprise at their label; trusted ones not at all."""
    trusted = context.data.take(np.flatnonzero(context.trusted))
    said = built_in(context.data)(trusted, context.seed)(context.data.rows)
    values = -np.log(np.maximum(said[np.arange(len(said)), context.targets], 1e-4))
    values[context.trusted] = 0
    return Scores(values, "a model of the trusted rows expects another label")


DETECTOR: Final = Detector("POI501", "trusted-slice", "trusted", run, applies=applies)
