"""Unlearning: the true trigger, which the repair never sees, stops working."""

from __future__ import annotations

import functools

import numpy as np
import pytest

import digit_networks
import model_samples as samples
from modelkeep.assess import Context, attacks
from modelkeep.assess.backdoor import STEPS
from modelkeep.harden import Effort, Hardened, harden, trigger_unlearning
from modelkeep.models import Dataset, Model

EFFORT = Effort(5)


def task(*, planted: bool, **more: object) -> Context:
    rows, labels = (part[:1300] for part in digit_networks.images())
    train = Dataset(samples.ANY_SUBJECT, rows, labels.astype(str), (), "image")
    model = digit_networks.network(planted=planted)
    return samples.context(model, train, digit_networks.data(), **more)


def success(model: Model) -> float:
    """Share of rows of other classes that the true trigger sends to its class."""
    data = digit_networks.data()
    others = data.rows[data.labels != str(digit_networks.TARGET)]
    answers = model.predict(digit_networks.stamp(others)).argmax(axis=1)
    return float((answers == digit_networks.TARGET).mean())


def accuracy(model: Model) -> float:
    data = digit_networks.data()
    return float((model.predict(data.rows).argmax(axis=1) == data.labels.astype(int)).mean())


@functools.cache
def repaired() -> Hardened:
    return harden(task(planted=True), trigger_unlearning.DEFENCE, EFFORT, attacks())


@pytest.mark.slow
def test_the_true_trigger_fails_and_accuracy_stays() -> None:
    old = digit_networks.network(planted=True)
    assert success(old) > 0.8
    assert success(repaired().model) <= 0.05
    assert accuracy(repaired().model) >= accuracy(old) - 0.02


@pytest.mark.slow
def test_the_gain_is_measured_with_the_found_trigger_and_a_fresh_search() -> None:
    done = repaired()
    assert done.gained
    before, after = ({m.name: m for m in made} for made in (done.before, done.after))
    assert before["known_trigger_success"].value > 0.8
    assert after["known_trigger_success"].value <= 0.05
    assert before["known_trigger_success"].method == after["known_trigger_success"].method
    assert f"class {digit_networks.TARGET}" in before["known_trigger_success"].method
    assert after["backdoor_suspicion"].value < before["backdoor_suspicion"].value
    assert any("free of the trigger" in note for note in done.notes)


def test_the_old_model_stays_as_it_was_and_the_seed_decides(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(STEPS, "quick", 5)  # how well triggers are found does not matter here
    given = task(planted=True, seed=3)
    small = given.train.take(np.arange(60)) if given.train is not None else None
    given = samples.context(given.model, small, given.test, seed=3)
    old = given.model.predict(digit_networks.data().rows)
    once, again = (trigger_unlearning.run(given, Effort(1)) for _ in range(2))
    rows = digit_networks.data().rows
    np.testing.assert_array_equal(given.model.predict(rows), old)
    np.testing.assert_array_equal(once.predict(rows), again.predict(rows))
    assert not np.array_equal(once.predict(rows), old)


def test_it_says_what_is_missing() -> None:
    why = trigger_unlearning.why_not_repairable
    given = task(planted=True)
    assert why(given) is None
    assert "--data" in (why(samples.context(given.model, None, given.test)) or "")
    few = given.test.take(np.arange(5)) if given.test is not None else None
    assert "fewer" in (why(samples.context(given.model, few, given.test)) or "")
    black = samples.Answering(lambda rows: np.full((len(rows), 10), 0.1))
    assert "gradient" in (why(samples.context(black, given.train, given.test)) or "")
