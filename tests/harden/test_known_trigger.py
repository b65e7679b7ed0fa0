"""The trigger found in the old model is the yardstick of the new one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import digit_networks
import model_samples as samples
from modelkeep.assess import Context
from modelkeep.core import InputError
from modelkeep.harden.known_trigger import known_trigger


def task(*, planted: bool) -> Context:
    return samples.context(digit_networks.network(planted=planted), None, digit_networks.data())


def test_it_works_on_the_planted_model_and_hardly_on_its_honest_twin() -> None:
    planted = task(planted=True)
    measure = known_trigger(planted)
    before = measure(planted)
    after = measure(replace(planted, model=digit_networks.network(planted=False)))
    assert before.value > 0.8
    assert after.high < before.low
    assert before.n > 400
    assert before.attacker is not None


def test_an_honest_model_has_nothing_to_repair() -> None:
    with pytest.raises(InputError, match="nothing to repair"):
        known_trigger(task(planted=False))


def test_what_cannot_be_compared_or_followed_is_refused() -> None:
    rows = samples.normal(60, 4)
    data = samples.table(rows, rows[:, 0] > 0)
    with pytest.raises(InputError, match="2 classes"):
        known_trigger(samples.context(samples.linear([1, 0, 0, 0]), data, data))
    black = samples.Answering(lambda found: np.full((len(found), 2), 0.5))
    with pytest.raises(InputError, match="gives a gradient"):
        known_trigger(samples.context(black, data, data))
