from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from modelkeep.assess.memorisation import CHANCE_BITS, Form, chance_of, exposures, ranks
from modelkeep.core import InputError

FORM = Form("code {}", "0123456789", 3)


def at_random(seed: int) -> np.ndarray:
    return -np.random.default_rng(seed).random(FORM.size)


def said(scores: np.ndarray, texts: Sequence[str]) -> np.ndarray:
    return np.asarray(scores[[int(text.rpartition(" ")[2]) for text in texts]])


def test_the_rank_is_that_among_all_secrets() -> None:
    scores = -np.arange(1000.0)
    found, among = ranks(lambda texts: said(scores, texts), FORM, ("000", "007", "999"))
    assert found.tolist() == [1, 7, 998], "other planted secrets do not compete"
    assert among == 998
    assert exposures(found, among)[[0, 2]].tolist() == [math.log2(998), 0.0]


def test_a_model_that_knows_nothing_shows_nothing() -> None:
    found, among = ranks(lambda texts: np.full(len(texts), -5.0), FORM, FORM.draw(5, seed=0))
    assert exposures(found, among).tolist() == [0.0] * 5
    assert chance_of(found, among) == pytest.approx(1.0)


def test_secrets_never_seen_show_log2_e_bits_and_even_chances() -> None:
    bits, chances = [], []
    for seed in range(60):
        scores = at_random(seed)
        found, among = ranks(
            lambda texts, scores=scores: said(scores, texts),  # type: ignore[misc]
            FORM,
            FORM.draw(20, seed=seed),
        )
        bits.append(exposures(found, among).mean())
        chances.append(chance_of(found, among))
    assert np.mean(bits) == pytest.approx(CHANCE_BITS, abs=0.15)
    assert np.mean(chances) == pytest.approx(0.5, abs=0.15)
    assert np.mean(np.array(chances) < 0.05) < 0.15


def test_secrets_known_by_heart_are_first_and_no_luck() -> None:
    planted = FORM.draw(3, seed=4)
    scores = at_random(0)
    scores[[int(secret) for secret in planted]] = 0.0
    found, among = ranks(lambda texts: said(scores, texts), FORM, planted)
    assert found.tolist() == [1, 1, 1]
    assert chance_of(found, among) < 1e-5


@pytest.mark.parametrize("planted", [(), ("001", "001")])
def test_planted_secrets_are_named_once(planted: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match="named, each once"):
        ranks(lambda texts: np.full(len(texts), -1.0), FORM, planted)
