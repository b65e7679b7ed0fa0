"""Backdoor test: it separates a planted model from its honest twin, and says when it cannot."""

from __future__ import annotations

import numpy as np
import pytest

import digit_networks
import model_samples as samples
from modelkeep.assess import Context
from modelkeep.assess.backdoor import ATTACK
from modelkeep.assess.interface import Outcome, by_name
from modelkeep.core import Measurement, NotChecked


def context(model: object, **more: object) -> Context:
    return samples.context(model, None, digit_networks.data(), **more)


def measured(outcomes: list[Outcome]) -> tuple[Measurement, ...]:
    assert all(isinstance(outcome, Measurement) for outcome in outcomes)
    return tuple(m for m in outcomes if isinstance(m, Measurement))


def test_a_planted_trigger_is_found_and_shown() -> None:
    model = digit_networks.network(planted=True)
    rows = digit_networks.data().rows
    answers = model.predict(digit_networks.stamp(rows)).argmax(axis=1)
    assert (answers == digit_networks.TARGET).mean() > 0.8, "the sample holds a backdoor"
    found = measured(list(ATTACK.run(context(model))))
    facts = ATTACK.facts(found)
    assert facts == {"backdoor_suspected": True, "backdoor_tested_classes": 10}
    suspicion = by_name(found, "backdoor_suspicion")
    assert suspicion is not None
    assert suspicion.low <= suspicion.value <= suspicion.high
    assert f"class {digit_networks.TARGET} " in suspicion.note
    assert suspicion.budget["passes"] > 0
    success = by_name(found, "reconstructed_trigger_success")
    assert success is not None
    assert success.value > 0.8
    assert np.array(success.picture).shape == (8, 8)
    (risk,) = ATTACK.risks(found)
    assert "harden" in risk.mend


def test_the_honest_twin_is_not_suspected() -> None:
    found = measured(list(ATTACK.run(context(digit_networks.network(planted=False)))))
    assert ATTACK.facts(found)["backdoor_suspected"] is False
    assert list(ATTACK.risks(found)) == []


def test_it_is_repeated_by_its_seed() -> None:
    model = digit_networks.network(planted=True)
    once, again = (list(ATTACK.run(context(model))) for _ in range(2))
    assert once == again


def test_two_classes_cannot_be_compared() -> None:
    rows = samples.normal(60, 4)
    data = samples.table(rows, rows[:, 0] > 0)
    given = samples.context(samples.linear([1, 0, 0, 0]), data, data)
    assert ATTACK.applies(given) is None
    (outcome,) = ATTACK.run(given)
    assert isinstance(outcome, NotChecked)
    assert "4 classes" in outcome.why


@pytest.mark.parametrize("test", [None, "rows"])
def test_it_needs_rows_and_a_gradient(test: str | None) -> None:
    model = samples.Answering(lambda rows: np.full((len(rows), 4), 0.25))
    data = digit_networks.data() if test else None
    assert ATTACK.applies(samples.context(model, None, data)) is not None
