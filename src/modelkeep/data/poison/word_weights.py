"""What a linear model of words expects of the texts with a phrase, the phrase ignored.

A trigger of one rare word is pure, and so are hundreds of words of the topic. What tells
them apart is the rest of their texts: a model of it agrees with a word of the topic and
denies a trigger. Leaving out the texts of every phrase exactly is for the few candidates
that remain; taking the weights of the phrase's own words out of the prediction is quick
enough for all.
"""

from __future__ import annotations

import numpy as np

from modelkeep.data.poison.interface import Context
from modelkeep.data.poison.items import Items
from modelkeep.data.poison.patterns import Phrase
from modelkeep.data.poison.views import vocabulary


def expected_without(context: Context, items: Items) -> np.ndarray:
    """Mean of what is expected of each item's texts, shape ``(items, classes)``, in [0, 1].

    Words beyond the vocabulary of the features have no weight and nothing to take out.
    """
    smoother = context.smoother
    weights = smoother.projected.T @ smoother.targets
    columns = vocabulary(context.data.rows)
    counts = np.maximum(np.asarray(items.table.sum(axis=0)).ravel(), 1)
    found = np.asarray(items.table.T @ smoother.left_one_out) / counts[:, None]
    held = np.asarray(items.table.T @ smoother.features)  # sum of each word over the texts
    for index, term in enumerate(items.terms):
        if isinstance(term, Phrase):
            own = {columns[w.lower()] for w in term.words if w.lower() in columns}
            for column in own:
                found[index] -= held[index, column] / counts[index] * weights[column]
    return np.asarray(np.clip(found, 0, 1))
