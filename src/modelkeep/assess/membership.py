"""Membership inference: can somebody tell who was in the training data?

Two attackers. One knows only the model's answers and guesses "member" where the
loss is low. The other also trains one reference model on rows of the same kind and
compares: a row the model likes much better than the reference does was probably
trained on. Loss alone hides the risk, so both are reported and the worse counts.

The reference never saw the row it judges: data are split in two halves, a reference
is trained on each, and each judges the other half.

Sources: Yeom et al., CSF 2018 (loss threshold); Zarifzadeh et al., ICML 2024 (RMIA:
with a fixed population it ranks as the plain ratio to one reference); NISTAML.033.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
from modelkeep.assess.shadows.rates import epsilon_bound
from modelkeep.core import InputError, Measurement, Risk, ThreatModel
from modelkeep.models import Dataset
from modelkeep.models.intervals import auc_interval, clopper_pearson

_FALSE_POSITIVES: Final = 0.01  # rate at which the true-positive rate is read
_LEAST: Final = 20  # rows per group below which nothing can be said
_MOST: Final = 2000  # rows per group an attack looks at
_TINY: Final = 1e-12
_CHANCE: Final = 0.5  # an interval that reaches down to a coin toss shows nothing
_MEND: Final = "train with fewer epochs, stronger weight decay or more data, and check again"


def applies(context: Context) -> str | None:
    """It needs members and non-members."""
    if context.train is None or context.test is None:
        return "needs both --data TRAIN (members) and --test TEST (non-members)"
    if min(len(context.train), len(context.test)) < _LEAST:
        return f"fewer than {_LEAST} members or non-members"
    return None


def run(context: Context) -> Iterator[Outcome]:
    """Measure both attackers on equally many members and non-members."""
    train, test = require_rows(context.train, "data"), require_rows(context.test, "test")
    n = min(len(train), len(test), _MOST)
    members, others = context.sample(train, n), context.sample(test, n)
    liked = [_log_likelihood(context, data) for data in (members, others)]
    context.progress(0.3, "membership inference: loss threshold")
    capability = "sees the probabilities the model answers"
    yield _area("membership_auc_loss", liked, context, "loss threshold", capability)
    context.progress(0.5, "membership inference: reference model")
    ratios = _against_references(context, (members, others), liked)
    method = f"ratio to one reference model ({context.recipe.name}), two-fold"
    capability = "sees the probabilities and trains one model on rows of the same kind"
    yield _area("membership_auc_reference", ratios, context, method, capability)
    yield _rate(ratios, context, method, capability)
    yield _bound(ratios, context, method, capability)


def _log_likelihood(context: Context, data: Dataset) -> np.ndarray:
    """Log-probability of the right class, shape ``(n,)``."""
    scores = context.predict(data.rows)
    return _right(scores, context.truth(data))


def _right(scores: np.ndarray, truth: np.ndarray) -> np.ndarray:
    return np.asarray(np.log(np.clip(scores[np.arange(len(truth)), truth], _TINY, None)))


def _against_references(
    context: Context, groups: tuple[Dataset, Dataset], liked: list[np.ndarray]
) -> list[np.ndarray]:
    """Log-ratio of the model's to the reference's probability, per group."""
    rng = np.random.default_rng(context.seed)
    halves = [rng.permutation(len(group)) % 2 for group in groups]
    ratios = [np.zeros(len(group)) for group in groups]
    for fold in (0, 1):
        fitted = merge(
            *(g.take(np.flatnonzero(h == fold)) for g, h in zip(groups, halves, strict=True))
        )
        reference = _checked(context, context.recipe.fit(fitted, context.seed + fold))
        for group, half, like, ratio in zip(groups, halves, liked, ratios, strict=True):
            judged = np.flatnonzero(half != fold)
            part = group.take(judged)
            truth = context.truth(part)
            ratio[judged] = like[judged] - _right(reference(part.rows), truth)
    return ratios


def _checked(
    context: Context, reference: Callable[[np.ndarray], np.ndarray]
) -> Callable[[np.ndarray], np.ndarray]:
    """The reference, its answers held to one finite number per class and row."""

    def answer(rows: np.ndarray) -> np.ndarray:
        scores = np.asarray(reference(rows))
        wanted = (len(rows), len(context.model.classes))
        if scores.shape != wanted or not np.isfinite(scores).all():
            raise InputError(
                f"the reference model ({context.recipe.name}) answers {scores.shape}, "
                f"not {wanted} finite probabilities"
            )
        return scores

    return answer


def merge(first: Dataset, second: Dataset) -> Dataset:
    """Two data sets of the same columns as one, named after the first."""
    return Dataset(
        first.subject,
        np.concatenate([first.rows, second.rows]),
        np.concatenate([first.labels, second.labels]),
        first.columns,
        first.kind,
        first.together_with(second).names,
    )


def _threat(capability: str) -> ThreatModel:
    return ThreatModel("membership inference", "black box", capability)


def _area(
    name: str, scores: list[np.ndarray], context: Context, method: str, capability: str
) -> Measurement:
    value, low, high = auc_interval(scores[0], scores[1], seed=context.seed)
    return Measurement(
        name,
        value,
        low,
        high,
        "auc",
        len(scores[0]) + len(scores[1]),
        attacker=_threat(capability),
        budget={"queries_per_row": 1},
        seed=context.seed,
        method=f"{method}; bootstrap interval",
        curve=roc(scores[0], scores[1]),
    )


def roc(
    positives: np.ndarray, negatives: np.ndarray, points: int = 60
) -> tuple[tuple[float, float], ...]:
    """False and true positive rates over all thresholds, thinned to about ``points``."""
    thresholds = np.unique(np.concatenate([positives, negatives]))[::-1]
    if len(thresholds) > points:
        thresholds = thresholds[
            np.unique(np.geomspace(1, len(thresholds), points).astype(int) - 1)
        ]
    return tuple(
        (float((negatives >= t).mean()), float((positives >= t).mean())) for t in thresholds
    )


def _rate(
    scores: list[np.ndarray], context: Context, method: str, capability: str
) -> Measurement:
    threshold = np.quantile(scores[1], 1 - _FALSE_POSITIVES, method="higher")
    hits, n = int((scores[0] > threshold).sum()), len(scores[0])
    low, high = clopper_pearson(hits, n)
    floor = 1 / len(scores[1])
    return Measurement(
        "membership_tpr_at_1pct_fpr",
        hits / n,
        low,
        high,
        "fraction",
        n,
        attacker=_threat(capability),
        budget={"queries_per_row": 1},
        seed=context.seed,
        method=f"{method}; Clopper-Pearson interval",
        note=f"with {len(scores[1])} non-members no rate below {floor:.2%} can be told apart",
    )


def _bound(
    scores: list[np.ndarray], context: Context, method: str, capability: str
) -> Measurement:
    """The epsilon_dp that no guarantee for this model can lie below, by these scores."""
    low, most = epsilon_bound(scores[0], scores[1], seed=context.seed)
    return Measurement(
        "membership_reference_epsilon_dp_low",
        low,
        low,
        max(low, most),
        "epsilon_dp",
        len(scores[0]) + len(scores[1]),
        attacker=_threat(capability),
        budget={"queries_per_row": 1},
        seed=context.seed,
        method=f"{method}; Clopper-Pearson on one half, threshold from the other, delta 1e-5",
        note=f"a lower bound; so few rows prove {most:.2f} at most",
    )


def _worst(measurements: tuple[Measurement, ...]) -> Measurement | None:
    names = ("membership_auc_reference", "membership_auc_loss")
    made = [found for name in names if (found := by_name(measurements, name)) is not None]
    return max(made, key=lambda m: m.low, default=None)


def facts(measurements: tuple[Measurement, ...]) -> Facts:
    """The lower end of the worse attacker's AUC, only when both were measured."""
    worst = _worst(measurements)
    if worst is None or by_name(measurements, "membership_auc_reference") is None:
        return {}
    return {"membership_auc_low_ppm": int(worst.low * PPM)}


def worst(first: Facts, second: Facts) -> Facts:
    """The facts of the attack that told members apart better."""
    name = "membership_auc_low_ppm"
    if name not in first or name not in second:
        return second | first
    return first if first[name] >= second[name] else second


def risks(measurements: tuple[Measurement, ...]) -> Iterator[Risk]:
    """Training rows that can be told from others."""
    worst = _worst(measurements)
    if worst is not None and worst.low > _CHANCE:
        yield Risk(
            "answers reveal who was in the training data",
            worst,
            2 * (worst.value - 0.5),
            _MEND,
        )


ATTACK: Final = Attack(
    "MEM001",
    "membership-inference",
    "model.membership",
    "membership",
    applies,
    run,
    facts,
    risks,
    worst,
)
