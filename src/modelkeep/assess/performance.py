"""Clean accuracy and calibration: what the model does when nobody attacks.

Calibration is the expected calibration error over 15 equal-width bins of the top
probability: how far confidence and accuracy lie apart on average.

Figures on rows of one class, or of a model that answers one class for every row, look like
any others and say nothing: they are measured, and the assessment stops there.

Source: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from modelkeep.assess.interface import (
    PPM,
    Attack,
    Context,
    Facts,
    Outcome,
    by_name,
    require_rows,
)
from modelkeep.core import InputError, Measurement, NotChecked, Risk
from modelkeep.models import Dataset
from modelkeep.models.intervals import LEVEL, clopper_pearson

_BINS: Final = 15
_INTERVAL: Final = "Clopper-Pearson interval"
_DRAWS: Final = 400
_SHOWN: Final = 5  # classes named in a message
_NOTICE: Final = 0.05  # a calibration error below this is not listed as a risk


def applies(context: Context) -> str | None:
    """It needs test rows."""
    return None if context.test is not None else "no test data was given (--test FILE)"


def run(context: Context) -> Iterator[Outcome]:
    """Measure accuracy and expected calibration error on all test rows it may ask about.

    Raises:
        InputError: after measuring: all rows, or all answers, are of one class.
    """
    data = require_rows(context.test, "test")
    note = ""
    if context.left is not None and context.left < len(data):
        note = f"on some of {len(data)} rows: the budget of queries has no more"
        data = context.sample(data, max(1, context.left))
    truth = context.truth(data)
    scores = context.predict(data.rows)
    answered = context.answers(data.rows, scores)
    right = answered == truth  # an answer not given is not right
    hits, n = int(right.sum()), len(right)
    low, high = clopper_pearson(hits, n)
    yield Measurement(
        "test_accuracy", hits / n, low, high, "fraction", n, method=_INTERVAL, note=note
    )
    confidence = scores.max(axis=1)
    top = scores.argmax(axis=1) == truth
    value, low, high = _calibration_interval(confidence, top, context.seed)
    yield Measurement(
        "calibration_error",
        value,
        low,
        high,
        "fraction",
        n,
        seed=context.seed,
        method=f"expected calibration error, {_BINS} bins, bootstrap interval",
        note=note,
    )
    classes = context.model.classes
    _require_contrast(truth, answered, classes)
    absent = [repr(name) for place, name in enumerate(classes) if place not in truth]
    if absent:
        shown = ", ".join(absent[:_SHOWN]) + (", ..." if len(absent) > _SHOWN else "")
        why = f"{len(absent)} of the model's {len(classes)} have no test row ({shown})"
        yield NotChecked("accuracy of other classes", why)


def require_contrast(context: Context, data: Dataset) -> None:
    """Refuse a model and rows whose figures would say nothing.

    Raises:
        InputError: all rows, or all answers, are of one class; or the model cannot answer.
    """
    truth = context.truth(data)
    _require_contrast(truth, context.answers(data.rows), context.model.classes)


def _require_contrast(
    truth: np.ndarray, answered: np.ndarray, classes: tuple[str, ...]
) -> None:
    n, labelled = len(truth), np.unique(truth)
    if len(labelled) == 1:
        raise InputError(
            f"all {n} test rows are labelled {classes[labelled[0]]!r}; the model knows "
            f"{len(classes)} classes",
            "Give test rows of every class: figures of one say nothing of the others.",
        )
    given = np.unique(answered)
    if len(given) == 1:
        what = f"answers {classes[given[0]]!r} for" if given[0] >= 0 else "refuses"
        raise InputError(
            f"the model {what} all {n} test rows, which are of {len(labelled)} classes",
            "Check the model, its preprocessing and the labels: robustness of a model that "
            "never changes its answer says nothing.",
        )


def calibration_error(confidence: np.ndarray, right: np.ndarray) -> float:
    """Expected calibration error of top probabilities ``(n,)`` and hits ``(n,)``."""
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    counts = np.bincount(bins, minlength=_BINS)
    gaps = np.bincount(bins, confidence - right, minlength=_BINS)
    return float(np.abs(gaps).sum() / counts.sum())


def _calibration_interval(
    confidence: np.ndarray, right: np.ndarray, seed: int
) -> tuple[float, float, float]:
    rng = np.random.default_rng(seed)
    draws = []
    for _ in range(_DRAWS):
        pick = rng.integers(0, len(right), len(right))
        draws.append(calibration_error(confidence[pick], right[pick]))
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.percentile(draws, [tail, 100 - tail])
    value = calibration_error(confidence, right)
    return value, min(float(low), value), max(float(high), value)


def facts(measurements: tuple[Measurement, ...]) -> Facts:
    """Test accuracy and on how many rows."""
    accuracy = by_name(measurements, "test_accuracy")
    if accuracy is None:
        return {}
    return {"test_accuracy_ppm": int(accuracy.value * PPM), "test_rows": accuracy.n}


def risks(measurements: tuple[Measurement, ...]) -> Iterator[Risk]:
    """Confidence that cannot be believed."""
    gap = by_name(measurements, "calibration_error")
    if gap is not None and gap.value > _NOTICE:
        yield Risk(
            "its confidence is not its accuracy",
            gap,
            gap.value,
            "calibrate on held-out rows (temperature scaling) and check again",
        )


ATTACK: Final = Attack(
    "PER001",
    "performance",
    "runtime.drift",
    "performance",
    applies,
    run,
    facts,
    risks,
    takes=("tabular", "image", "text"),
)
