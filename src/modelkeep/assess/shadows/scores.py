"""Attacks on a shadow matrix: the higher a row's score, the more likely it was trained on.

Likelihood-ratio attacks (LiRA) ask whether the model's confidence looks more like that of
shadow models that saw the row, or that did not. With few shadow models each row's mean and
spread rest on two or four numbers; ``moderated_lira`` borrows strength from the other rows:
variances are pulled towards the common one, and what seeing a row adds towards what it adds
for rows of like difficulty, each as far as the data say. ``fusion`` accuses a row
only if that ratio and the plain ratio of probabilities both do.

Sources: Carlini et al., IEEE S&P 2022 (LiRA); Zarifzadeh et al., ICML 2024 (RMIA, whose
order with a fixed population is that of the plain ratio); Smyth, Statistical Applications
in Genetics and Molecular Biology 2004 (moderated variances).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.special import digamma, logsumexp, polygamma
from scipy.stats import norm, rankdata

from modelkeep.assess.shadows.matrix import ShadowMatrix, Told

_LEAST: Final = 1e-6  # variance below which numbers are rounding
_FIRM: Final = 1e4  # degrees of freedom of a prior that rows do not differ from


def mean_ratio(target: Told, shadows: ShadowMatrix) -> np.ndarray:
    """Log of the target's probability over the shadow models' mean, shape ``(n,)``.

    The mean is that of the IN and the OUT models, each side weighing one half.
    """
    seen = _log_mean(shadows.said.log_right, shadows.included)
    unseen = _log_mean(shadows.said.log_right, ~shadows.included)
    return np.asarray(target.log_right - (np.logaddexp(seen, unseen) - np.log(2)))


def _log_mean(logs: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Log of the mean of the masked probabilities of each column."""
    return np.asarray(
        logsumexp(np.where(mask, logs, -np.inf), axis=0) - np.log(mask.sum(axis=0))
    )


def _mean(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return np.asarray((values * mask).sum(axis=0) / mask.sum(axis=0))


def _squares(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Sum of squares about the mean of the masked numbers of each column."""
    return np.asarray((((values - _mean(values, mask)) ** 2) * mask).sum(axis=0))


def _common(values: np.ndarray, mask: np.ndarray) -> float:
    """One variance for all rows."""
    freedom = float((mask.sum(axis=0) - 1).sum())
    return max(float(_squares(values, mask).sum()) / max(freedom, 1.0), _LEAST)


def lira_online(target: Told, shadows: ShadowMatrix, *, per_row: bool = False) -> np.ndarray:
    """Log-ratio of two Gaussians, seen against unseen, shape ``(n,)``.

    Args:
        target: what the audited model says.
        shadows: what the shadow models say.
        per_row: each row has variances of its own; else one is shared by all rows.
    """
    values, seen = shadows.said.confidence, shadows.included
    sides = []
    for mask in (seen, ~seen):
        spread = (
            np.maximum(_squares(values, mask) / np.maximum(mask.sum(axis=0) - 1, 1), _LEAST)
            if per_row
            else _common(values, mask)
        )
        sides.append(norm.logpdf(target.confidence, _mean(values, mask), np.sqrt(spread)))
    return np.asarray(sides[0] - sides[1])


def lira_offline(target: Told, shadows: ShadowMatrix) -> np.ndarray:
    """How far above the unseen models' confidence it lies, in log-odds of the tail.

    No model here needs to have seen the rows under attack; shape ``(n,)``.
    """
    values, unseen = shadows.said.confidence, ~shadows.included
    spread = np.sqrt(_common(values, unseen))
    return np.asarray((target.confidence - _mean(values, unseen)) / spread)


def moderated_lira(target: Told, shadows: ShadowMatrix) -> np.ndarray:
    """LiRA with means and variances that borrow strength from other rows, shape ``(n,)``."""
    values, seen = shadows.said.confidence, shadows.included
    unseen = ~seen
    low = _mean(values, unseen)
    gap, drift = _shrunk_gap(values, seen, low)
    # With the gap known, models on both sides tell where the row lies.
    centre = (values - seen * gap).mean(axis=0)
    sides = []
    for mask, mean, unsure in ((seen, centre + gap, drift), (unseen, centre, 0.0)):
        spread = _moderated(_squares(values, mask), mask.sum(axis=0) - 1)
        doubt = spread * (1 + 1 / len(values)) + unsure
        sides.append(norm.logpdf(target.confidence, mean, np.sqrt(doubt)))
    return np.asarray(sides[0] - sides[1])


def _shrunk_gap(
    values: np.ndarray, seen: np.ndarray, low: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What seeing a row adds to its confidence, and how unsure that is: both ``(n,)``."""
    raw = _mean(values, seen) - low
    noise = _common(values, seen) / seen.sum(axis=0)
    noise = noise + _common(values, ~seen) / (~seen).sum(axis=0)
    # The OUT mean is in the gap as well; difficulty is read from the sum of both instead.
    level = _mean(values, seen) + low
    design = np.stack([np.ones_like(level), level, level**2], axis=1)
    weights, *_ = np.linalg.lstsq(design, raw, rcond=None)
    expected = design @ weights
    own = max(float(np.mean((raw - expected) ** 2 - noise)), 0.0)
    trust = own / (own + noise)
    return expected + trust * (raw - expected), trust * noise


def _moderated(squares: np.ndarray, freedom: np.ndarray) -> np.ndarray:
    """Variances pulled towards a common one by as much as they do not differ."""
    able = freedom > 0
    if not able.any():
        return np.full(len(squares), 1.0)
    common = max(float(squares[able].sum() / freedom[able].sum()), _LEAST)
    half = freedom[able] / 2
    logs = np.log(np.maximum(squares[able] / freedom[able], _LEAST)) - digamma(half)
    extra = float(np.var(logs) - np.mean(polygamma(1, half)))
    prior = 2 * _inverse_trigamma(extra) if extra > 0 else _FIRM
    return np.asarray((prior * common + squares) / (prior + freedom))


def _inverse_trigamma(value: float) -> float:
    """Where the trigamma function has that value, by Newton's method."""
    at = 0.5 + 1 / value
    for _ in range(50):
        slope = float(polygamma(2, at))
        here = float(polygamma(1, at))
        step = here * (1 - here / value) / slope
        at += step
        if abs(step) < 1e-9 * at:
            break
    return at


def fusion(target: Told, shadows: ShadowMatrix) -> np.ndarray:
    """The lower of a row's ranks by moderated LiRA and by the plain ratio, shape ``(n,)``."""
    ranks = [rankdata(score(target, shadows)) for score in (moderated_lira, mean_ratio)]
    return np.asarray(np.minimum(*ranks))
