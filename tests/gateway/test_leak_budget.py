"""The budget books bits of new answers, steps down the ladder, and ends."""

from __future__ import annotations

import numpy as np

from modelkeep.gateway.interface import Answer, Call, Principal
from modelkeep.gateway.leak_budget import LeakBudget
from modelkeep.gateway.repeats import OFTEN, Repeats

WHO = Principal("a", "t", frozenset(), frozenset())


def call(value: float) -> Call:
    return Call(WHO, "m", {"x": np.full((1, 2), value, np.float32)}, 1, "")


def test_ladder_goes_down_with_every_bit_and_ends_in_refusal() -> None:
    budget, steps = LeakBudget(8.0), []
    for _ in range(8):
        asked = call(0.0)
        assert budget.before(asked).choice != "refuse"
        steps.append(asked.step)
        budget.after(asked, Answer({"p": np.array([[0.5, 0.5]])}, "p"))  # one bit
    assert steps == [0, 0, 1, 1, 2, 2, 3, 3]
    assert budget.before(call(0.0)).choice == "refuse"


def test_sure_answers_cost_little_and_repeats_nothing() -> None:
    budget, repeats = LeakBudget(8.0), Repeats()
    for value in (1.0, 1.0, 1.0):
        asked = call(value)
        repeats.before(asked)
        budget.after(asked, Answer({"p": np.array([[1.0, 0.0]])}, "p"))
    assert 0 < budget.share("a") < 0.01


def test_one_row_asked_again_and_again_is_named() -> None:
    repeats = Repeats()
    choices = [repeats.before(call(1.0)).choice for _ in range(OFTEN)]
    assert choices == ["allow"] * (OFTEN - 1) + ["step-up"]
    assert repeats.before(call(2.0)).choice == "allow"
