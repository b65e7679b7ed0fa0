"""Accuracy and calibration against figures known by hand."""

from __future__ import annotations

import numpy as np
import pytest

import model_samples as samples
from modelkeep.assess.performance import ATTACK, calibration_error, require_contrast
from modelkeep.core import InputError, Measurement
from modelkeep.models import Dataset


def told(rows: np.ndarray) -> np.ndarray:
    """Probability of the second class: the first feature itself."""
    return samples.two_classes(rows[:, 0].astype(float))


def performance(data: Dataset, *, seed: int = 0) -> tuple[Measurement, ...]:
    context = samples.context(samples.Answering(told), None, data, seed=seed)
    found = tuple(ATTACK.run(context))
    assert all(isinstance(outcome, Measurement) for outcome in found)
    return found


def calibrated(n: int, *, confident: float = 0.0) -> Dataset:
    """Labels drawn with the probability the model tells; ``confident`` shifts the latter."""
    rng = np.random.default_rng(0)
    probability = rng.random(n)
    labels = (rng.random(n) < probability).astype(int)
    shifted = np.where(probability > 0.5, probability + confident, probability - confident)
    return samples.table(np.clip(shifted, 0, 1)[:, None], labels)


def test_accuracy_is_the_share_of_right_answers_with_its_exact_interval() -> None:
    data = samples.table(np.array([[0.9], [0.8], [0.4], [0.1]]), [1, 0, 0, 0])
    accuracy, _ = performance(data)
    assert (accuracy.name, accuracy.value, accuracy.n) == ("test_accuracy", 0.75, 4)
    assert (accuracy.low, accuracy.high) == pytest.approx((0.194120, 0.993691), abs=1e-6)
    assert ATTACK.facts((accuracy,)) == {"test_accuracy_ppm": 750_000, "test_rows": 4}


def test_calibration_error_is_the_mean_gap_of_confidence_and_accuracy() -> None:
    confidence = np.array([0.95, 0.95, 0.95, 0.95, 0.55, 0.55])
    right = np.array([True, True, True, False, True, True])
    by_hand = (4 * abs(0.95 - 0.75) + 2 * abs(0.55 - 1)) / 6
    assert calibration_error(confidence, right) == pytest.approx(by_hand)
    assert calibration_error(np.ones(3), np.ones(3, bool)) == 0


def test_a_calibrated_model_has_almost_no_calibration_error() -> None:
    measured = performance(calibrated(20_000))
    assert measured[1].value < 0.015
    assert list(ATTACK.risks(measured)) == []


def test_a_model_too_sure_of_itself_is_a_risk() -> None:
    measured = performance(calibrated(4000, confident=0.2))
    assert measured[1].value == pytest.approx(0.16, abs=0.03)  # cut off at certainty
    (risk,) = ATTACK.risks(measured)
    assert risk.measurement is measured[1]


def test_the_interval_holds_the_value_and_is_repeated_by_its_seed() -> None:
    data = calibrated(300)
    once, again, other = performance(data), performance(data), performance(data, seed=1)
    assert once == again
    assert once[1].low <= once[1].value <= once[1].high
    assert (other[1].value, other[1].low) != (once[1].value, once[1].low)


def test_it_needs_test_rows() -> None:
    model = samples.Answering(told)
    data = calibrated(10)
    assert ATTACK.applies(samples.context(model, data, data)) is None
    assert "--test" in (ATTACK.applies(samples.context(model, data, None)) or "")
    assert ATTACK.facts(()) == {}


def test_a_model_that_counts_is_asked_about_no_more_rows_than_it_gives() -> None:
    class Counting(samples.Answering):
        left = 5

    given = samples.context(Counting(told), None, calibrated(50))
    found = [m for m in ATTACK.run(given) if isinstance(m, Measurement)]
    assert {m.n for m in found} == {5}
    assert all("on some of 50 rows" in m.note for m in found)
    assert all(not m.note for m in performance(calibrated(50)))


def test_a_model_that_always_answers_one_class_and_rows_of_one_class_say_nothing() -> None:
    mixed = samples.table(np.array([[0.9], [0.8], [0.7]]), [1, 0, 1])
    context = samples.context(samples.Answering(told), None, mixed)
    with pytest.raises(InputError, match="answers '1' for all 3 test rows"):
        require_contrast(context, mixed)
    single = samples.table(np.array([[0.9], [0.2]]), [1, 1])
    with pytest.raises(InputError, match="all 2 test rows are labelled '1'"):
        require_contrast(samples.context(samples.Answering(told), None, single), single)
    both = samples.table(np.array([[0.9], [0.2]]), [0, 1])
    require_contrast(samples.context(samples.Answering(told), None, both), both)
