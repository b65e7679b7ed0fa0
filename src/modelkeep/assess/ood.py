"""How sure is it of what it never saw?

Rows that belong to no class should not get confident answers. Four kinds are asked, each
as many as test rows: noise within each feature's range, rows whose features are shuffled
among rows, constant rows, and rows far outside the range. Confidence on them is compared
with confidence on test rows: an area of 0.5 means the model cannot tell.

Sources: Hendrycks and Gimpel, ICLR 2017 (maximum softmax probability as a baseline);
Hein et al., CVPR 2019 (ReLU networks are sure far from the data).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from modelkeep.assess.interface import Attack, Context, Facts, Outcome, require_rows
from modelkeep.core import InputError, Measurement, NotChecked, Risk
from modelkeep.models import Dataset
from modelkeep.models.intervals import auc_interval

_ROWS: Final = 300
_SURE: Final = 0.9  # confidence at which an answer is acted on
_FAR: Final = 10.0  # times the range
_PREFIX: Final = "ood_auroc["
_NOTICE: Final = 0.7  # area below which a risk is listed


def applies(context: Context) -> str | None:
    """It needs test rows."""
    return "no test data was given (--test FILE)" if context.test is None else None


def strangers(data: Dataset, seed: int) -> dict[str, np.ndarray]:
    """Rows of no class by kind, each of the shape of ``data.rows``; categories stay."""
    rng = np.random.default_rng(seed)
    rows = data.rows
    low, high = rows.min(axis=0), rows.max(axis=0)
    middle = rows.mean(axis=0)
    shuffled = np.take_along_axis(rows, rng.random(rows.shape).argsort(axis=0), axis=0)
    level = rng.random((len(rows), *[1] * (rows.ndim - 1)))
    found = {
        "noise": low + rng.random(rows.shape) * (high - low),
        "shuffled": shuffled,
        "constant": low + level * (high - low),
        "far": middle + _FAR * (rows - middle),
    }
    return {
        kind: np.where(data.numeric, made, rows).astype(np.float32)
        for kind, made in found.items()
    }


def run(context: Context) -> Iterator[Outcome]:
    """Compare confidence on strangers with that on test rows."""
    data = context.sample(require_rows(context.test, "test"), _ROWS)
    if not data.numeric.any():
        yield NotChecked("out-of-distribution", "no feature is numeric: no strangers are made")
        return
    known = context.predict(data.rows).max(axis=1)
    for kind, rows in strangers(data, context.seed).items():
        try:
            sure = context.predict(rows).max(axis=1)
        except InputError as error:
            yield NotChecked(f"out-of-distribution: {kind}", f"refused: {error.message}")
            continue
        value, low, high = auc_interval(known, sure, seed=context.seed)
        yield Measurement(
            f"{_PREFIX}{kind}]",
            value,
            low,
            high,
            "auc",
            2 * len(data),
            seed=context.seed,
            method="confidence on test rows against strangers; bootstrap interval",
            note=f"{(sure > _SURE).mean():.0%} of strangers and {(known > _SURE).mean():.0%} "
            f"of test rows are answered with more than {_SURE:.0%} confidence",
        )


def facts(_measurements: tuple[Measurement, ...]) -> Facts:
    """None: no gate compares confidence on strangers."""
    return {}


def risks(measurements: tuple[Measurement, ...]) -> Iterator[Risk]:
    """The kind of stranger it is surest of."""
    found = [m for m in measurements if m.name.startswith(_PREFIX)]
    if not found:
        return
    worst = min(found, key=lambda m: m.value)
    if worst.high < _NOTICE:
        kind = worst.name.removeprefix(_PREFIX).removesuffix("]")
        yield Risk(
            f"it is as sure of rows that mean nothing ({kind}) as of real ones",
            worst,
            1 - worst.value,
            "refuse input outside the training range in front of the model",
        )


ATTACK: Final = Attack(
    "OOD001", "out-of-distribution", "runtime.drift", "performance", applies, run, facts, risks
)
