"""Models that each were shown half of the parts, and what labels they expect.

Sources: Ho, "The random subspace method", PAMI 1998, here to keep models blind rather
than diverse.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from modelkeep.data.poison.interface import Context
from modelkeep.data.poison.smoother import fit_smoother
from modelkeep.data.poison.views import encode_rows, parts_of

FLOOR: Final = 0.03  # no model is surer than this that a label is impossible
_VIEWS: Final = 16
_SHOWN: Final = 0.45  # share of the parts a view is shown
_WIDTH: Final = 200  # random features of a view


@dataclass(frozen=True, slots=True)
class Blind:
    """Residuals of every view and which parts each was shown.

    Attributes:
        missed: label minus expectation, shape ``(views, n, classes)``.
        doubt: variance of the label as expected, likewise.
        shown: shape ``(views, parts)``.
    """

    missed: np.ndarray
    doubt: np.ndarray
    shown: np.ndarray


def blind_views(context: Context) -> Blind:
    """Views of a table or of images, each with its leave-one-out residuals."""
    rng = np.random.default_rng(context.seed)
    parts = parts_of(context.data)
    shown = np.zeros((_VIEWS, parts), dtype=bool)
    for view in range(_VIEWS):
        shown[view, rng.permutation(parts)[: max(1, round(_SHOWN * parts))]] = True
    missed, doubt = [], []
    truth = context.smoother.targets
    for view in range(_VIEWS):
        features = encode_rows(
            context.data, seed=context.seed + view, shown=shown[view], width=_WIDTH
        )
        expected = np.clip(fit_smoother(features, truth).left_one_out, FLOOR, 1 - FLOOR)
        missed.append((truth - expected).astype(np.float32))
        doubt.append((expected * (1 - expected)).astype(np.float32))
    return Blind(np.stack(missed), np.stack(doubt), shown)
