"""Attacks on a matrix of known make: Gaussian confidences whose gap is planted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from modelkeep.assess.shadows import (
    ShadowMatrix,
    Told,
    draw_halves,
    fusion,
    lira_offline,
    lira_online,
    mean_ratio,
    moderated_lira,
)
from modelkeep.models.intervals import auc

Score = Callable[[Told, ShadowMatrix], np.ndarray]
ALL: list[Score] = [mean_ratio, lira_online, lira_offline, moderated_lira, fusion]


def planted(
    gap: float, *, models: int = 8, rows: int = 1200, seed: int = 0
) -> tuple[Told, ShadowMatrix, np.ndarray]:
    """Rows of different difficulty; who saw a row is surer of it by about ``gap``."""
    rng = np.random.default_rng(seed)
    included = draw_halves(models, rows, seed)
    member = rng.random(rows) < 0.5
    hard = rng.normal(0, 2, rows)
    adds = gap * rng.uniform(0.5, 1.5, rows)
    seen = np.vstack([included, member])
    confidence = hard + seen * adds + rng.normal(0, 0.7, seen.shape)
    logs = -np.logaddexp(0, -confidence)
    shadows = ShadowMatrix(included, Told(logs[:-1], confidence[:-1]), "planted", seed, "")
    return Told(logs[-1], confidence[-1]), shadows, member


@pytest.mark.parametrize("score", ALL)
def test_members_stand_out_where_seeing_a_row_shows(score: Score) -> None:
    target, shadows, member = planted(2.0)
    scores = score(target, shadows)
    assert auc(scores[member], scores[~member]) > 0.8


@pytest.mark.parametrize("score", ALL)
def test_nobody_stands_out_where_it_does_not(score: Score) -> None:
    target, shadows, member = planted(0.0)
    scores = score(target, shadows)
    assert abs(auc(scores[member], scores[~member]) - 0.5) < 0.05


def test_difficulty_alone_misleads_the_loss_but_not_the_ratio_to_others() -> None:
    target, shadows, member = planted(1.5)
    loss = auc(target.log_right[member], target.log_right[~member])
    for score in (mean_ratio, lira_online, fusion):
        scores = score(target, shadows)
        assert auc(scores[member], scores[~member]) > loss + 0.05


@pytest.mark.parametrize("models", [4, 8])
def test_borrowing_strength_beats_few_models_of_its_own(models: int) -> None:
    gains = []
    for seed in range(4):
        target, shadows, member = planted(1.5, models=models, seed=seed)
        plain, borrowed = (
            auc(s[member], s[~member])
            for s in (lira_online(target, shadows), moderated_lira(target, shadows))
        )
        gains.append(borrowed - plain)
    assert np.mean(gains) > 0.002


def test_variances_of_each_row_are_used_where_asked() -> None:
    target, shadows, _ = planted(1.5, models=16)
    shared, own = (lira_online(target, shadows, per_row=each) for each in (False, True))
    assert np.isfinite(own).all()
    assert not np.allclose(shared, own)


@pytest.mark.parametrize("score", ALL)
def test_models_that_all_say_the_same_give_finite_scores(score: Score) -> None:
    included = draw_halves(4, 20, 0)
    said = Told(np.full((4, 20), -0.1), np.full((4, 20), 2.0))
    shadows = ShadowMatrix(included, said, "alike", 0, "")
    assert np.isfinite(score(Told(said.log_right[0], said.confidence[0]), shadows)).all()
