"""Accuracy under what nature does: noise, blur, weather, compression, movement, bad tables.

No attacker is needed to make a model wrong. Each corruption is applied at five severities
to the same test rows; the table stands beside the attacks, so that environmental and
adversarial manipulations can be compared.

Sources: Hendrycks and Dietterich, ICLR 2019; Engstrom et al., ICML 2019.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from modelkeep.assess.corruption import blur, columns, digital, geometry, noise, weather
from modelkeep.assess.corruption.interface import SEVERITIES, Corruption
from modelkeep.assess.interface import Attack, Context, Facts, Outcome, require_rows
from modelkeep.core import Measurement, NotChecked, Risk
from modelkeep.models import Dataset
from modelkeep.models.intervals import clopper_pearson

PICTURES: Final = (
    *noise.CORRUPTIONS,
    *blur.CORRUPTIONS,
    *weather.CORRUPTIONS,
    *digital.CORRUPTIONS,
    *geometry.CORRUPTIONS,
)
TABLES: Final = columns.CORRUPTIONS
_ROWS: Final = {"quick": 100, "standard": 500, "thorough": 2000}
_MIDDLE: Final = 3  # severity whose accuracy is the headline
_PREFIX: Final = "corruption_accuracy["
_NOTICE: Final = 0.1  # lost accuracy below which no risk is listed


def applies(context: Context) -> str | None:
    """It needs test rows."""
    return "no test data was given (--test FILE)" if context.test is None else None


def corrupt(
    data: Dataset, corruption: Corruption, severity: int, seed: int, like: Dataset
) -> np.ndarray:
    """Rows of ``data`` changed, float32; categorical columns stay.

    Args:
        data: pictures or a table.
        corruption: what is done.
        severity: 1 to 5.
        seed: of every random choice.
        like: whose columns' means and spreads are the units of a table.
    """
    rng = np.random.default_rng(seed)
    if data.kind == "image":
        changed = np.clip(corruption.change(data.rows, severity, rng), 0, 1)
        return np.asarray(changed, dtype=np.float32)
    mean, spread = like.rows.mean(axis=0), like.rows.std(axis=0) + 1e-9
    flat = ((data.rows - mean) / spread).reshape(len(data), -1)
    changed = corruption.change(flat, severity, rng).reshape(data.rows.shape) * spread + mean
    return np.where(data.numeric, changed, data.rows).astype(np.float32)


def run(context: Context) -> Iterator[Outcome]:
    """Accuracy under every corruption that fits the data."""
    data = context.sample(require_rows(context.test, "test"), _ROWS[context.budget])
    if not data.numeric.any():
        yield NotChecked("corruption", "no feature is numeric: nothing can be corrupted")
        return
    truth = context.truth(data)
    clean = float((context.predict(data.rows).argmax(axis=1) == truth).mean())
    chosen = PICTURES if data.kind == "image" else TABLES
    for index, corruption in enumerate(chosen):
        context.progress(index / len(chosen), f"corruption: {corruption.name}")
        yield _measured(context, (data, truth, clean), corruption)


def _measured(
    context: Context, given: tuple[Dataset, np.ndarray, float], corruption: Corruption
) -> Measurement:
    data, truth, clean = given
    n, curve, middle = len(data), [(0.0, clean)], 0
    for severity in SEVERITIES:
        rows = corrupt(data, corruption, severity, context.seed, context.train or data)
        hits = int((context.predict(rows).argmax(axis=1) == truth).sum())
        curve.append((float(severity), hits / n))
        if severity == _MIDDLE:
            middle = hits
    low, high = clopper_pearson(middle, n)
    said = " ".join(f"{value:.2f}" for _, value in curve[1:])
    return Measurement(
        f"{_PREFIX}{corruption.name}]",
        middle / n,
        low,
        high,
        "fraction",
        n,
        seed=context.seed,
        budget={"queries": len(SEVERITIES)},
        method=f"accuracy at severity {_MIDDLE} of 5; Clopper-Pearson interval",
        curve=tuple(curve),
        note=f"severities 1 to 5: {said}; clean {clean:.2f}",
    )


def facts(_measurements: tuple[Measurement, ...]) -> Facts:
    """None: no gate compares corruptions."""
    return {}


def risks(measurements: tuple[Measurement, ...]) -> Iterator[Risk]:
    """The corruption that costs most."""
    found = [m for m in measurements if m.name.startswith(_PREFIX)]
    if not found:
        return
    worst = min(found, key=lambda m: m.value)
    lost = worst.curve[0][1] - worst.value
    if lost > _NOTICE:
        name = worst.name.removeprefix(_PREFIX).removesuffix("]").replace("_", " ")
        yield Risk(
            f"{name} of medium strength makes it wrong",
            worst,
            lost,
            "train on rows with such changes (augmentation) and check again",
        )


ATTACK: Final = Attack(
    "COR001", "corruption", "model.evasion", "evasion", applies, run, facts, risks
)
