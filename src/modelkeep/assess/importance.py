"""Which columns the answers rest on: permutation importance.

A column's values are shuffled among the test rows; the accuracy that is lost is what the
model owes to that column. One column that carries nearly everything is a shortcut or a
leak, and an attacker's first handle. Importance is a property of this model on these rows;
columns that say the same share theirs.

Sources: Breiman, Machine Learning 2001; Fisher, Rudin and Dominici, JMLR 2019.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from modelkeep.assess.interface import Attack, Context, Facts, Outcome, require_rows
from modelkeep.core import Measurement, Risk

_REPEATS: Final = {"quick": 5, "standard": 20, "thorough": 50}
_SHOWN: Final = 5  # columns that are reported
_MOST: Final = 200  # columns that are shuffled; the first ones of wider tables
_ROWS: Final = 1000
_NORMAL: Final = 1.96
_PREFIX: Final = "permutation_importance["
_ALL: Final = 0.9  # share of the accuracy above chance that makes a column a shortcut


def applies(context: Context) -> str | None:
    """It needs test rows of a table of more than one column."""
    if context.test is None:
        return "no test data was given (--test FILE)"
    if context.test.kind != "tabular" or len(context.test.columns) < 2:  # noqa: PLR2004
        return "only the columns of a table are shuffled"
    return None


def importances(context: Context) -> np.ndarray:
    """What each row loses when a column is shuffled, shape ``(columns, n)``.

    1 where the row was right and never is after shuffling, -1 where it is the other way.
    """
    data = context.sample(require_rows(context.test, "test"), _ROWS)
    truth = context.truth(data)
    right = context.predict(data.rows).argmax(axis=1) == truth
    repeats = _REPEATS[context.budget]
    columns = min(_MOST, len(data.columns))
    kept = np.zeros((columns, len(data)))
    rng = np.random.default_rng(context.seed)
    for column in range(columns):
        context.progress(column / columns, f"shuffling {data.columns[column].name}")
        for _ in range(repeats):
            changed = data.rows.copy()
            changed[:, column] = rng.permutation(changed[:, column])
            kept[column] += context.predict(changed).argmax(axis=1) == truth
    return np.asarray(right - kept / repeats)


def run(context: Context) -> Iterator[Outcome]:
    """The most important columns."""
    data = require_rows(context.test, "test")
    lost = importances(context)
    order = np.argsort(-lost.mean(axis=1), kind="stable")[:_SHOWN]
    for column in order:
        value, n = float(lost[column].mean()), lost.shape[1]
        half = _NORMAL * float(lost[column].std()) / n**0.5
        yield Measurement(
            f"{_PREFIX}{data.columns[column].name}]",
            value,
            value - half,
            value + half,
            "accuracy",
            n,
            budget={"shuffles": _REPEATS[context.budget]},
            seed=context.seed,
            method="accuracy lost when the column is shuffled; normal interval over rows",
            note=_width_note(len(data.columns)),
        )


def _width_note(columns: int) -> str:
    return (
        f"only the first {_MOST} of {columns} columns were shuffled" if columns > _MOST else ""
    )


def facts(_measurements: tuple[Measurement, ...]) -> Facts:
    """None: no gate compares importances."""
    return {}


def risks(measurements: tuple[Measurement, ...]) -> Iterator[Risk]:
    """One column that carries nearly all of what the columns carry."""
    found = [m for m in measurements if m.name.startswith(_PREFIX)]
    total = sum(max(m.value, 0.0) for m in found)
    if len(found) > 1 and found[0].low > 0 and found[0].value > _ALL * total:
        column = found[0].name.removeprefix(_PREFIX).removesuffix("]")
        yield Risk(
            f"nearly every answer rests on the column {column}",
            found[0],
            found[0].value,
            "look whether that column leaks the label, or is easily set by whoever asks",
        )


ATTACK: Final = Attack(
    "EXP001", "importance", "trust.explainability", "explanation", applies, run, facts, risks
)
