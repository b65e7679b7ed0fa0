"""Judge of gradient masking: what hides a gradient is flagged and attacked past."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

import digit_networks
import model_samples as samples
from modelkeep.assess import Context
from modelkeep.assess.interface import by_name
from modelkeep.assess.masking import ATTACK, INDICATORS, Probe, judge
from modelkeep.core import Measurement, NotChecked
from modelkeep.models.torch_module import TorchModel

NO, YES = np.zeros(10, dtype=bool), np.ones(10, dtype=bool)
HONEST = Probe(
    dead=NO,
    varies=False,
    probabilities=False,
    one_step=NO,
    entropy=YES,
    margin=YES,
    unbounded=YES,
    black_box=NO,
    passes=1,
)
Answer = Callable[[torch.Tensor], torch.Tensor]


class Masked(torch.nn.Module):
    """An honest network between two steps."""

    def __init__(self, before: Answer, after: Answer) -> None:
        super().__init__()
        self.body = digit_networks.network(planted=False).module
        self.before, self.after = before, after

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Logits, more or less."""
        return self.after(self.body(self.before(rows)))


def same(values: torch.Tensor) -> torch.Tensor:
    return values


MASKERS: dict[str, tuple[Answer, Answer]] = {
    "scaled logits": (same, lambda z: 300 * z),
    "rounding": (lambda x: torch.round(x * 4) / 4, same),
    "outside torch": (lambda x: torch.from_numpy(x.detach().numpy() * 1.0), same),
    "noise": (lambda x: x + 0.1 * torch.randn_like(x), same),
    "saturated": (same, lambda z: torch.softmax(20 * z, 1)),
}


def context(module: torch.nn.Module, **more: object) -> Context:
    given = {"epsilon_linf": 0.2} | more
    return samples.context(TorchModel(module), None, digit_networks.data(), **given)


def measured(given: Context) -> tuple[Measurement, ...]:
    found = tuple(ATTACK.run(given))
    assert all(isinstance(outcome, Measurement) for outcome in found)
    return tuple(outcome for outcome in found if isinstance(outcome, Measurement))


@pytest.mark.parametrize("name", MASKERS)
def test_a_hidden_gradient_is_flagged_and_what_stands_is_not_trusted(name: str) -> None:
    found = measured(context(Masked(*MASKERS[name])))
    assert ATTACK.facts(found) == {"gradient_masking_suspected": True}
    (risk,) = ATTACK.risks(found)
    assert "cannot be believed" in risk.title
    left = by_name(found, "masked_robust_accuracy")
    assert left is not None
    assert "NOT trusted" in left.note
    assert left.attacker is not None
    assert left.value < 0.9, "points fall once the step is gone around"


def test_an_honest_network_is_not_flagged() -> None:
    found = measured(context(digit_networks.network(planted=False).module))
    assert [m.name for m in found] == ["masking_indicators"]
    assert ATTACK.facts(found) == {"gradient_masking_suspected": False}
    assert list(ATTACK.risks(found)) == []
    assert found[0].budget["passes"] < 0.05 * 6160


def test_the_attack_past_rounding_breaks_what_gradients_do_not() -> None:
    module = Masked(*MASKERS["rounding"])
    found = measured(context(module))
    left = by_name(found, "masked_robust_accuracy")
    assert left is not None
    assert left.value < 0.3


def test_a_model_that_answers_at_random_repeats_itself_by_the_seed() -> None:
    given = context(Masked(*MASKERS["noise"]))
    state = torch.get_rng_state()
    assert list(ATTACK.run(given)) == list(ATTACK.run(given))
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"dead": YES}, "no gradient on 100%"),
        ({"unbounded": NO}, "unbounded"),
        ({"black_box": YES, "margin": NO, "entropy": NO}, "black-box"),
        ({"one_step": YES, "margin": NO, "entropy": NO}, "one step"),
        ({"entropy": NO}, "the margin breaks 100%"),
        ({"varies": True}, "vary"),
        ({"probabilities": True}, "probabilities"),
    ],
)
def test_each_indicator_fires_for_what_it_stands_for(
    changed: dict[str, object], said: str
) -> None:
    assert judge(HONEST) == ()
    (text,) = judge(replace(HONEST, **changed))  # type: ignore[arg-type]
    assert said in text
    assert len(INDICATORS) == 7


def test_it_needs_rows_a_gradient_and_right_answers() -> None:
    model = samples.Answering(lambda rows: np.full((len(rows), 10), 0.1))
    data = digit_networks.data()
    assert ATTACK.applies(samples.context(model, None, data)) is not None
    honest = digit_networks.network(planted=False)
    assert ATTACK.applies(samples.context(honest, None, None)) is not None
    wrong = TorchModel(Masked(same, lambda z: z.roll(1, 1)))
    (outcome,) = ATTACK.run(samples.context(wrong, None, data))
    assert isinstance(outcome, NotChecked)
