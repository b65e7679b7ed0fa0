"""Integrated gradients of every class, by column or by region of the picture.

What each takes of all that is attributed: a model that answers in larger logits does not
look like one that rests on other things.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from modelkeep.assess.explanation.integrated_gradients import ends_of, integrate
from modelkeep.assess.explanation.interface import Explainer, Explanation
from modelkeep.assess.explanation.regions import regions_of
from modelkeep.assess.gradient import why_no_gradient
from modelkeep.assess.interface import Context, require_rows
from modelkeep.core import InputError
from modelkeep.models import Dataset, Differentiable, need

_ROWS: Final = 100
_STEPS: Final = {"quick": 16, "standard": 32, "thorough": 64}
MOST_CLASSES: Final = 20  # of more, those that occur most often
_BINARY: Final = 2
_IMAGE_AXES: Final = 4


def classes_of(context: Context, data: Dataset) -> np.ndarray:
    """Places of the classes that are explained: the same whichever model is asked.

    Of two classes one: what speaks for the second speaks against the first.
    """
    count = context.predict(data.rows[:1]).shape[1]
    if count == _BINARY:
        return np.array([1])
    often = np.bincount(context.truth(data), minlength=count)
    return np.sort(np.argsort(-often, kind="stable")[:MOST_CLASSES])


def named(parts: list[str], classes: list[str]) -> tuple[str, ...]:
    """Names of the effects of every part on every class; of one class the part alone."""
    if len(classes) == 1:
        return tuple(parts)
    return tuple(f"{part} (class {name})" for name in classes for part in parts)


def explain(context: Context) -> Explanation:
    """Shares of all attribution, by class and column or region, row by row.

    Raises:
        InputError: the model gives no gradient, or one that is not finite.
    """
    model = context.model
    if not isinstance(model, Differentiable):
        raise InputError("the model gives no gradient")
    torch = need("torch", "integrated gradients")
    data = context.sample(require_rows(context.test, "test"), _ROWS)
    classes = classes_of(context, data)
    found = integrate(
        model.module,
        torch.from_numpy(np.ascontiguousarray(data.rows)),
        torch.from_numpy(ends_of(data, context.train or data, context.seed)),
        torch.from_numpy(classes),
        steps=_STEPS[context.budget],
    )
    sizes = found.abs().double().numpy()
    total = sizes.sum() / len(data)
    if not np.isfinite(total) or total == 0:
        raise InputError("the gradient is zero or not finite: nothing can be attributed")
    names = [context.model.classes[place] for place in classes]
    if data.rows.ndim == _IMAGE_AXES:
        regions = regions_of(data.rows)
        parts = regions.names()
        grid: tuple[int, ...] = (len(classes), *regions.shape)
        sizes = regions.sums(sizes.sum(axis=2))
    else:
        parts, grid = [f"column {column.name}" for column in data.columns], ()
        sizes = sizes.reshape(len(classes), len(data), -1)
    effects = named(parts, names)
    values = sizes.transpose(0, 2, 1).reshape(len(effects), len(data)) / total
    return Explanation(effects, values, grid)


EXPLAINER: Final = Explainer(
    "attribution",
    "fraction",
    "share of all integrated gradients, from baselines at the ends of the range",
    why_no_gradient,
    explain,
)
