"""Labels that a kernel model without the row does not expect.

The third voice on label flips beside forests and neighbours: closed-form leave-one-out
predictions of the kernel ridge model that ``smoother`` holds.

Sources: Rifkin, Yeo and Poggio, "Regularized least-squares classification", 2003.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from modelkeep.data.poison.interface import Context, Detector, Scores


def run(context: Context) -> Scores:
    """Score rows by the best other class's prediction over their own's."""
    said = context.smoother.left_one_out
    own = said[np.arange(len(said)), context.targets]
    others = said.copy()
    others[np.arange(len(said)), context.targets] = -np.inf
    return Scores(others.max(axis=1) - own, "a kernel model without it expects another label")


DETECTOR: Final = Detector("POI003", "unexpected-label", "label", run)
