"""Train shadow models by a recipe: stacked where the recipe can, else one after the other.

Source: Carlini et al., IEEE S&P 2022.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from modelkeep.assess.interface import Recipe, Report
from modelkeep.assess.shadows.matrix import (
    ShadowMatrix,
    Told,
    digest_rows,
    draw_halves,
    told,
)
from modelkeep.core import InputError
from modelkeep.models import Dataset

_STACK: Final = 8  # networks trained as one: more of them no longer fit the caches


def train_shadows(
    recipe: Recipe,
    pool: Dataset,
    truth: np.ndarray,
    *,
    models: int,
    seed: int,
    progress: Report = lambda _share, _what: None,
) -> ShadowMatrix:
    """Train models on halves of the pool and note what each says about all of it.

    Args:
        recipe: how one is trained; ``fit_many`` is used where there is one.
        pool: members and others together.
        truth: their classes as places in the model's, shape ``(n,)``.
        models: how many, an even number.
        seed: of the halves and of training.
        progress: told how far it got.

    Raises:
        InputError: a model answers something else than probabilities of the pool's rows.
    """
    included = draw_halves(models, len(pool), seed)
    parts: list[Told] = []
    step = _STACK if recipe.fit_many is not None else 1
    for at in range(0, models, step):
        progress(at / models, f"shadow models, {at} of {models}")
        halves = included[at : at + step]
        if recipe.fit_many is not None:
            scores = recipe.fit_many(pool, halves, seed + at)(pool.rows)
        else:
            fitted = recipe.fit(pool.take(np.flatnonzero(halves[0])), seed + at)
            scores = np.asarray(fitted(pool.rows))[None]
        parts.append(_said(recipe, scores, truth, len(halves)))
    said = Told(
        np.concatenate([part.log_right for part in parts]),
        np.concatenate([part.confidence for part in parts]),
    )
    return ShadowMatrix(included, said, recipe.name, seed, digest_rows(pool.rows, truth))


def _said(recipe: Recipe, scores: np.ndarray, truth: np.ndarray, models: int) -> Told:
    shaped = scores.ndim == 3 and scores.shape[:2] == (models, len(truth))  # noqa: PLR2004
    if not shaped or scores.shape[2] <= truth.max() or not np.isfinite(scores).all():
        raise InputError(
            f"a shadow model ({recipe.name}) answers {scores.shape[1:]}, "
            f"not finite probabilities of {len(truth)} rows"
        )
    if (scores < 0).any() or not np.allclose(scores.sum(axis=2), 1, atol=1e-2):
        raise InputError(
            f"a shadow model ({recipe.name}) answers scores that are no probabilities",
            "Return probabilities from the recipe's model, such as softmax of its logits.",
        )
    return told(scores, truth)
