"""The reference model trained when the user names no recipe (``--train``).

A small multilayer perceptron on standardised rows: about as flexible as the models
people check, and quick to train. Images are flattened. Where torch is installed, many of
them are trained as one (``shadows.train_stack``), with the same width, optimizer and passes.

Source: scikit-learn ``MLPClassifier``.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, Final

import numpy as np

from modelkeep.assess.interface import Recipe
from modelkeep.assess.shadows.stacked import Layout, train_stack
from modelkeep.core import InputError
from modelkeep.models import Dataset, call, label_order, need

_HIDDEN: Final = 64
_EPOCHS: Final = 60
_CHANNELS: Final = (16, 32)
_CONVOLUTION_EPOCHS: Final = 20


def built_in(classes: Callable[[], tuple[str, ...]]) -> Recipe:
    """The built-in recipe; ``classes`` gives the audited model's classes."""

    def fit(data: Dataset, seed: int) -> Callable[[np.ndarray], np.ndarray]:
        network = need("sklearn.neural_network", "a reference model")
        exceptions = need("sklearn.exceptions", "a reference model")
        names = classes()
        truth = data.class_indices(names)
        flat = data.rows.reshape(len(data), -1)
        mean, spread = flat.mean(axis=0), flat.std(axis=0) + 1e-6
        learner = network.MLPClassifier((_HIDDEN,), max_iter=_EPOCHS, random_state=seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", exceptions.ConvergenceWarning)  # a fixed budget
            learner.fit((flat - mean) / spread, truth)

        def predict(rows: np.ndarray) -> np.ndarray:
            scaled = (rows.reshape(len(rows), -1) - mean) / spread
            scores = np.full((len(rows), len(names)), 1e-6)
            scores[:, learner.classes_] = learner.predict_proba(scaled)
            return np.asarray(scores)

        return predict

    many = None if find_spec("torch") is None else stacked(classes, Layout(_HIDDEN))
    return Recipe(f"built-in MLP, {_HIDDEN} hidden, {_EPOCHS} epochs", fit, many)


def convolutional(classes: Callable[[], tuple[str, ...]]) -> Recipe:
    """A small convolutional network for images of at least 4 x 4; needs torch.

    Several are trained one after the other: on a CPU that is faster than stacking them.
    """
    layout = Layout(_HIDDEN, _CHANNELS, epochs=_CONVOLUTION_EPOCHS)
    train = stacked(classes, layout)

    def fit(data: Dataset, seed: int) -> Callable[[np.ndarray], np.ndarray]:
        answer = train(data, np.ones((1, len(data)), dtype=bool), seed)
        return lambda rows: np.asarray(answer(rows)[0])

    name = f"built-in CNN, {_CHANNELS} channels, {_HIDDEN} hidden, {layout.epochs} epochs"
    return Recipe(name, fit)


def stacked(
    classes: Callable[[], tuple[str, ...]], layout: Layout
) -> Callable[[Dataset, np.ndarray, int], Callable[[np.ndarray], np.ndarray]]:
    """Networks of that layout as ``Recipe.fit_many``."""

    def fit_many(
        data: Dataset, included: np.ndarray, seed: int
    ) -> Callable[[np.ndarray], np.ndarray]:
        names = classes()
        truth = data.class_indices(names)
        return train_stack(data.rows, truth, included, layout, seed=seed, classes=len(names))

    return fit_many


def from_user(reference: str, function: Callable[..., Any]) -> Recipe:
    """The user's ``fit(data, seed) -> model`` as a recipe."""

    def fit(data: Dataset, seed: int) -> Callable[[np.ndarray], np.ndarray]:
        model = call(reference, function, data, seed)
        predict = getattr(model, "predict_proba", None) or getattr(model, "predict", None)
        if predict is None and callable(model):
            predict = model
        if predict is None:
            raise InputError(
                f"{reference} returned {type(model).__name__}, which cannot predict"
            )

        def answer(rows: np.ndarray) -> np.ndarray:
            raw = call(reference, predict, rows)
            scores = call(reference, lambda: np.asarray(raw, dtype=np.float64))
            shaped = scores.ndim == 2 and len(scores) == len(rows)  # noqa: PLR2004
            if not shaped or not np.isfinite(scores).all():
                raise InputError(
                    f"{reference}: the model answers shape {scores.shape}, "
                    "not probabilities (batch, classes)"
                )
            return _in_label_order(np.asarray(scores), getattr(model, "classes_", None))

        return answer

    return Recipe(reference, fit)


def _in_label_order(scores: np.ndarray, names: object) -> np.ndarray:
    """Columns in the order of labels; scikit-learn sorts text labels as text ("10" before "2").

    Args:
        scores: shape ``(batch, classes)``.
        names: the model's ``classes_``, or ``None`` if it names none.
    """
    texts = [str(name) for name in np.asarray(names).ravel().tolist()]
    if names is None or len(texts) != scores.shape[1]:
        return scores
    return scores[:, sorted(range(len(texts)), key=lambda index: label_order(texts[index]))]
