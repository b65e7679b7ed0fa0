"""Partial dependence: how the answers follow one column, all others as they are.

Source: Friedman, Annals of Statistics 2001.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from modelkeep.assess.interface import Context, require_rows
from modelkeep.core import Measurement

_ROWS: Final = 200
_POINTS: Final = 11
_NORMAL: Final = 1.96


def depend(context: Context, column: int, name: str) -> Measurement:
    """Mean probability of the class that follows the column most, over the column's values.

    Args:
        context: model and test rows of a table.
        column: its place.
        name: of the measurement.
    """
    data = context.sample(require_rows(context.test, "test"), _ROWS)
    seen = data.rows[:, column]
    values = np.unique(
        seen
        if data.columns[column].categories
        else np.quantile(seen, np.linspace(0, 1, _POINTS))
    )
    answers = []
    for value in values:
        rows = data.rows.copy()
        rows[:, column] = value
        answers.append(context.predict(rows))
    scores = np.array(answers, dtype=np.float64)  # (values, n, classes)
    means = scores.mean(axis=1)
    two = means.shape[1] == 2  # noqa: PLR2004 - of two classes the second
    place = 1 if two else int(np.ptp(means, axis=0).argmax())
    line = means[:, place]
    between = scores[line.argmax(), :, place] - scores[line.argmin(), :, place]
    value, half = float(between.mean()), _NORMAL * float(between.std()) / len(data) ** 0.5
    return Measurement(
        name,
        value,
        value - half,
        value + half,
        "probability",
        len(data),
        seed=context.seed,
        method=f"range of the mean probability of class {context.model.classes[place]} over "
        f"{data.columns[column].name}; normal interval over rows",
        curve=tuple((float(at), float(mean)) for at, mean in zip(values, line, strict=True)),
    )
