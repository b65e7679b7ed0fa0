from __future__ import annotations

import numpy as np
import pytest

import digit_networks
from model_samples import Answering, context, normal, table, two_classes
from modelkeep.assess import assess_model, backdoor
from modelkeep.assess.explanation.trigger_attribution import ATTACK
from modelkeep.core import Measurement


def measured(*, planted: bool) -> tuple[Measurement, ...]:
    given = context(digit_networks.network(planted=planted), None, digit_networks.data())
    result = assess_model(given, (backdoor.ATTACK, ATTACK))
    return result.measurements["explanation"]


@pytest.mark.slow
def test_a_planted_trigger_draws_the_attribution_to_itself() -> None:
    (found,) = measured(planted=True)
    assert found.name == "trigger_attribution"
    assert found.low <= found.value <= found.high
    assert found.value > 0.35
    assert "class 6" in found.method
    assert found.picture == ()
    covers = float(found.note.split("it covers ")[1].split("%")[0]) / 100
    assert found.value > 3 * covers


def test_it_comes_after_the_backdoor_test_and_says_so() -> None:
    given = context(digit_networks.network(planted=False), None, digit_networks.data())
    assert ATTACK.applies(given) == (
        "no trigger was reconstructed in this run (the backdoor test comes first)"
    )
    data = table(normal(20, 2), [0, 1] * 10)
    black_box = context(
        Answering(lambda rows: two_classes(np.full(len(rows), 0.5))), None, data
    )
    assert ATTACK.applies(black_box) == "the model gives no gradient"
    assert "--test" in (ATTACK.applies(context(given.model, None, None)) or "")


def test_nothing_is_left_over_from_another_model() -> None:
    given = context(digit_networks.network(planted=False), None, digit_networks.data())
    given.handed["backdoor"] = object()
    (missed,) = assess_model(given, (ATTACK,)).not_checked
    assert "no trigger was reconstructed" in missed.why
