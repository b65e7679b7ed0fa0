"""What answers do when a part of the input is replaced: no gradient needed.

A column is shuffled among the rows, and the accuracy that is lost counts. A region of a
picture is covered with random black and white, and the chance that each class gains counts:
what a sticker there can do without knowing anything.

Sources: Fisher, Rudin and Dominici, JMLR 2019; Zeiler and Fergus, ECCV 2014 (occlusion);
Petsiuk, Das and Saenko, BMVC 2018 (random masks).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from modelkeep.assess import importance
from modelkeep.assess.explanation.attribution import classes_of, named
from modelkeep.assess.explanation.interface import Explainer, Explanation
from modelkeep.assess.explanation.regions import regions_of
from modelkeep.assess.interface import Context, require_rows

_ROWS: Final = 100


def _needs_columns(context: Context) -> str | None:
    return importance.applies(context)


def _needs_pictures(context: Context) -> str | None:
    if context.test is None:
        return "no test data was given (--test FILE)"
    return None if context.test.kind == "image" else "only pictures have regions to cover"


def shuffle_columns(context: Context) -> Explanation:
    """Accuracy lost by row when a column is shuffled."""
    lost = importance.importances(context)
    columns = require_rows(context.test, "test").columns[: len(lost)]
    return Explanation(tuple(f"column {column.name}" for column in columns), lost)


def cover_regions(context: Context) -> Explanation:
    """Probability each class gains by row when a region is covered."""
    data = context.sample(require_rows(context.test, "test"), _ROWS)
    regions = regions_of(data.rows)
    rng = np.random.default_rng(context.seed)
    clean = context.predict(data.rows)
    classes = classes_of(context, data)
    gained = np.zeros((len(classes), len(regions.slices()), len(data)))
    for place, (down, across) in enumerate(regions.slices()):
        context.progress(place / gained.shape[1], f"covering {regions.names()[place]}")
        covered = data.rows.copy()
        hole = covered[:, :, down, across]
        covered[:, :, down, across] = rng.random(hole.shape) < 0.5  # noqa: PLR2004 - a coin
        change = context.predict(covered) - clean
        gained[:, place] = np.maximum(change[:, classes], 0).T
    names = [context.model.classes[place] for place in classes]
    effects = named(regions.names(), names)
    grid = (len(classes), *regions.shape)
    return Explanation(effects, gained.reshape(len(effects), -1), grid)


SHUFFLED: Final = Explainer(
    "permutation",
    "accuracy",
    "accuracy lost when the column is shuffled",
    _needs_columns,
    shuffle_columns,
)
COVERED: Final = Explainer(
    "cover",
    "probability",
    "probability gained when the region is covered with random black and white",
    _needs_pictures,
    cover_regions,
)
