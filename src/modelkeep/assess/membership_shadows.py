"""Membership inference with shadow models: the strongest attacker we know how to be.

The attacker trains models of the same kind on halves of rows like the audited model's, and
compares what it says about a row with what models say that saw the row, and with what
models say that did not. Two attacks are read from one matrix of shadow models: LiRA, as
published, and its fusion with the ratio of probabilities, which needs fewer models. The
matrix is noted in the journal, so a run that is killed trains nothing twice.

Beside areas it says what the attack is worth where it hurts: how many members are found
when at most 0.1, 1 or 5 % of the others are accused; how often an accusation is right if one
person in ten is a member; and which epsilon_dp no guarantee for this model can lie below.

Sources: Carlini et al., IEEE S&P 2022; Zarifzadeh et al., ICML 2024; see
``shadows.scores`` and ``shadows.rates``; NISTAML.033.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from modelkeep.assess import membership
from modelkeep.assess.interface import (
    PPM,
    Attack,
    Context,
    Facts,
    Outcome,
    Recipe,
    by_name,
    require_rows,
)
from modelkeep.assess.reference import convolutional
from modelkeep.assess.shadows import (
    ShadowMatrix,
    Told,
    epsilon_bound,
    fusion,
    lira_online,
    precision_at_prior,
    threshold_at,
    told,
    train_shadows,
)
from modelkeep.assess.shadows.matrix import digest_rows
from modelkeep.core import Measurement, NotChecked, Risk, ThreatModel
from modelkeep.models import Dataset
from modelkeep.models.intervals import auc_interval, clopper_pearson

_MODELS: Final = {"standard": 8, "thorough": 32}
_MOST: Final = 2000  # rows per group
_RATES: Final = ((0.001, "0.1pct"), (0.01, "1pct"), (0.05, "5pct"))
_PRIOR: Final = 0.1
_PRIOR_RATE: Final = 0.01
_LARGEST_SIDE: Final = 32  # pixels up to which convolutions are affordable
_SMALLEST_SIDE: Final = 4
_CAPABILITY: Final = "sees the probabilities and trains {} models on rows of the same kind"
_AREAS: Final = ("membership_auc_fusion", "membership_auc_lira")
_CHANCE: Final = 0.5
_MEND: Final = "train with fewer epochs, stronger weight decay or more data, and check again"


def applies(context: Context) -> str | None:
    """It needs members, non-members and time."""
    reason = membership.applies(context)
    if reason is None and context.budget == "quick":
        return "shadow models are trained from --budget standard on"
    return reason


def run(context: Context) -> Iterator[Outcome]:
    """Measure LiRA and the fusion on equally many members and non-members."""
    train, test = require_rows(context.train, "data"), require_rows(context.test, "test")
    n = min(len(train), len(test), _MOST)
    pool = membership.merge(context.sample(train, n), context.sample(test, n))
    target_scores = context.predict(pool.rows)
    truth = context.truth(pool)
    shadows = shadow_matrix(context, pool, truth)
    target = told(target_scores, truth)
    member = np.arange(len(pool)) < n
    for name, scores in (
        ("membership_auc_lira", lira_online(target, shadows)),
        ("membership_auc_fusion", fused := fusion(target, shadows)),
    ):
        yield _area(name, (scores[member], scores[~member]), shadows)
    yield from _worth((fused[member], fused[~member]), shadows)


def shadow_matrix(context: Context, pool: Dataset, truth: np.ndarray) -> ShadowMatrix:
    """The shadow models of this run, from the journal if it has them.

    Args:
        context: recipe, budget, seed and journal.
        pool: members and others.
        truth: their classes as places in the model's, shape ``(n,)``.
    """
    recipe = _recipe(context, pool)
    models = _MODELS.get(context.budget, _MODELS["standard"])
    step = f"shadow models {models}"
    noted = context.journal.read(step)
    if noted is not None:
        said = Told(noted["log_right"], noted["confidence"])
        digest = digest_rows(pool.rows, truth)
        return ShadowMatrix(noted["included"], said, recipe.name, context.seed, digest)
    made = train_shadows(
        recipe, pool, truth, models=models, seed=context.seed, progress=context.progress
    )
    arrays = {
        "included": made.included,
        "log_right": made.said.log_right,
        "confidence": made.said.confidence,
    }
    context.journal.write(step, arrays)
    return made


def _recipe(context: Context, pool: Dataset) -> Recipe:
    """The user's recipe; the built-in one for small images has convolutions."""
    sides = pool.rows.shape[2:]
    small = bool(sides) and min(sides) >= _SMALLEST_SIDE and max(sides) <= _LARGEST_SIDE
    if context.recipe.fit_many is None or pool.kind != "image" or not small:
        return context.recipe
    return convolutional(lambda: context.model.classes)


def _measured(
    name: str,
    found: tuple[float, float, float],
    shadows: ShadowMatrix,
    method: str,
    **more: Any,  # noqa: ANN401 - fields of a measurement
) -> Measurement:
    models = len(shadows.included)
    return Measurement(
        name,
        *found,
        attacker=ThreatModel("membership inference", "black box", _CAPABILITY.format(models)),
        budget={"queries_per_row": 1, "shadow_models": models},
        seed=shadows.seed,
        method=f"{method}; shadow models: {shadows.recipe}",
        **more,
    )


def _area(
    name: str, groups: tuple[np.ndarray, np.ndarray], shadows: ShadowMatrix
) -> Measurement:
    return _measured(
        name,
        auc_interval(*groups, seed=shadows.seed),
        shadows,
        "each row IN half of the models; bootstrap interval",
        unit="auc",
        n=len(groups[0]) + len(groups[1]),
        curve=membership.roc(*groups),
    )


def _worth(groups: tuple[np.ndarray, np.ndarray], shadows: ShadowMatrix) -> Iterator[Outcome]:
    """Rates, precision and the bound that the scores of members and others show."""
    members, others = groups
    floor = f"with {len(others)} non-members no rate below {1 / len(others):.2%} can be told"
    for rate, shown in _RATES:
        name = f"membership_fusion_tpr_at_{shown}_fpr"
        if rate * len(others) < 1:
            yield NotChecked(name, f"{floor} apart; {rate:.1%} was asked for")
            continue
        threshold = threshold_at(others, rate)
        hits, alarms = int((members > threshold).sum()), int((others > threshold).sum())
        yield _measured(
            name,
            (hits / len(members), *clopper_pearson(hits, len(members))),
            shadows,
            "Clopper-Pearson interval",
            unit="fraction",
            n=len(members),
            note=f"{floor} apart",
        )
        if rate == _PRIOR_RATE:
            counts = (hits, len(members)), (alarms, len(others))
            yield _measured(
                "membership_fusion_precision",
                precision_at_prior(*counts, _PRIOR),
                shadows,
                f"share of the accused that are members, at {rate:.0%} false positives",
                unit="fraction",
                n=len(members) + len(others),
                note=f"if {_PRIOR:.0%} of those asked about were members",
            )
    low, most = epsilon_bound(members, others, seed=shadows.seed)
    yield _measured(
        "membership_epsilon_dp_low",
        (low, low, max(low, most)),
        shadows,
        "Clopper-Pearson on one half, threshold from the other, delta 1e-5",
        unit="epsilon_dp",
        n=len(members) + len(others),
        note=f"a lower bound, rows taken as independent; so few rows prove {most:.2f} at most",
    )


def _worst(measurements: tuple[Measurement, ...]) -> Measurement | None:
    made = [found for name in _AREAS if (found := by_name(measurements, name)) is not None]
    return max(made, key=lambda m: m.low, default=None)


def facts(measurements: tuple[Measurement, ...]) -> Facts:
    """The lower end of the better attack's AUC."""
    worst = _worst(measurements)
    return {} if worst is None else {"membership_auc_low_ppm": int(worst.low * PPM)}


def risks(measurements: tuple[Measurement, ...]) -> Iterator[Risk]:
    """Training rows that shadow models tell from others."""
    worst = _worst(measurements)
    if worst is not None and worst.low > _CHANCE:
        title = "shadow models reveal who was in the training data"
        yield Risk(title, worst, 2 * (worst.value - _CHANCE), _MEND)


ATTACK: Final = Attack(
    "MEM002",
    "membership-shadow-models",
    "model.membership",
    "membership",
    applies,
    run,
    facts,
    risks,
    membership.worst,
)
