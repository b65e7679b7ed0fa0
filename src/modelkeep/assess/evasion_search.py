"""Evasion without gradients: a batched random search on scores.

Each step changes a few random features of every row that still stands: to the edge
of the box mostly, sometimes to a random value inside. The change is kept unless it
lowers the margin; equal counts as kept, because trees are flat almost everywhere. One
call per step for all rows. Starts at random corners of the box.

Sources: Andriushchenko et al., ECCV 2020 (Square attack: random search on scores);
the acceptance of equal margins and the feature schedule are ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from modelkeep.assess import robust_accuracy
from modelkeep.assess.gradient import why_no_gradient
from modelkeep.assess.interface import Attack, Context, Outcome
from modelkeep.assess.robust_accuracy import Engine, Problem, measure

_QUERIES: Final = {"quick": 200, "standard": 1000, "thorough": 5000}
_CORNERS: Final = 8  # random corners tried before the search starts
_INSIDE: Final = 0.2  # share of changes that go inside the box, not to its edge


def applies(context: Context) -> str | None:
    """It needs test rows, and is not needed where a gradient can be followed."""
    if context.test is None:
        return "no test data was given (--test FILE)"
    if why_no_gradient(context) is None:
        return "the model gives a gradient; the gradient attack is stronger"
    return None


def margins(scores: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Largest wrong log-probability minus the right one, shape ``(batch,)``."""
    logs = np.log(np.clip(scores, 1e-30, None))
    rows = np.arange(len(truth))
    right = logs[rows, truth]
    logs[rows, truth] = -np.inf
    return np.asarray(logs.max(axis=1) - right)


def search(context: Context, problem: Problem) -> tuple[np.ndarray, dict[str, int]]:
    """One candidate per row: the point with the largest margin that was visited."""
    rng = np.random.default_rng(problem.seed)
    n = len(problem.rows)
    shape = problem.rows.shape
    low, high = problem.low.reshape(n, -1), problem.high.reshape(n, -1)
    best = problem.rows.reshape(n, -1).astype(np.float32).copy()
    free = np.flatnonzero((high > low).any(axis=0))
    best_margin = margins(context.predict(best.reshape(shape)), problem.truth)
    queries = _QUERIES[context.budget]
    for step in range(queries):
        alive = np.flatnonzero(best_margin < 0)
        if not len(alive):
            break
        if step < _CORNERS:
            corner = rng.random((len(alive), low.shape[1])) < 0.5  # noqa: PLR2004 - a coin
            trial = np.where(corner, low[alive], high[alive]).astype(np.float32)
        else:
            share = 0.5 * (1 - step / queries) ** 2
            trial = _mutate(best[alive], (low[alive], high[alive]), free, share, rng)
        scores = context.predict(trial.reshape(len(alive), *shape[1:]))
        margin = margins(scores, problem.truth[alive])
        kept = margin >= best_margin[alive]
        best[alive[kept]] = trial[kept]
        best_margin[alive[kept]] = margin[kept]
    return best.reshape(shape), {"queries": step + 1}


def _mutate(
    rows: np.ndarray,
    box: tuple[np.ndarray, np.ndarray],
    free: np.ndarray,
    share: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Change a share of the free features of every row, at least one."""
    low, high = box
    count = max(1, int(share * len(free)))
    chosen = np.zeros(rows.shape, dtype=bool)
    order = rng.random((len(rows), len(free))).argsort(axis=1)[:, :count]
    np.put_along_axis(chosen, free[order], True, axis=1)
    dice = rng.random(rows.shape)
    inside = low + rng.random(rows.shape) * (high - low)
    value = np.where(dice < _INSIDE, inside, np.where(dice < (1 + _INSIDE) / 2, low, high))
    return np.where(chosen, value, rows).astype(np.float32)


ENGINE: Final = Engine("random search on scores", "black box", search)


def run(context: Context) -> Iterator[Outcome]:
    """Measure robust accuracy without gradients."""
    yield from measure(context, ENGINE)


ATTACK: Final = Attack(
    "EVA002",
    "evasion-search",
    "model.evasion",
    "evasion",
    applies,
    run,
    robust_accuracy.facts,
    robust_accuracy.risks,
    robust_accuracy.worst,
)
